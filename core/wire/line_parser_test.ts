import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Line } from "../event.ts";
import { limits } from "../limits.ts";
import type { LineRefusal, Result } from "../refusal.ts";
import { Base64Decoder } from "./base64.ts";
import { Columns } from "./columns.ts";
import { parseLine, parseObject } from "./line_parser.ts";

function parse(text: string | Uint8Array<ArrayBuffer>): Result<Line, LineRefusal> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const object = parseObject(bytes);
  const place = { number: 1, client: "host", columns: new Columns(), base64: new Base64Decoder() };
  return object.ok ? parseLine(object.value, place) : object;
}

function assertRefused(text: string, code: LineRefusal["code"], message: RegExp): void {
  const line = parse(text);
  assert(!line.ok, text);
  assertEquals(line.refusal.code, code, text);
  assertMatch(line.refusal.message, message, text);
  assertMatch(line.refusal.message, /^cannot take the line as it/);
}

function payloadOf(text: string): unknown {
  const line = parse(text);
  assert(line.ok, text);
  const { payload } = line.value;
  if (payload.kind !== "numbers") return payload;
  const { count, times, values } = payload;
  return { times: [...times.slice(0, count)], values: [...values.slice(0, count)] };
}

Deno.test("parseLine: takes tab, type and client, and what stands in for them", () => {
  const full = parse('{"client":"web-18","tab":"bids_won","type":"Gauge","events":[]}');
  assert(full.ok);
  assertEquals([full.value.tab, full.value.type, full.value.client], ["bids_won", "Gauge", "web-18"]);
  const short = parse('{"tab":"bids_won","events":[]}');
  assert(short.ok);
  assertEquals([short.value.tab, short.value.type, short.value.client], ["bids_won", "CounterGroup", "host"]);
});

Deno.test("parseLine: puts numeric events into columns, with NaN where there is no time", () => {
  assertEquals(payloadOf('{"tab":"t","events":[[1.5,-2],[null,3],[4]]}'), {
    times: [1.5, NaN, NaN],
    values: [-2, 3, 4],
  });
  assertEquals(payloadOf('{"tab":"t","events":[]}'), { times: [], values: [] });
});

Deno.test("parseLine: keeps events of which any is no number as JSON", () => {
  assertEquals(payloadOf('{"tab":"t","events":[[1,"a"],[["b",2]],[3,4],[null,null],[{"x":true}]]}'), {
    kind: "json",
    times: [1, NaN, 3, NaN, NaN],
    values: ["a", ["b", 2], 4, null, { x: true }],
  });
});

Deno.test("parseLine: reads two elements as a time and a value, whatever they are", () => {
  assertRefused(
    '{"tab":"t","events":[["v2",1400003600]]}',
    "time_illegal",
    /time 1 must be seconds.*current value is "v2"/,
  );
});

Deno.test("parseLine: takes a State as base64 or as JSON that is no string", () => {
  const bytes = { kind: "state", encoded: new Uint8Array([1, 2, 3, 4]), version: 0, count: 0 };
  assertEquals(payloadOf('{"tab":"t","state":"AQIDBA=="}'), bytes);
  assertEquals(payloadOf('{"tab":"t","n":48211,"v":2,"state":[1,{"a":null}]}'), {
    kind: "state",
    encoded: [1, { a: null }],
    version: 2,
    count: 48211,
  });
});

Deno.test("parseLine: refuses what is no JSON object in UTF-8", () => {
  assertRefused("nonsense", "line_malformed", /must be one JSON object/);
  assertRefused('{"tab":"t","events":[]', "line_malformed", /must be one JSON object/);
  assertRefused('{"tab":"t","events":[]} {}', "line_malformed", /must be one JSON object/);
  for (const text of ["[]", "null", "1", '"text"']) assertRefused(text, "line_malformed", /current value is/);
  const invalid = parse(new Uint8Array([0x22, 0xff, 0x22]));
  assert(!invalid.ok);
  assertMatch(invalid.refusal.message, /must be UTF-8/);
  assertRefused('"\ufffd"', "line_malformed", /current value is/);
});

Deno.test("parseLine: refuses a key that it does not know by name", () => {
  assertRefused('{"tab":"t","event":[]}', "line_malformed", /current keys include "event"/);
  assertRefused('{"tab":"t","events":[],"cleint":"a"}', "line_malformed", /current keys include "cleint"/);
  assertRefused(
    '{"tab":"t","events":[],"__proto__":{"tab":"x"}}',
    "line_malformed",
    /current keys include "__proto__"/,
  );
  assertRefused('{"tab":"t","events":[],"constructor":1}', "line_malformed", /"constructor"/);
});

Deno.test("parseLine: refuses names that are missing or illegal", () => {
  assertRefused("{}", "tab_illegal", /its "tab" must be a string: current value is missing/);
  assertRefused('{"tab":"a b","events":[]}', "tab_illegal", /its "tab" may hold only.*current value is "a b"/);
  assertRefused('{"tab":"t","client":3,"events":[]}', "client_illegal", /its "client" must be a string/);
  assertRefused('{"tab":"t","client":null,"events":[]}', "client_illegal", /current value is null/);
  assertRefused('{"tab":"t","type":"","events":[]}', "type_unknown", /its "type" must have 1 to 256/);
});

Deno.test("parseLine: refuses neither or both of events and state, and n and v without a State", () => {
  assertRefused('{"tab":"t"}', "line_malformed", /it has neither/);
  assertRefused('{"tab":"t","events":[],"state":[]}', "line_malformed", /it has both/);
  assertRefused('{"tab":"t","events":[],"n":0}', "line_malformed", /"n" and "v" with "state" only/);
  assertRefused('{"tab":"t","events":[],"v":0}', "line_malformed", /"n" and "v" with "state" only/);
});

Deno.test("parseLine: refuses events of another form", () => {
  assertRefused('{"tab":"t","events":{}}', "line_malformed", /an array of events: current value is an object/);
  assertRefused('{"tab":"t","events":[3.25]}', "line_malformed", /event 1 is 3.25/);
  assertRefused('{"tab":"t","events":[[1,2],[]]}', "line_malformed", /event 2 is an array/);
  assertRefused('{"tab":"t","events":[[1,2,3]]}', "line_malformed", /event 1 is an array/);
  assertRefused('{"tab":"t","events":[[1,2],["1",2]]}', "time_illegal", /time 2 must be/);
  assertRefused('{"tab":"t","events":[[1e999,2]]}', "time_illegal", /current value is Infinity/);
  assertRefused(
    '{"tab":"t","events":[[1,-1e999]]}',
    "value_illegal",
    /value 1 must be finite: current value is -Infinity/,
  );
  assertRefused('{"tab":"t","events":[[1,["v",1e999]]]}', "value_illegal", /value 1 must be finite/);
});

Deno.test("parseLine: refuses a State of another form", () => {
  assertRefused('{"tab":"t","state":"A"}', "state_illegal", /base64/);
  assertRefused('{"tab":"t","state":[1e999]}', "state_illegal", /must be finite/);
  for (const count of ["-1", "1.5", '"1"', "null", "9007199254740992"]) {
    assertRefused(`{"tab":"t","n":${count},"state":[]}`, "line_malformed", /"n" must be a whole number/);
    assertRefused(`{"tab":"t","v":${count},"state":[]}`, "line_malformed", /"v" must be a whole number/);
  }
});

Deno.test("parseLine: refuses what is nested so deep that recursion over it might fail", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assertEquals(parse(`{"tab":"t","events":[[${nested(limits.jsonDepthMax)}]]}`).ok, true);
  assertRefused(`{"tab":"t","events":[[${nested(limits.jsonDepthMax + 1)}]]}`, "value_illegal", /nested less than/);
  assertRefused(`{"tab":"t","state":${nested(200_000)}}`, "state_illegal", /nested less than/);
  assertRefused(`{"tab":${nested(200_000)}}`, "tab_illegal", /current value is an array/);
});
