import { assertEquals, assertRejects } from "@std/assert";
import { printAnswer, printLine, ReaderGone } from "./output.ts";

/** Prints pieces of an answer: what came out, and whether it counts as found. */
async function print(...pieces: string[]): Promise<{ printed: string; isFound: boolean }> {
  let printed = "";
  const chunks = ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
  const isFound = await printAnswer(chunks, (bytes) => {
    printed += new TextDecoder().decode(bytes);
    return Promise.resolve();
  });
  return { printed, isFound };
}

Deno.test("printAnswer: copies what comes, and ends it with one newline", async () => {
  assertEquals(await print("a: 1\n", "b: 2\n"), { printed: "a: 1\nb: 2\n", isFound: true });
  assertEquals(await print('{"a"', ":1}"), { printed: '{"a":1}\n', isFound: true });
});

Deno.test("printAnswer: an empty text, object or list is nothing found, however it is cut and spaced", async () => {
  for (const pieces of [[], [""], ["\n"], ["{}"], ["{", "\n", "}\n"], ["[ ]\n"], ["nu", "ll"]]) {
    assertEquals((await print(...pieces)).isFound, false, JSON.stringify(pieces));
  }
  for (const pieces of [["0"], ["nullable: 1"], ["{", '"', '"', ":1}"], ["[[]]"], ["\n\n", "x"]]) {
    assertEquals((await print(...pieces)).isFound, true, JSON.stringify(pieces));
  }
});

Deno.test("printAnswer: ends quietly, and ends the transfer, where nobody reads any more", async () => {
  let isEnded = false;
  const chunks = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => {
      isEnded = true;
    },
  });
  assertEquals(await printAnswer(chunks, () => Promise.reject(new ReaderGone())), true);
  assertEquals(isEnded, true);
});

Deno.test("printAnswer: other trouble of writing is passed on", async () => {
  const full = () => Promise.reject(new TypeError("disk full"));
  await assertRejects(() => printAnswer(ReadableStream.from([new Uint8Array(1)]), full), TypeError, "disk full");
});

Deno.test("printLine: ends quietly where nobody reads any more", async () => {
  await printLine("recorded 1 event", () => Promise.reject(new ReaderGone()));
});
