import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import type { BatchHeader, Line } from "../event.ts";
import { NdjsonReader } from "./ndjson_reader.ts";
import { type WireLine, writeBatch } from "./ndjson_writer.ts";

function written(header: BatchHeader, lines: Iterable<WireLine>): string {
  const utf8 = new TextDecoder();
  return [...writeBatch(header, lines)].map((chunk) => utf8.decode(chunk, { stream: true })).join("") + utf8.decode();
}

Deno.test("writeBatch: writes lines as short as they can be said", () => {
  const text = written({ client: "web-1", id: { sender: "a", seq: 1, low: 0 } }, [
    { tab: "bids", client: "web-1", type: "CounterGroup", events: [[1.5, 3.25], [null, 1]] },
    { tab: "build", client: "web-2", type: "Gauge", events: [[1, "é\n"]] },
    { tab: "bids", type: "CounterGroup", version: 0, events: 7, encoded: new Uint8Array([1, 2, 3, 4]) },
    { tab: "seen", type: "Buffer", version: 3, events: 1, encoded: [["v", 2]] },
  ]);
  assertEquals(
    text,
    `{"taba":2,"client":"web-1","sender":"a","seq":1,"low":0}
{"tab":"bids","events":[[1.5,3.25],[null,1]]}
{"tab":"build","type":"Gauge","client":"web-2","events":[[1,"é\\n"]]}
{"tab":"bids","n":7,"state":"AQIDBA=="}
{"tab":"seen","type":"Buffer","n":1,"v":3,"state":[["v",2]]}
`,
  );
});

Deno.test("writeBatch: writes a header alone for a batch without lines", () => {
  assertEquals(written({}, []), '{"taba":2}\n');
});

Deno.test("writeBatch: asks for lines as its chunks are asked for, and gives chunks of about 64 KiB", () => {
  let asked = 0;
  function* lines(): Iterable<WireLine> {
    for (; asked < 10_000; asked++) {
      yield { tab: "t", type: "Noop", version: 0, events: 1, encoded: new Uint8Array(300) };
    }
  }
  const chunks = writeBatch({}, lines())[Symbol.iterator]();
  const first = chunks.next();
  assert(first.done === false && first.value.length >= 64 * 1024 && first.value.length < 65 * 1024);
  assert(asked < 200, `${asked} lines were asked for`);
});

Deno.test("writeBatch: has room for a line of any size", () => {
  const encoded = new Uint8Array(700_000).fill(7);
  const text = written({}, [{ tab: "t", type: "Noop", version: 0, events: 1, encoded }]);
  assertEquals(text.length, 11 + '{"tab":"t","type":"Noop","n":1,"state":""}\n'.length + Math.ceil(700_000 / 3) * 4);
});

const name = fc.stringMatching(/^[A-Za-z0-9._~:/?@!$()*+;=-]{1,20}$/);
const common = {
  tab: name,
  client: fc.option(name, { nil: undefined }),
  type: fc.constantFrom("CounterGroup", "Gauge"),
};
const time = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.constant(null));
const eventsLine = fc.record({ ...common, events: fc.array(fc.tuple(time, value), { maxLength: 5 }) });
const stateLine = fc.record({
  ...common,
  version: fc.nat(3),
  events: fc.nat(),
  encoded: fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.array(fc.string())),
});

/** What the reader should make of a line. */
function expected(line: WireLine, client: string): unknown {
  const { tab, type } = line;
  const names = { tab, type, client: line.client ?? client };
  if ("encoded" in line) return { ...names, encoded: line.encoded, version: line.version, count: line.events };
  return { ...names, times: line.events.map(([at]) => at ?? NaN), values: line.events.map(([, what]) => what) };
}

function found({ tab, type, client, payload }: Line): unknown {
  if (payload.kind === "state") {
    const { encoded, version, count } = structuredClone(payload);
    return { tab, type, client, encoded, version, count };
  }
  const count = payload.kind === "numbers" ? payload.count : payload.values.length;
  return { tab, type, client, times: [...payload.times].slice(0, count), values: [...payload.values].slice(0, count) };
}

Deno.test("writeBatch: writes what NdjsonReader reads as the same", () => {
  const header = fc.record({ client: name }, { requiredKeys: [] });
  fc.assert(
    fc.property(header, fc.array(fc.oneof(eventsLine, stateLine), { maxLength: 6 }), (given, lines) => {
      const reader = new NdjsonReader();
      const reads = [];
      for (const chunk of writeBatch(given, lines)) {
        for (const read of reader.push(chunk)) {
          if (read.kind === "line") reads.push(found(read.line));
          else reads.push(read.kind === "header" ? read.header : read);
        }
      }
      assertEquals([...reader.end()], []);
      assertEquals(reads, [given, ...lines.map((line) => expected(line, given.client ?? "unknown"))]);
    }),
    { seed: 1, numRuns: 1000 },
  );
});
