import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { fuzzRuns } from "../../tests/fuzz_runs.ts";
import type { Json } from "../event.ts";
import { nameProblem } from "../names.ts";
import { BodyReader } from "./body_reader.ts";
import type { Read } from "./ndjson.ts";
import { ProtocolV1Reader } from "./protocol_v1.ts";

/** One event line of a body and what became of it. */
type Outcome =
  | readonly [number: number, client: string, tab: string, type: string, time: number, value: Json]
  | readonly [number: number, code: string];

const NUMERIC = ["CounterGroup", "PercentileGroup", "PercentileCounter", "TotalsCounter"];
const options = { isNumeric: (type: string) => NUMERIC.includes(type) };
const utf8 = new TextEncoder();

function outcomes(chunks: Iterable<Uint8Array>, reader: ProtocolV1Reader | BodyReader): Outcome[] {
  const found: Outcome[] = [];
  for (const chunk of chunks) take(found, reader.push(chunk));
  take(found, reader.end());
  return found;
}

function take(found: Outcome[], reads: Iterable<Read>): void {
  for (const read of reads) {
    if (read.kind === "refused") found.push([read.number, read.refusal.code]);
    if (read.kind === "body_refused") found.push([0, read.refusal.code]);
    if (read.kind !== "line") continue;
    const { number, lines = 1, client, tab, type, payload } = read.line;
    assert(payload.kind !== "state");
    assertEquals(payload.kind === "numbers" ? payload.count : payload.values.length, lines);
    for (let index = 0; index < lines; index++) {
      found.push([number + index, client, tab, type, payload.times[index], payload.values[index]]);
    }
  }
}

function read(text: string): Outcome[] {
  return outcomes([utf8.encode(text)], new ProtocolV1Reader(options));
}

/** Every type, several clients and tabs, by hand from the format. */
const BODY = `1

web-17

winning_bid_price
["CounterGroup", 1400000000.25, "12.5"]
["CounterGroup", 1400000001, "[-3]"]
["PercentileGroup",1400000002.5,"1e3"]

latency
["PercentileGroup", 1400000000.125, "[0.25]"]
["PercentileCounter", 1400000000.125, "7"]
["TotalsCounter", 1400000000.125, " [ 8 ] "]

build
["Gauge", 1400000000.25, "\\"v2\\""]
["Gauge", 1400000000.25, "7"]


web-18

winning_bid_price
["CounterGroup", 1400000003.75, "0.1"]

session
["ExpiryGauge", 1400000000.25, "[\\"v2\\", 1400003600]"]
["Buffer", 1400000000.25, "[{\\"a\\": [1, null]}, 1400003600]"]
["Buffer", 1400000000.25, "[\\"\\\\u00e9\\\\n\\", 1400003600]"]


`;

const EVENTS: readonly Outcome[] = [
  [6, "web-17", "winning_bid_price", "CounterGroup", 1400000000.25, 12.5],
  [7, "web-17", "winning_bid_price", "CounterGroup", 1400000001, -3],
  [8, "web-17", "winning_bid_price", "PercentileGroup", 1400000002.5, 1000],
  [11, "web-17", "latency", "PercentileGroup", 1400000000.125, 0.25],
  [12, "web-17", "latency", "PercentileCounter", 1400000000.125, 7],
  [13, "web-17", "latency", "TotalsCounter", 1400000000.125, 8],
  [16, "web-17", "build", "Gauge", 1400000000.25, "v2"],
  [17, "web-17", "build", "Gauge", 1400000000.25, 7],
  [23, "web-18", "winning_bid_price", "CounterGroup", 1400000003.75, 0.1],
  [26, "web-18", "session", "ExpiryGauge", 1400000000.25, ["v2", 1400003600]],
  [27, "web-18", "session", "Buffer", 1400000000.25, [{ a: [1, null] }, 1400003600]],
  [28, "web-18", "session", "Buffer", 1400000000.25, ["\u00e9\n", 1400003600]],
];

Deno.test("ProtocolV1Reader: reads every type of several clients", () => {
  assertEquals(read(BODY), EVENTS);
});

Deno.test("ProtocolV1Reader: reads the same wherever the body is cut, with \\r\\n too", () => {
  for (const text of [BODY, BODY.replaceAll("\n", "\r\n")]) {
    const bytes = utf8.encode(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      assertEquals(outcomes(chunks, new ProtocolV1Reader(options)), EVENTS);
      assertEquals(outcomes(chunks, new BodyReader(options)), EVENTS);
    }
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assertEquals(outcomes(single, new BodyReader(options)), EVENTS);
  }
});

Deno.test("ProtocolV1Reader: the last empty lines may be missing, and so may the last newline", () => {
  let text = BODY;
  while (text.endsWith("\n")) {
    text = text.slice(0, -1);
    assertEquals(read(text), EVENTS);
  }
});

Deno.test("ProtocolV1Reader: numeric events of a tab in a row are one line, up to a bound", () => {
  const event = '["CounterGroup", 1400000000, "2"]\n';
  const lines = [...new ProtocolV1Reader(options).push(utf8.encode(`1\n\nc\n\nt\n${event.repeat(10_000)}\n`))]
    .flatMap((found) => found.kind === "line" ? [found.line] : []);
  assertEquals(lines.map(({ number }) => number), [6, 6 + 4096, 6 + 2 * 4096]);
  assertEquals(lines.map(({ lines }) => lines), [4096, 4096, 10_000 - 2 * 4096]);
});

Deno.test("ProtocolV1Reader: a bad event is refused by its line, and costs no other", () => {
  const bad: readonly (readonly [string, string])[] = [
    ["[]", "line_malformed"],
    ["[", "line_malformed"],
    ["garbage", "line_malformed"],
    ['{"tab":"t"}', "line_malformed"],
    ['["CounterGroup", 1400000000]', "line_malformed"],
    ['["CounterGroup", 1400000000, "1", 2]', "line_malformed"],
    ['["CounterGroup", 1400000000, "1"', "line_malformed"],
    ['["CounterGroup", 1400000000, "1"]]', "line_malformed"],
    ['[7, 1400000000, "1"]', "type_unknown"],
    ['["a b", 1400000000, "1"]', "type_unknown"],
    ['["CounterGroup", "1400000000", "1"]', "time_illegal"],
    ['["CounterGroup", 1e999, "1"]', "time_illegal"],
    ['["CounterGroup", 1400000000, 1]', "value_illegal"],
    ['["CounterGroup", 1400000000, ""]', "value_illegal"],
    ['["CounterGroup", 1400000000, "[1"]', "value_illegal"],
    ['["CounterGroup", 1400000000, "1]"]', "value_illegal"],
    ['["CounterGroup", 1400000000, "NaN"]', "value_illegal"],
    ['["CounterGroup", 1400000000, "1e999"]', "value_illegal"],
    ['["CounterGroup", 1400000000, "01"]', "value_illegal"],
    [`["Buffer", 1400000000, "${"[".repeat(100)}${"]".repeat(100)}"]`, "value_illegal"],
  ];
  const good = '["CounterGroup", 1400000000, "2"]\n';
  for (const [line, code] of bad) {
    const counted = (number: number) => [number, "c", "t", "CounterGroup", 1400000000, 2] as const;
    assertEquals(read(`1\n\nc\n\nt\n${good}${line}\n${good}\n`), [counted(6), [7, code], counted(8)], line);
  }
});

Deno.test("ProtocolV1Reader: a value of another kind is left to the type's handler, on a line of its own", () => {
  const body =
    '1\n\nc\n\nt\n["CounterGroup",1,"2"]\n["CounterGroup",1,"\\"a\\""]\n["CounterGroup",1,"[1,2]"]\n["X",1,"[2]"]\n';
  const read = [...new ProtocolV1Reader(options).push(utf8.encode(body))];
  assertEquals(
    read.map((found) => found.kind === "line" && [found.line.number, found.line.payload.kind]),
    [false, [6, "numbers"], [7, "json"], [8, "json"], [9, "json"]],
  );
});

Deno.test("ProtocolV1Reader: the time of an event may be left to the receiver", () => {
  assertEquals(read('1\n\nc\n\nt\n["CounterGroup", null, "2"]\n'), [[6, "c", "t", "CounterGroup", NaN, 2]]);
});

Deno.test("ProtocolV1Reader: events of an illegal name are refused, those of the next one count", () => {
  const event = '["CounterGroup",1,"2"]\n';
  assertEquals(read(`1\n\nc\n\na b\n${event}${event}\nt\n${event}\n\nc d\n\nt\n${event}\n\ne\n\nt\n${event}`), [
    [6, "tab_illegal"],
    [7, "tab_illegal"],
    [10, "c", "t", "CounterGroup", 1, 2],
    [16, "client_illegal"],
    [22, "e", "t", "CounterGroup", 1, 2],
  ]);
});

Deno.test("ProtocolV1Reader: an event out of place counts for no tab", () => {
  const event = '["CounterGroup",1,"2"]\n';
  assertEquals(read(`1\n${event}\nc\n${event}\n${event}t\n${event}\n${event}\n${event}`), [
    [2, "line_malformed"],
    [5, "line_malformed"],
    [7, "line_malformed"],
    [9, "c", "t", "CounterGroup", 1, 2],
    [11, "line_malformed"],
    [13, "line_malformed"],
  ]);
});

Deno.test("ProtocolV1Reader: a line that is too long costs only itself, or the events of what it should name", () => {
  const long = "x".repeat(200);
  const event = '["CounterGroup",1,"2"]\n';
  const text =
    `1\n\nc\n\nt\n["CounterGroup",1,"${long}"]\n${event}\n${long}\n${event}\nt\n${event}\n\n${long}\n\nt\n${event}`;
  assertEquals(outcomes([utf8.encode(text)], new ProtocolV1Reader({ ...options, lineBytesMax: 100 })), [
    [6, "line_too_long"],
    [7, "c", "t", "CounterGroup", 1, 2],
    [9, "line_too_long"],
    [10, "tab_illegal"],
    [13, "c", "t", "CounterGroup", 1, 2],
    [16, "line_too_long"],
    [19, "client_illegal"],
  ]);
});

Deno.test("ProtocolV1Reader: another version refuses the body", () => {
  for (const first of ["2", "", "1 ", "11", "x".repeat(200)]) {
    const reader = new ProtocolV1Reader({ ...options, lineBytesMax: 100 });
    assertEquals(outcomes([utf8.encode(`${first}\n${BODY}`)], reader), [[0, "body_malformed"]]);
  }
});

/** The same by splitting text and asking JSON.parse, one event at a time. */
function model(text: string): Outcome[] {
  const lines = text.split("\n").map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
  if (lines[0] !== "1") return [[0, "body_malformed"]];
  const found: Outcome[] = [];
  let expected = "client";
  let client = "";
  let tab = "";
  lines.slice(1).forEach((line, index) => {
    const number = index + 2;
    const isLast = number === lines.length;
    if (isLast && line === "") return;
    if (line.startsWith("[") && expected !== "event") found.push([number, "line_malformed"]);
    else if (line.startsWith("[")) found.push([number, ...modelEvent(line, { client, tab })]);
    else if (line === "") expected = expected === "tab" || expected === "client" ? "client" : "tab";
    else if (expected === "event") found.push([number, "line_malformed"]);
    else if (expected === "client") [client, expected] = [line, "empty"];
    else [tab, expected] = [line, "event"];
  });
  return found;
}

function modelEvent(line: string, { client, tab }: { readonly client: string; readonly tab: string }) {
  if (nameProblem(client) !== undefined) return ["client_illegal"] as const;
  if (nameProblem(tab) !== undefined) return ["tab_illegal"] as const;
  try {
    const [type, time, payload, ...more] = JSON.parse(line);
    if (payload === undefined || more.length > 0) return ["line_malformed"] as const;
    if (nameProblem(type) !== undefined) return ["type_unknown"] as const;
    if (time !== null && !Number.isFinite(time)) return ["time_illegal"] as const;
    try {
      const value = JSON.parse(typeof payload === "string" ? payload : "");
      const isWrapped = Array.isArray(value) && value.length === 1 && typeof value[0] === "number";
      return [client, tab, type, time ?? NaN, isWrapped && NUMERIC.includes(type) ? value[0] : value] as const;
    } catch {
      return ["value_illegal"] as const;
    }
  } catch {
    return ["line_malformed"] as const;
  }
}

Deno.test("ProtocolV1Reader: reads what a simple reader reads, whatever the lines and the chunks", () => {
  const payload = fc.oneof(
    fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => JSON.stringify(value)),
    fc.integer().map((value) => `[${value}]`),
    fc.constantFrom(
      '"v2"',
      '["v2",1400003600]',
      "1.50",
      "-0",
      "1E5",
      "[1,2]",
      "[]",
      "[[1]]",
      "",
      "x",
      "1e",
      "[1",
      "- 1",
    ),
  );
  const event = fc.tuple(
    fc.constantFrom(...NUMERIC, "Gauge", "Buffer", "a b", ""),
    fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.constantFrom("null", "{}", "1."),
    ),
    payload.map((text) => JSON.stringify(text)),
    fc.constantFrom(", ", ",", " , ", ",\t"),
  ).map(([type, time, text, comma]) => `[${JSON.stringify(type)}${comma}${time}${comma}${text}]`);
  const line = fc.oneof(
    { weight: 6, arbitrary: event },
    { weight: 3, arbitrary: fc.constant("") },
    {
      weight: 3,
      arbitrary: fc.constantFrom("web-1", "bids", "a b", "t;k=v", "\u00e9", "[", '["CounterGroup",1,"2" ]'),
    },
    {
      weight: 1,
      arbitrary: fc.string({ unit: "binary-ascii", maxLength: 12 }).map((text) => text.replaceAll(/[\n\r]/g, " ")),
    },
  );
  const body = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 40 })
    .map((lines) => `1\n\nc\n\nt\n${lines.map(([text, end]) => text + end).join("")}`);
  fc.assert(
    fc.property(body, fc.array(fc.nat({ max: 600 }), { maxLength: 5 }), (text, cuts) => {
      const bytes = utf8.encode(text);
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length].map((cut) => Math.min(cut, bytes.length));
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      assertEquals(outcomes(chunks, new BodyReader(options)), model(text));
    }),
    { numRuns: fuzzRuns(3000), seed: 4 },
  );
});

Deno.test("ProtocolV1Reader: counts or refuses each event of a body with bytes changed, missing or doubled", () => {
  const sample = utf8.encode(BODY);
  const edit = fc.record({
    at: fc.nat(sample.length - 1),
    removed: fc.nat(3),
    inserted: fc.array(fc.oneof(fc.nat(255), fc.constantFrom(...sample)), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(sample.length), (edits, cut) => {
      const bytes = [...sample];
      for (const { at, removed, inserted } of edits) bytes.splice(at, removed, ...inserted);
      const body = Uint8Array.from(bytes);
      const found = outcomes([body.subarray(0, cut), body.subarray(cut)], new ProtocolV1Reader(options));
      if (found[0]?.[0] === 0) return assertEquals(found, [[0, "body_malformed"]]);
      const lines = new TextDecoder("latin1").decode(body).split("\n");
      const isEvent = ([number]: Outcome) => lines[number - 1].startsWith("[");
      const refused = found.filter((outcome) => outcome.length === 2 && isEvent(outcome)).length;
      const counted = found.filter((outcome) => outcome.length > 2).length;
      assertEquals(counted + refused, lines.filter((line) => line.startsWith("[")).length);
      assertEquals(new Set(found.map(([number]) => number)).size, found.length);
    }),
    { numRuns: fuzzRuns(3000), seed: 6 },
  );
});
