import { assert, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { fuzzRuns } from "../../tests/fuzz_runs.ts";
import { NdjsonReader, type Read } from "./ndjson_reader.ts";

const utf8 = new TextEncoder();
const LINE_BYTES_MAX = 150;

const SAMPLE = [
  '{"taba":2,"client":"web-17","sender":"agent-5f0c","seq":1207,"low":1204,"sent":1763890000.5}\r',
  '{"tab":"winning_bid_price","events":[[1763890000.123,3.25],[null,1.5],[2]]}',
  "",
  '{"tab":"build","type":"Gauge","events":[[1763890000.1,"2.4.1 é"]]}\r',
  " \t\r",
  '{"client":"web-18","tab":"bids_won","n":48211,"state":[1]}',
  '{"tab":"bids_won","n":2,"v":1,"state":"AQIDBA=="}',
  "nonsense",
  `{"tab":"${"long".repeat(50)}"}`,
  '{"tab":"a b","events":[]}',
  '{"tab":"last","events":[]}',
].join("\n");

/** An item as plain values that outlive the next one. */
function kept(read: Read): unknown {
  if (read.kind === "refused") return [read.number, read.refusal.code];
  if (read.kind === "body_refused") return read.refusal.message;
  if (read.kind === "header") return read.header;
  const { payload, ...names } = read.line;
  if (payload.kind !== "numbers") return { ...names, payload: structuredClone(payload) };
  const { count, times, values } = payload;
  return { ...names, times: [...times.slice(0, count)], values: [...values.slice(0, count)] };
}

/** All that a body holds, if it comes in pieces that end at `cuts`. */
function readAll(body: string | Uint8Array, cuts: readonly number[] = []): unknown[] {
  const bytes = typeof body === "string" ? utf8.encode(body) : body;
  const reader = new NdjsonReader({ lineBytesMax: LINE_BYTES_MAX });
  const found: unknown[] = [];
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    for (const read of reader.push(bytes.subarray(start, end))) found.push(kept(read));
    start = end;
  }
  for (const read of reader.end()) found.push(kept(read));
  return found;
}

const SAMPLE_READ = [
  { client: "web-17", id: { sender: "agent-5f0c", seq: 1207, low: 1204 }, sent: 1763890000.5 },
  {
    number: 2,
    tab: "winning_bid_price",
    client: "web-17",
    type: "CounterGroup",
    times: [1763890000.123, NaN, NaN],
    values: [3.25, 1.5, 2],
  },
  {
    number: 4,
    tab: "build",
    client: "web-17",
    type: "Gauge",
    payload: { kind: "json", times: [1763890000.1], values: ["2.4.1 é"] },
  },
  {
    number: 6,
    tab: "bids_won",
    client: "web-18",
    type: "CounterGroup",
    payload: { kind: "state", encoded: [1], version: 0, count: 48211 },
  },
  {
    number: 7,
    tab: "bids_won",
    client: "web-17",
    type: "CounterGroup",
    payload: { kind: "state", encoded: new Uint8Array([1, 2, 3, 4]), version: 1, count: 2 },
  },
  [8, "line_malformed"],
  [9, "line_too_long"],
  [10, "tab_illegal"],
  { number: 11, tab: "last", client: "web-17", type: "CounterGroup", times: [], values: [] },
];

Deno.test("NdjsonReader: gives header, lines and refusals in order, numbered as they stand in the body", () => {
  assertEquals(readAll(SAMPLE), SAMPLE_READ);
  assertEquals(readAll(`${SAMPLE}\n`), SAMPLE_READ);
});

Deno.test("NdjsonReader: gives the same however the body is cut", () => {
  const bytes = utf8.encode(SAMPLE);
  for (let at = 0; at <= bytes.length; at++) {
    assertEquals(readAll(bytes, [at]), SAMPLE_READ, `cut at ${at}`);
  }
  for (let size = 1; size < 40; size++) {
    const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => (index + 1) * size);
    assertEquals(readAll(bytes, cuts), SAMPLE_READ, `chunks of ${size}`);
  }
});

Deno.test("NdjsonReader: takes a byte order mark at the beginning, and no other", () => {
  assertEquals(readAll(`\ufeff${SAMPLE}`), SAMPLE_READ);
  assertEquals(readAll(`\ufeff${SAMPLE}`, [1, 2, 3, 4]), SAMPLE_READ);
  assertEquals(readAll(`\n\ufeff{"tab":"t","events":[]}`), [[2, "line_malformed"]]);
});

Deno.test("NdjsonReader: gives nothing for a body without lines", () => {
  for (const body of ["", "\n", "\r\n \n\t", "\ufeff"]) assertEquals(readAll(body), []);
});

Deno.test("NdjsonReader: needs no header", () => {
  const [line] = readAll('{"tab":"t","events":[[1,2]]}');
  assertEquals(line, { number: 1, tab: "t", client: "unknown", type: "CounterGroup", times: [1], values: [2] });
});

Deno.test("NdjsonReader: takes a header on the first line that is not blank, and no later", () => {
  assertEquals(readAll('\n\n{"client":"a"}\n{"client":"b"}'), [{ client: "a" }, [4, "tab_illegal"]]);
  assertEquals(readAll('nonsense\n{"client":"b"}'), [[1, "line_malformed"], [2, "tab_illegal"]]);
  assertEquals(readAll(`${"x".repeat(LINE_BYTES_MAX + 1)}\n{"client":"b"}`), [[1, "line_too_long"], [
    2,
    "tab_illegal",
  ]]);
});

Deno.test("NdjsonReader: refuses the whole body for a header that can't be relied on", () => {
  const headers = ['{"taba":1}', '{"sender":"a"}', '{"sender":"a","seq":1', '{"taba":2,"cleint":"a"}'];
  for (const header of headers) {
    const found = readAll(`${header}\n{"tab":"t","events":[]}\nnonsense\n{"tab":"t","events":[]}`);
    assertEquals(found.length, 1, header);
    assertMatch(String(found[0]), /^cannot take the body as its header/);
  }
});

Deno.test("NdjsonReader: refuses a bad first line alone where it was not meant as a header", () => {
  const good = { number: 2, tab: "t", client: "unknown", type: "CounterGroup", times: [], values: [] };
  for (const first of ["nonsense", "[]", "{}", '{"foo":1}', '{"tab":"t","seq":1,', '{"client":"a","events":[]}']) {
    const [refused, line] = readAll(`${first}\n{"tab":"t","events":[]}`);
    assert(Array.isArray(refused) && refused[0] === 1, first);
    assertEquals(line, good);
  }
});

Deno.test("NdjsonReader: refuses invalid UTF-8 by number, in the first line too", () => {
  const invalid = new Uint8Array([...utf8.encode('{"tab":"t","events":[[1,"'), 0xc3, ...utf8.encode('"]]}\n')]);
  assertEquals(readAll(new Uint8Array([...invalid, ...invalid])), [[1, "line_malformed"], [2, "line_malformed"]]);
});

/** Lines of the body that are not blank, by a stupid way to count them. */
function linesOf(bytes: Uint8Array): number {
  const lines = new TextDecoder("latin1").decode(bytes).replace(/^\u00ef\u00bb\u00bf/, "").split("\n");
  return lines.filter((line) => !/^[ \t\r]*$/.test(line)).length;
}

function assertAddsUp(bytes: Uint8Array, cuts: readonly number[]): void {
  const found = readAll(bytes, cuts);
  const last = found.at(-1);
  if (typeof last === "string") assertEquals(found.length, 1, "nothing but the refusal of the body");
  else assertEquals(found.length, linesOf(bytes));
}

const cutsOf = (max: number) =>
  fc.array(fc.nat(max), { maxLength: 5 }).map((places) => places.toSorted((a, b) => a - b));

Deno.test("NdjsonReader: answers each line of any bytes", () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(...utf8.encode('\n\r {}[]":,tabevnts01')));
  const bytes = fc.array(byte, { maxLength: 60 }).map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(bytes, cutsOf(60), (body, cuts) => assertAddsUp(body, cuts.filter((at) => at <= body.length))),
    { seed: 1, numRuns: fuzzRuns(10_000) },
  );
});

Deno.test("NdjsonReader: answers each line of a body with a few bytes changed, missing or doubled", () => {
  const sample = utf8.encode(SAMPLE);
  const edit = fc.record({
    at: fc.nat(sample.length - 1),
    removed: fc.nat(3),
    inserted: fc.array(fc.oneof(fc.nat(255), fc.constantFrom(...sample)), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      cutsOf(Math.floor(sample.length / 2)),
      (edits, cuts) => {
        const bytes = [...sample];
        for (const { at, removed, inserted } of edits) bytes.splice(at, removed, ...inserted);
        assertAddsUp(Uint8Array.from(bytes), cuts);
      },
    ),
    { seed: 2, numRuns: fuzzRuns(4000) },
  );
});
