import { assertEquals, assertThrows } from "@std/assert";
import { ClientWorld, fates, FLUSH_PERIOD_MS, START } from "../tests/sim/client_world.ts";
import { TabaClient } from "./client.ts";

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
  assertEquals(world.rendered("build"), { "2.4.1": 1 });
  assertEquals(world.rendered("threads"), { "8": 1 });
  assertEquals(world.rendered("leader"), { yes: 1 });
  assertEquals(world.rendered("totals"), { count: 1, total: 7, average: 7 });
  assertEquals(world.rendered("errors"), [[{ message: "no" }, START], ["second", START]]);
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

Deno.test("TabaClient: ends with the block that it is declared in", async () => {
  const world = new ClientWorld();
  await world.outcome((async () => {
    await using client = world.client;
    client.counter("bids");
  })());
  assertEquals(world.agent.events(), { "bids web-1": 1 });
});

Deno.test("TabaClient: options that can't even be looked at throw nowhere, and their events are counted", () => {
  const { client } = new ClientWorld();
  const fails = () => {
    throw new Error("not to be looked at");
  };
  const failing = Object.defineProperties({}, {
    tags: { get: fails },
    type: { get: fails },
    expiresInS: { get: fails },
  });
  client.counter("bids", 1, failing);
  client.record("bids", 1, failing);
  client.tab("bids", failing).record(1);
  client.startTimer("bids", failing)();
  client.buffer("errors", "x", Object.defineProperty({}, "expiresInS", { get: fails }));
  // @ts-expect-error a number is wanted
  client.buffer("errors", "x", { expiresInS: 60n });
  // @ts-expect-error a number is wanted
  client.expiryGauge("leader", "x", { expiresInS: Symbol("soon") });
  const { tab_illegal, value_illegal } = client.status().droppedByReason;
  assertEquals([tab_illegal?.events, value_illegal?.events, client.status().recorded], [4, 3, 7]);
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
  assertEquals(world.rendered("build", "web-7"), { "2.4.2": 1 });
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
  assertEquals(world.rendered("build", "web-1"), { "1": 1 });
  assertEquals(world.rendered("version", "web-2"), { "1": 1 });
  assertEquals(world.agent.events()["bids web-1"], 1000);
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
  assertEquals(Object(world.rendered("bids"))["1m"], { count: 2, total: 5 });
});

Deno.test("initialize: refuses what can't be followed, and changes nothing then", () => {
  const client = new TabaClient({ client: "web-1" });
  assertThrows(() => client.initialize({ client: "web 2" }), TypeError, 'option "client"');
  assertEquals(client.status().client, "web-1");
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
