import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { LineSplitter } from "./line_splitter.ts";

const LINE_BYTES_MAX = 8;

/** Each line with its number; undefined for one that is too long. */
type Lines = (readonly [number: number, text: string | undefined])[];

function split(chunks: readonly Uint8Array[]): Lines {
  const lines = new LineSplitter(LINE_BYTES_MAX);
  const found: Lines = [];
  const take = () => {
    while (lines.next()) {
      const { number, bytes, start, end, isTooLong } = lines;
      if (!isTooLong) assertEquals(bytes[end], 0x0a, "a newline stands behind each line");
      found.push([number, isTooLong ? undefined : new TextDecoder().decode(bytes.subarray(start, end))]);
    }
  };
  for (const chunk of chunks) {
    lines.feed(chunk);
    take();
  }
  lines.finish();
  take();
  return found;
}

/** The dumb model: the whole text at once. */
function model(text: string): Lines {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => [index + 1, line.length > LINE_BYTES_MAX ? undefined : line] as const);
}

Deno.test("LineSplitter: gives the same lines however the bytes are cut", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "\r", " "), maxLength: 12 });
  const cuts = fc.array(fc.nat(80), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), cuts, (texts, isEnded, at) => {
      const text = texts.join("\n") + (isEnded ? "\n" : "");
      const bytes = new TextEncoder().encode(text);
      const places = [0, ...at.toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      assertEquals(split(chunks), model(text));
      assertEquals(split([...bytes].map((byte) => Uint8Array.of(byte))), model(text));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

Deno.test("LineSplitter: takes a line of the limit and none longer, with and without its newline", () => {
  const fits = "x".repeat(LINE_BYTES_MAX);
  assertEquals(split([new TextEncoder().encode(`${fits}\n${fits}y\n${fits}`)]), [[1, fits], [2, undefined], [3, fits]]);
  assertEquals(split([new TextEncoder().encode(`${fits}y`)]), [[1, undefined]]);
});

Deno.test("LineSplitter: holds no more than the limit of a line without an end", () => {
  const lines = new LineSplitter(LINE_BYTES_MAX);
  const found: boolean[] = [];
  for (let chunk = 0; chunk < 1000; chunk++) {
    lines.feed(new Uint8Array(1024).fill(0x61));
    while (lines.next()) found.push(lines.isTooLong);
    assertEquals(lines.bytes.length <= LINE_BYTES_MAX + 1, true);
  }
  assertEquals(found, [true]);
});
