import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import type { Line } from "../event.ts";
import { Base64Decoder } from "./base64.ts";
import { Columns } from "./columns.ts";
import { LineScan } from "./line_scan.ts";
import { parseLine, parseObject } from "./line_parser.ts";

const scan = new LineScan();
const columns = new Columns();
const place = { number: 7, client: "host", columns, base64: new Base64Decoder() };

/** A line with its payload copied out of scratch space, so that the next can be read. */
function kept(line: Line): unknown {
  if (line.payload.kind !== "numbers") return structuredClone(line);
  const { count, times, values } = line.payload;
  return { ...line, payload: { count, times: [...times.slice(0, count)], values: [...values.slice(0, count)] } };
}

function scanned(text: Uint8Array): unknown {
  const line = scan.read(new Uint8Array([0x5b, ...text, 0x0a]), { start: 1, end: text.length + 1 }, place);
  return line === undefined ? undefined : kept(line);
}

/** The definition of a line. */
function parsed(text: Uint8Array): unknown {
  const object = parseObject(text);
  const line = object.ok ? parseLine(object.value, place) : object;
  return line.ok ? kept(line.value) : line.refusal.code;
}

function assertSame(text: Uint8Array): boolean {
  const line = scanned(text);
  if (line !== undefined) assertEquals(line, parsed(text), new TextDecoder().decode(text));
  return line !== undefined;
}

/** Mostly what a sender would write, now and then something odd. */
function mostly(usual: fc.Arbitrary<string>, ...odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
}

const space = fc.constantFrom("", "", "", " ", "\t", "\r", "  ");
const name = mostly(
  fc.stringMatching(/^[A-Za-z0-9._~:/?@!$()*+;=-]{1,12}$/).map((text) => `"${text}"`),
  ...['"a b"', '"\\u0061"', '"é"', '""', "3", "null", `"${"x".repeat(257)}"`],
);
const number = mostly(
  fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.integer({ min: -1e9, max: 1e9 }).map((value) => String(value / 1000)),
    fc.constantFrom("0", "-0", "1e3", "1E-7"),
  ),
  ...["1e999", "01", "+1", ".5", "1.", "-", "null", '"x"', "true", "[1]", "nul"],
);
const time = fc.oneof({ weight: 5, arbitrary: number }, { weight: 1, arbitrary: fc.constant("null") });
const event = fc.oneof(
  fc.tuple(space, time, number).map(([blank, ...pair]) => `[${blank}${pair.join(`${blank},${blank}`)}${blank}]`),
  number.map((value) => `[${value}]`),
);
const events = fc.tuple(space, fc.array(event, { maxLength: 4 })).map(([blank, list]) =>
  `"events"${blank}:${blank}[${blank}${list.join(`${blank},`)}${blank}]`
);
const count = mostly(fc.nat().map(String), "-1", "0.5", "1e3", "null", "01", "9007199254740992");
const bytes = mostly(
  fc.uint8Array({ maxLength: 20 }).map((state) => JSON.stringify(state.toBase64())),
  ...['"Zg"', '"Z"', '"Zg ="', '"Z\tg="', '"\\u005ag=="', "[1]", "{}", "null", "3", '"AA'],
);
const state = fc.tuple(fc.option(count), fc.option(count), bytes).map(([n, v, text]) =>
  [...(n === null ? [] : [`"n":${n}`]), ...(v === null ? [] : [`"v":${v}`]), `"state":${text}`].join()
);
const line = fc.record({
  tab: name.map((text) => [`"tab":${text}`]),
  type: fc.oneof(fc.constant([]), name.map((text) => [`"type": ${text}`])),
  client: fc.oneof(fc.constant([]), name.map((text) => [`"client":${text}`])),
  payload: mostly(fc.oneof(events, state), '"x":1', '"events":[],"state":[]').map((text) => [text]),
  more: mostly(fc.constant(""), '"tab":"again"', '"__proto__":1', '"n":1').map((text) => text === "" ? [] : [text]),
  blank: space,
  isReversed: fc.nat(9).map((nth) => nth === 0),
}).map(({ tab, type, client, payload, more, blank, isReversed }) => {
  const fields = [...tab, ...type, ...client, ...payload, ...more];
  return `{${blank}${(isReversed ? fields.reverse() : fields).join(`${blank},${blank}`)}${blank}}${blank}`;
});

Deno.test("LineScan: gives what the parser gives for whatever it takes", () => {
  let taken = 0;
  fc.assert(
    fc.property(line, (text) => {
      if (assertSame(new TextEncoder().encode(text))) taken++;
    }),
    { seed: 1, numRuns: 20_000 },
  );
  assert(taken > 8000, `only ${taken} lines were taken`);
});

const SAMPLES = [
  '{"tab":"winning_bid_price","events":[[1763890000.123,3.25],[1763890000.456,-1.5e3],[null,0],[7]]}',
  '{"tab":"t","type":"PercentileGroup","client":"web-1","events":[[1763890000.1234567,0.30000000000000004]]}',
  '{"tab":"t","type":"CounterGroup","client":"web-1","n":48211,"v":2,"state":"AQIDBA=="}',
  '{ "tab": "t", "events": [ [ 1 , 2 ] , [ 3 ] ] }\r',
  '{"tab":"t","events":[]}',
  '{"tab":"t","state":""}',
];

Deno.test("LineScan: takes the lines that senders write", () => {
  for (const sample of SAMPLES) assert(assertSame(new TextEncoder().encode(sample)), sample);
});

Deno.test("LineScan: gives what the parser gives for lines with any byte changed, missing or doubled", () => {
  const bytes = SAMPLES.map((sample) => new TextEncoder().encode(sample));
  for (const sample of bytes) {
    for (let at = 0; at < sample.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        if (byte !== 0x0a) assertSame(sample.with(at, byte));
      }
      assertSame(new Uint8Array([...sample.subarray(0, at), ...sample.subarray(at + 1)]));
      assertSame(new Uint8Array([...sample.subarray(0, at + 1), ...sample.subarray(at)]));
      assertSame(sample.subarray(0, at));
    }
  }
});

Deno.test("LineScan: grows its columns with the line", () => {
  const events = Array.from({ length: 5000 }, (_, index) => [index, -index]);
  const text = new TextEncoder().encode(JSON.stringify({ tab: "t", events }));
  assert(assertSame(text));
  assertEquals(columns.times.length >= 5000, true);
});
