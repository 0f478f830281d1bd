import { assert, assertEquals } from "@std/assert";
import { deflateSync } from "node:zlib";
import type { Json } from "../core/event.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { answerOf, type Post, readPost, refuseLate } from "./post.ts";

const NOW = 1400000060;
const world = { registry: createRegistry(), now: () => NOW, sleep: new VirtualTime().sleep };

const BODY = `1

web-17

winning_bid_price
["CounterGroup", 1400000000.25, "12.5"]
["CounterGroup", 1400000030.5, "[7.5]"]
["CounterGroup", 1400000030.5, "\\"high\\""]

build
["Gauge", 1400000000.25, "\\"v2\\""]
["CounterGroup", 1400000000.25, "1"]
["CounterGroup", 1400000000.25, "2"]


web-18

winning_bid_price
["CounterGroup", 1400000031, "0.5"]

session
["ExpiryGauge", 1400000000.25, "[\\"v2\\", 1400003600]"]
["ExpiryGauge", 1400000000.25, "3"]
`;

const REJECTED = [
  {
    ...{ line: 8, code: "value_illegal" },
    error: 'cannot fold value 1 of the line: must be a finite number: current value is "high"',
  },
  { line: 12, code: "type_conflict", error: 'tab "build" is a Gauge, not a CounterGroup' },
  { line: 13, code: "type_conflict", error: 'tab "build" is a Gauge, not a CounterGroup' },
  {
    ...{ line: 23, code: "value_illegal" },
    error: "cannot fold value 1 of the line: must be [value, expiry time]: current value is 3",
  },
];

async function post(body: Uint8Array | ReadableStream<Uint8Array> | string, encoding?: string): Promise<Post> {
  const init = { method: "POST", body: body instanceof Uint8Array ? body.slice() : body };
  const read = await readPost(new Request("http://agent/post", init), { ...world, encoding });
  assert(read.ok);
  return read.value;
}

function rendered({ folding }: Post): Json {
  return [...folding].map(({ tab, client, handler, state }) => [tab, client, handler.render(state, NOW)]);
}

Deno.test("readPost: takes the original protocol, and refuses its bad events by line", async () => {
  const read = await post(BODY);
  assertEquals(answerOf(read), { ok: true, value: { lines: 5, events: 5, rejected: REJECTED } });
  const found = [...read.folding].map(({ tab, client, events, lines }) => ({ tab, client, events, lines }));
  assertEquals(found, [
    { tab: "winning_bid_price", client: "web-17", events: 2, lines: [6, 7] },
    { tab: "winning_bid_price", client: "web-18", events: 1, lines: [19] },
    { tab: "build", client: "web-17", events: 1, lines: [11] },
    { tab: "session", client: "web-18", events: 1, lines: [22] },
  ]);
});

Deno.test("readPost: the original protocol means the same in chunks of one byte", async () => {
  const bytes = new TextEncoder().encode(BODY);
  const stream = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  const whole = await post(BODY);
  const single = await post(stream);
  assertEquals(rendered(single), rendered(whole));
  assertEquals({ ...single, folding: undefined }, { ...whole, folding: undefined });
});

Deno.test("readPost: takes a body in the encoding that the path stands for, if the request names none", async () => {
  const zipped = new Uint8Array(deflateSync(BODY));
  assertEquals(rendered(await post(zipped, "deflate")), rendered(await post(BODY)));
  const named = new Request("http://agent/post_zip", {
    method: "POST",
    body: BODY,
    headers: { "content-encoding": "identity" },
  });
  const read = await readPost(named, { ...world, encoding: "deflate" });
  assert(read.ok);
});

Deno.test("readPost: a zlib body that is cut is refused", async () => {
  const zipped = new Uint8Array(deflateSync(BODY)).subarray(0, 100);
  const request = new Request("http://agent/post_zip", { method: "POST", body: zipped.slice() });
  const read = await readPost(request, { ...world, encoding: "deflate" });
  assertEquals(read.ok ? undefined : read.refusal.code, "body_malformed");
});

Deno.test("refuseLate: names each line of a run", async () => {
  const read = await post(BODY);
  const [folded] = read.folding;
  const late = refuseLate(read, [{ folded, refusal: { code: "tabs_full", message: "full" } }]);
  assertEquals([late.lines, late.events], [3, 3]);
  assertEquals(late.rejected.map(({ line }) => line), [6, 7, 8, 12, 13, 23]);
});

Deno.test("readPost: a body that is the version alone is a batch without lines", async () => {
  assertEquals(answerOf(await post("1\n\n")), { ok: true, value: { lines: 0, events: 0, rejected: [] } });
});
