import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Encoded } from "../core/event.ts";
import type { Handler } from "../core/handlers/handler.ts";
import { ClientWorld, FLUSH_PERIOD_MS } from "../tests/sim/client_world.ts";
import type { Fate } from "../tests/sim/fake_server.ts";
import { TabaClient } from "./client.ts";

const START = 1_763_890_000;

/** What the agent's ledger says of a tab, as its handler shows it. */
function rendered(world: ClientWorld, name: string, client = "web-1"): unknown {
  for (const { tab, client: owner, handler, state } of world.agent.ledger) {
    if (tab === name && owner === client) return handler.render(state, world.time.clock());
  }
  return undefined;
}

function fates(...fates: readonly Fate[]): (index: number) => Fate {
  return (index) => fates[index] ?? "answered";
}

Deno.test("TabaClient: all that is recorded in a flush period arrives as one line a tab", async () => {
  const world = new ClientWorld();
  const { client } = world;
  const bids = client.tab("bids");
  for (let index = 0; index < 1000; index++) bids.record(2);
  client.counter("requests");
  client.counter("requests", 4, { tags: { status: 200, route: "/bid" } });
  await world.pass(FLUSH_PERIOD_MS);
  assertEquals(world.bodies.length, 1);
  const [header, ...lines] = world.bodies[0].map((line) => JSON.parse(line));
  assertEquals(header.client, "web-1");
  assertEquals(header.sent, START + 1);
  assertEquals([header.seq, header.low], [0, 0]);
  assertEquals(lines.map(({ tab, n, events }) => [tab, n ?? events.length]), [
    ["bids", 1000],
    ["requests", 1],
    ["requests;route=/bid;status=200", 1],
  ]);
  assertEquals(lines[1].events, [[START, 1]]);
  const { recorded, acked, pending, dropped } = client.status();
  assertEquals({ recorded, acked, pending, dropped }, { recorded: 1002, acked: 1002, pending: 0, dropped: 0 });
});

Deno.test("TabaClient: values of every type arrive", async () => {
  const world = new ClientWorld();
  const { client } = world;
  client.counter("counter", 3);
  client.percentile("percentile", 5);
  client.record("totals", 7, { type: "TotalsCounter" });
  client.record("all_time", 7, { type: "PercentileCounter" });
  client.gauge("build", "2.4.0");
  client.gauge("build", "2.4.1");
  client.gauge("threads", 8);
  client.expiryGauge("leader", "yes", { expiresInS: 120 });
  client.buffer("errors", { message: "no" }, { expiresInS: 30 });
  client.tab("errors", { type: "Buffer" }).record(["second", START + 20]);
  const result = await world.outcome(client.flush());
  assertEquals(result, { sent: 10, acked: 10, dropped: 0, pending: 0 });
  assertEquals(rendered(world, "build"), { "2.4.1": 1 });
  assertEquals(rendered(world, "threads"), { "8": 1 });
  assertEquals(rendered(world, "leader"), { yes: 1 });
  assertEquals(rendered(world, "totals"), { count: 1, total: 7, average: 7 });
  assertEquals(rendered(world, "errors"), [[{ message: "no" }, START], ["second", START]]);
  assertEquals(world.agent.events()["counter web-1"], 1);
  assertEquals(world.agent.events()["percentile web-1"], 1);
  assertEquals(world.agent.events()["all_time web-1"], 1);
});

Deno.test("TabaClient: events count in the second in which they were recorded", async () => {
  const world = new ClientWorld({ flushPeriodMs: 60_000 });
  const { client } = world;
  const bids = client.tab("bids");
  const perSecond = [1, 100, 0, 16, 17, 600];
  for (const count of perSecond) {
    for (let index = 0; index < count; index++) bids.record(1);
    await world.pass(1000);
  }
  await world.outcome(client.flush());
  const [{ handler, state }] = world.agent.ledger;
  const { cells } = Object(handler.detail(state, START));
  const counts = cells.map(({ start, count }: { start: number; count: number }) => [start - START, count]);
  assertEquals(counts, [[0, 1], [1, 100], [3, 16], [4, 17], [5, 600]]);
});

Deno.test("TabaClient: an idle client makes no request and has no timer", async () => {
  const world = new ClientWorld();
  assertEquals(world.time.sleepers, 0);
  await world.pass(5000);
  world.client.counter("bids");
  assertEquals(world.time.sleepers, 1);
  await world.pass(5000);
  assertEquals(world.agent.received.length, 1);
  assertEquals(world.time.sleepers, 0);
});

Deno.test("TabaClient: no timer keeps the process alive while events wait and are sent", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates("unreached", "hung");
  world.client.counter("bids");
  for (let step = 0; step < 300; step++) {
    assertEquals(world.foregroundTimers, 0);
    await world.pass(100);
  }
  assertEquals(world.client.status().acked, 1);
});

Deno.test("flush: sends at once, and answers what became of it", async () => {
  const world = new ClientWorld();
  world.client.counter("bids");
  assertEquals(await world.outcome(world.client.flush()), { sent: 1, acked: 1, dropped: 0, pending: 0 });
  assertEquals(await world.outcome(world.client.flush()), { sent: 0, acked: 0, dropped: 0, pending: 0 });
  assertEquals(world.agent.received.length, 1);
});

Deno.test("flush: calls during a flush share the one that follows it, with what was recorded meanwhile", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates({ delayMs: 300 });
  const { client } = world;
  client.counter("bids");
  const first = client.flush();
  await world.until("the first is under way", () => world.agent.received.length === 1);
  client.counter("bids");
  const second = client.flush();
  const third = client.flush();
  assert(second === third);
  assertEquals(await world.outcome(first), { sent: 1, acked: 1, dropped: 0, pending: 1 });
  assertEquals(await world.outcome(third), { sent: 1, acked: 1, dropped: 0, pending: 0 });
  assertEquals(world.agent.received.length, 2);
});

Deno.test("flush: one request is under way at a time, however many are asked for", async () => {
  const world = new ClientWorld();
  let underWay = 0;
  let most = 0;
  const { fetch } = world.platform();
  const client = new TabaClient({
    ...world.platform(),
    fetch: async (url, init) => {
      most = Math.max(most, ++underWay);
      try {
        assert(fetch !== undefined);
        return await fetch(url, init);
      } finally {
        underWay--;
      }
    },
  });
  world.agent.fate = () => ({ delayMs: 250 });
  const flushes: Promise<unknown>[] = [];
  for (let index = 0; index < 50; index++) {
    client.counter("bids");
    flushes.push(client.flush());
    await world.pass(20);
  }
  await world.outcome(Promise.all(flushes));
  assertEquals(most, 1);
  assertEquals(world.agent.events(), { "bids unknown": 50 });
});

Deno.test("Sender: a failed batch is repeated unchanged while newer events wait for the next one", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates("unreached", "garbled", "lost", { status: 503 }, { status: 302 }, { status: 429 });
  const { client } = world;
  client.counter("bids", 5);
  await world.pass(1500);
  client.counter("bids", 7);
  await world.until("all is acknowledged", () => client.status().acked === 2);
  const bodies = world.bodies;
  assertEquals(bodies.length, 8);
  for (const body of bodies.slice(1, 7)) assertEquals(body, bodies[0]);
  const [first, last] = [JSON.parse(bodies[0][0]), JSON.parse(bodies[7][0])];
  assertEquals(first.sender, last.sender);
  assertEquals([first.seq, last.seq, last.low], [0, 1, 1]);
  assertEquals(rendered(world, "bids"), {
    ...Object(rendered(world, "bids")),
    "1m": { count: 2, total: 12 },
  });
  assertEquals(client.status().failures, 0);
});

Deno.test("Sender: retries come after growing waits", async () => {
  const world = new ClientWorld({ random: () => 1 - 2 ** -32 });
  world.agent.fate = () => "unreached";
  world.client.counter("bids");
  await world.pass(60_000);
  const times = world.agent.received.map(({ time }) => time - START);
  const waits = times.slice(1).map((time, index) => Math.round(time - times[index]));
  assertEquals(waits, [1, 2, 4, 8, 10, 10, 10, 10]);
  const { failures, lastTrouble, pending } = world.client.status();
  assertEquals({ failures, pending }, { failures: 9, pending: 1 });
  assertEquals(lastTrouble, "Cannot post to http://127.0.0.1:8279/post: connection refused");
});

Deno.test("Sender: an agent that asks to be left alone is, by the timer and by flush", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates({ status: 429, retryAfter: "30" });
  const { client } = world;
  client.counter("bids");
  await world.pass(1000);
  assertEquals(world.agent.received.length, 1);
  assertEquals(await client.flush(), { sent: 0, acked: 0, dropped: 0, pending: 1 });
  await world.pass(29_500);
  assertEquals(world.agent.received.length, 1);
  await world.pass(2000);
  assertEquals(client.status().acked, 1);
});

Deno.test("Sender: a batch that the agent refuses is dropped and counted, and the next one sent", async () => {
  for (const status of [400, 401, 403, 404, 409, 413, 415]) {
    const world = new ClientWorld();
    world.agent.fate = fates({ status, body: { error: "no, thanks", code: "denied" } });
    const { client } = world;
    client.counter("bids", 1);
    client.counter("bids", 2);
    assertEquals(await world.outcome(client.flush()), { sent: 2, acked: 0, dropped: 2, pending: 0 });
    client.counter("bids", 3);
    assertEquals(await world.outcome(client.flush()), { sent: 1, acked: 1, dropped: 0, pending: 0 });
    const { droppedByReason, lastTrouble } = client.status();
    assertEquals(droppedByReason.refused?.events, 2);
    assertMatch(lastTrouble ?? "", new RegExp(`answered ${status}: .*no, thanks`));
  }
});

Deno.test("Sender: lines that the agent rejects are counted, and what it said is kept", async () => {
  const world = new ClientWorld();
  const { client } = world;
  const error = 'tab "build" is a Gauge, not a CounterGroup';
  world.agent.fate = fates({ status: 200, body: { lines: 1, events: 1, rejected: [{ line: 2, error }] } });
  for (let index = 0; index < 100; index++) client.counter("build", index);
  client.counter("bids");
  assertEquals(await world.outcome(client.flush()), { sent: 101, acked: 1, dropped: 100, pending: 0 });
  assertEquals(client.status().droppedByReason, { rejected: { events: 100, last: error } });
  assertEquals(client.status().lastRejections, [error]);
});

Deno.test("Sender: a request without an answer is given up, and what it carried repeated", async () => {
  const world = new ClientWorld({ requestTimeoutMs: 2000 });
  world.agent.fate = fates("hung");
  world.client.counter("bids");
  await world.until("it is given up", () => world.client.status().failures === 1);
  assertEquals(Math.round(world.time.clock() - START), 3);
  assertMatch(world.client.status().lastTrouble ?? "", /no answer within 2000 ms/);
  await world.until("all is acknowledged", () => world.client.status().acked === 1);
});

Deno.test("Sender: an answer without end is no answer", async () => {
  const world = new ClientWorld();
  let cancelled = 0;
  const endless = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(100_000).fill(32)),
        cancel: () => void cancelled++,
      }),
    );
  const client = new TabaClient({ ...world.platform(), fetch: () => Promise.resolve(endless()) });
  client.counter("bids");
  assertEquals(await world.outcome(client.flush()), { sent: 1, acked: 0, dropped: 0, pending: 1 });
  assertEquals(cancelled, 1);
  await world.outcome(client.stop());
});

Deno.test("Sender: what waits longer than one body can hold goes in several", async () => {
  const world = new ClientWorld({ fold: false, bytesMax: 64 * 1024 * 1024 });
  const { client } = world;
  const text = "x".repeat(900);
  for (let index = 0; index < 10_000; index++) client.buffer(`errors_${index % 100}`, text);
  assertEquals((await world.outcome(client.flush())).acked, 10_000);
  const sizes = world.agent.received.map(({ body }) => body.length);
  assertEquals(sizes.length, 3);
  for (const size of sizes) assert(size < 4.2 * 1024 * 1024, `${size} bytes`);
});

Deno.test("stop: sends what is left at once, and says that it is the last", async () => {
  const world = new ClientWorld();
  const { client } = world;
  client.counter("bids");
  assertEquals(await world.outcome(client.stop()), { sent: 1, acked: 1, dropped: 0, pending: 0 });
  assertEquals(world.requests.map(({ keepalive }) => keepalive), [true]);
  client.counter("bids");
  const { acked, dropped, droppedByReason } = client.status();
  assertEquals({ acked, dropped }, { acked: 1, dropped: 1 });
  assertEquals(droppedByReason, { stopped: { events: 1, last: "bids" } });
  assertEquals(world.time.sleepers, 0);
});

Deno.test("stop: tries again until its time is over, and then drops what is left", async () => {
  const world = new ClientWorld({ stopTimeoutMs: 3000 });
  world.agent.fate = () => "unreached";
  const { client } = world;
  client.counter("bids", 1);
  assertEquals((await world.outcome(client.flush())).pending, 1);
  client.counter("bids", 2);
  const stopping = client.stop();
  assert(stopping === client.stop());
  assert(stopping === client.flush());
  const result = await world.outcome(stopping);
  assert(world.time.clock() - START <= 3.2);
  assert(world.agent.received.length >= 3);
  assertEquals([result.acked, result.dropped, result.pending], [0, 2, 0]);
  assertEquals(client.status().droppedByReason.stopped?.events, 2);
  assertEquals(world.time.sleepers, 0);
});

Deno.test("stop: a short outage loses nothing", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates("unreached", "lost");
  world.client.counter("bids");
  const result = await world.outcome(world.client.stop());
  assertEquals(result, { sent: 3, acked: 1, dropped: 0, pending: 0 });
  assertEquals(world.agent.events(), { "bids web-1": 1 });
});

Deno.test("stop: a request that hangs is ended when the time is over", async () => {
  const world = new ClientWorld({ stopTimeoutMs: 2000, requestTimeoutMs: 60_000 });
  world.agent.fate = () => "hung";
  world.client.counter("bids");
  const flushing = world.client.flush();
  await world.until("the flush is under way", () => world.agent.received.length === 1);
  const result = await world.outcome(world.client.stop());
  assert(world.time.clock() - START <= 2.2);
  assertEquals(result.dropped, 1);
  assertEquals((await flushing).acked, 0);
});

Deno.test("TabaClient: ends with the block that it is declared in", async () => {
  const world = new ClientWorld();
  await world.outcome((async () => {
    await using client = world.client;
    client.counter("bids");
  })());
  assertEquals(world.agent.events(), { "bids web-1": 1 });
});

Deno.test("TabaClient: works where there are no timers, if its host calls flush and stop", async () => {
  const world = new ClientWorld();
  const client = new TabaClient({
    ...world.platform(),
    setTimer: () => {
      throw new Error("Disallowed operation called within global scope");
    },
  });
  client.counter("bids");
  assertEquals((await world.outcome(client.flush())).acked, 1);
  client.counter("bids");
  world.agent.fate = () => "unreached";
  assertEquals((await world.outcome(client.stop())).dropped, 1);
  assertEquals(client.status().droppedByReason, {
    stopped: { events: 1, last: "Cannot post to http://127.0.0.1:8279/post: connection refused" },
  });
});

Deno.test("initialize: what was recorded before is sent under the id that it gives, and handles stay valid", async () => {
  const world = new ClientWorld();
  const client = new TabaClient();
  const bids = client.tab("bids");
  bids.record(1);
  client.gauge("build", "2.4.1");
  client.initialize({ ...world.platform(), client: "web-7", eventsMax: 3 });
  for (let index = 0; index < 50; index++) bids.record(2);
  client.gauge("build", "2.4.2");
  await world.outcome(client.flush());
  assertEquals(world.agent.events(), { "bids web-7": 51, "build web-7": 2 });
  assertEquals(rendered(world, "build", "web-7"), { "2.4.2": 1 });
  bids.record(3);
  await world.outcome(client.stop());
  assertEquals(world.agent.events()["bids web-7"], 52);
});

Deno.test("initialize: a second one renames the client for what is recorded from then on", async () => {
  const world = new ClientWorld();
  const { client } = world;
  client.gauge("build", "1");
  for (let index = 0; index < 1000; index++) client.counter("bids");
  client.initialize({ ...world.platform(), client: "web-2" });
  client.gauge("version", "1");
  await world.outcome(client.flush());
  assertEquals(rendered(world, "build", "web-1"), { "1": 1 });
  assertEquals(rendered(world, "version", "web-2"), { "1": 1 });
  assertEquals(world.agent.ledger.events, 1002);
});

Deno.test("initialize: begins again after stop", async () => {
  const world = new ClientWorld();
  const { client } = world;
  const bids = client.tab("bids");
  bids.record(1);
  await world.outcome(client.stop());
  bids.record(2);
  client.initialize({ ...world.platform(), client: "web-1" });
  bids.record(4);
  await world.pass(FLUSH_PERIOD_MS);
  assertEquals(Object(rendered(world, "bids"))["1m"], { count: 2, total: 5 });
});

Deno.test("initialize: refuses what can't be followed, and changes nothing then", () => {
  const client = new TabaClient({ client: "web-1" });
  assertThrows(() => client.initialize({ client: "web 2" }), TypeError, 'option "client"');
  assertEquals(client.status().client, "web-1");
});

Deno.test("fold: false sends the events themselves, each with its time", async () => {
  const world = new ClientWorld({ fold: false });
  const { client } = world;
  client.counter("bids", 1);
  await world.pass(300);
  client.counter("bids", 2);
  client.gauge("build", "2.4.1");
  await world.outcome(client.flush());
  const lines = world.bodies[0].slice(1).map((line) => JSON.parse(line));
  const [bids, build] = lines.map(({ events }: { events: [number, unknown][] }) =>
    events.map(([time, value]) => [Math.round((time - START) * 100) / 100, value])
  );
  assertEquals(bids, [[0, 1], [0.3, 2]]);
  assertEquals(build, [[0.3, "2.4.1"]]);
});

Deno.test("fold: false holds eventsMax events, and counts those beyond", async () => {
  const world = new ClientWorld({ fold: false, eventsMax: 1000 });
  const { client } = world;
  for (let index = 0; index < 1500; index++) client.counter("bids");
  assertEquals(client.status().droppedByReason, { events_full: { events: 500, last: "bids" } });
  assertEquals((await world.outcome(client.flush())).acked, 1000);
  assertEquals(world.bodies[0].length, 3);
  client.counter("bids");
  assertEquals((await world.outcome(client.flush())).acked, 1);
});

Deno.test("Recorder: knows tabsMax tabs, counts what goes to others, and forgets unused ones", async () => {
  const world = new ClientWorld({ tabsMax: 10 });
  const { client } = world;
  const first = client.tab("tab_0");
  for (let index = 0; index < 20; index++) client.counter(`tab_${index}`);
  const late = client.tab("late");
  late.record(1);
  assertEquals(client.status().droppedByReason, { tabs_full: { events: 11, last: "late" } });
  await world.pass(700_000);
  late.record(1);
  assertEquals(client.status().tabs, 1);
  first.record(1);
  client.counter("tab_0");
  assertEquals(client.status().tabs, 2);
  await world.outcome(client.flush());
  assertEquals(world.agent.events()["tab_0 web-1"], 3);
  assertEquals(world.agent.events()["late web-1"], 1);
});

Deno.test("Recorder: a handle of old and a new one of the same name both count", async () => {
  const world = new ClientWorld({ tabsMax: 3 });
  const { client } = world;
  const old = client.tab("bids");
  await world.pass(700_000);
  client.counter("other");
  const fresh = client.tab("bids");
  assert(old !== fresh);
  old.record(1);
  fresh.record(1);
  client.counter("bids", 1);
  assertEquals((await world.outcome(client.flush())).acked, 4);
  assertEquals(world.agent.events()["bids web-1"], 3);
});

Deno.test("Recorder: a tab has one type", async () => {
  const world = new ClientWorld();
  const { client } = world;
  client.counter("bids");
  client.gauge("bids", "x");
  client.tab("bids", { type: "Buffer" }).record(["x", 1]);
  assertEquals(client.status().droppedByReason, { type_conflict: { events: 2, last: "bids" } });
  assertEquals((await world.outcome(client.flush())).acked, 1);
});

Deno.test("Recorder: values and names that are none are counted, and nothing else suffers", async () => {
  const world = new ClientWorld();
  const { client } = world;
  const bids = client.tab("bids");
  bids.record(1);
  for (const value of [NaN, Infinity, -Infinity]) bids.record(value);
  client.gauge("build", NaN);
  client.expiryGauge("leader", "x", { expiresInS: NaN });
  client.counter("two words");
  client.counter("");
  client.counter("x".repeat(257));
  client.tab("ü").record(1);
  client.record("bids2", 1, { type: "no type" });
  // @ts-expect-error a CounterGroup takes numbers
  client.record("bids", "three");
  // @ts-expect-error so does its handle
  bids.record("three");
  // @ts-expect-error a Gauge takes no lists
  client.tab("build", { type: "Gauge" }).record([1]);
  bids.record(2);
  assertEquals(client.status().droppedByReason.value_illegal?.events, 8);
  assertEquals(client.status().droppedByReason.tab_illegal?.events, 5);
  assertEquals((await world.outcome(client.flush())).acked, 2);
  assertEquals(Object(rendered(world, "bids"))["1m"], { count: 2, total: 3 });
});

Deno.test("Recorder: events of a type that it doesn't know are sent as they are", async () => {
  const world = new ClientWorld();
  world.client.record("x", { any: ["thing"] }, { type: "Custom" });
  assertEquals((await world.outcome(world.client.flush())).dropped, 1);
  assertEquals(world.bodies[0][1], `{"tab":"x","type":"Custom","events":[[${START},{"any":["thing"]}]]}`);
  assertMatch(world.client.status().lastTrouble ?? "", /"Custom" is unknown/);
});

/** Counts events, and fails where it is told to. */
class Counting implements Handler<{ count: number }, unknown> {
  readonly type = "Counting";
  readonly version = 3;
  fails: "fold" | "encode" | undefined;

  create = () => ({ count: 0 });
  check = () => undefined;
  fold(state: { count: number }): void {
    if (this.fails === "fold") throw new Error("fold failed");
    state.count++;
  }
  reduce(): void {}
  clamp(): void {}
  encode(state: { count: number }): Encoded {
    if (this.fails === "encode") throw new Error("encode failed");
    return [state.count];
  }
  decode = () => ({ count: 0 });
  render = () => null;
  renderText = () => "";
  detail = () => null;
  isEmpty = () => false;
}

Deno.test("Recorder: folds with handlers of one's own", async () => {
  const world = new ClientWorld({ handlers: [new Counting()] });
  const tab = world.client.tab("mine", { type: "Counting" });
  tab.record({ deep: [1] });
  tab.record(2);
  await world.outcome(world.client.flush());
  assertEquals(world.bodies[0][1], '{"tab":"mine","type":"Counting","n":2,"v":3,"state":[2]}');
});

Deno.test("Recorder: a handler that throws costs its own events, which are counted", async () => {
  for (const fails of ["fold", "encode"] as const) {
    const handler = new Counting();
    const world = new ClientWorld({ handlers: [handler] });
    const { client } = world;
    handler.fails = fails;
    client.record("mine", 1, { type: "Counting" });
    client.counter("bids");
    assertEquals((await world.outcome(client.flush())).acked, 1);
    assertEquals(client.status().droppedByReason, { bug: { events: 1, last: `Error: ${fails} failed` } });
    const { recorded, pending, bytes } = client.status();
    assertEquals({ recorded, pending, bytes }, { recorded: 2, pending: 0, bytes: 0 });
  }
});

Deno.test("Recorder: a handler that can't encode does no harm in an outage either", async () => {
  const handler = new Counting();
  const world = new ClientWorld({ handlers: [handler] });
  const { client } = world;
  world.agent.fate = () => "unreached";
  client.counter("bids");
  await world.pass(1500);
  handler.fails = "encode";
  client.record("mine", 1, { type: "Counting" });
  await world.pass(10_000);
  assertEquals(client.status().dropped, 0);
  world.agent.fate = () => "answered";
  await world.until("nothing is held", () => client.status().pending === 0);
  assertEquals(client.status().droppedByReason.bug?.events, 1);
});

Deno.test("Waiting: holds bytesMax bytes in an outage, counts what goes beyond, and recovers", async () => {
  const world = new ClientWorld({ bytesMax: 200_000 });
  const { client } = world;
  world.agent.fate = () => "unreached";
  let recorded = 0;
  for (let second = 0; second < 300; second++) {
    for (let index = 0; index < 3000; index++) client.percentile(`latency_${index % 100}`, ++recorded % 977);
    client.gauge("build", `build ${second}`);
    recorded++;
    await world.pass(1000);
    assert(client.status().bytes < 300_000, `${client.status().bytes} bytes`);
  }
  const { droppedByReason } = client.status();
  assertEquals(Object.keys(droppedByReason), ["bytes_full"]);
  world.agent.fate = () => "answered";
  await world.until("all is acknowledged", () => client.status().pending === 0);
  const { acked, dropped, bytes } = client.status();
  assertEquals(acked + dropped, recorded);
  assertEquals(world.agent.ledger.events, acked);
  assertEquals(bytes, 0);
  client.gauge("build", "again");
  assertEquals((await world.outcome(client.flush())).acked, 1);
});

Deno.test("Waiting: a Gauge may be set for ever without an agent", async () => {
  const world = new ClientWorld({ bytesMax: 500_000 });
  const { client } = world;
  world.agent.fate = () => "unreached";
  for (let index = 0; index < 100_000; index++) client.gauge("build", `build number ${index}`);
  assertEquals(client.status().dropped, 0);
  for (let index = 0; index < 5000; index++) client.buffer("errors", "x".repeat(900));
  const { droppedByReason, bytes } = client.status();
  assertEquals(Object.keys(droppedByReason), ["bytes_full"]);
  assertEquals(droppedByReason.bytes_full?.last, "errors");
  assert(bytes <= 500_000, `${bytes} bytes`);
  world.agent.fate = () => "answered";
  await world.outcome(client.flush());
  assertEquals(rendered(world, "build"), { "build number 99999": 1 });
});

Deno.test("startTimer: records the seconds since, once", async () => {
  const world = new ClientWorld();
  const { client } = world;
  const stopTimer = client.startTimer("latency");
  const stopOther = client.tab("other").startTimer();
  await world.pass(300);
  assertEquals(Math.round(stopTimer() * 100), 30);
  assertEquals(stopTimer(), stopTimer());
  stopOther();
  await world.outcome(client.flush());
  assertEquals(world.agent.events(), { "latency web-1": 1, "other web-1": 1 });
  const types = [...world.agent.ledger].map(({ handler }) => handler.type);
  assertEquals(types, ["PercentileGroup", "CounterGroup"]);
});
