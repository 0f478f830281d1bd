import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Encoded } from "../core/event.ts";
import type { Handler } from "../core/handlers/handler.ts";
import { ClientWorld, START } from "../tests/sim/client_world.ts";
import { checkOptions } from "./options.ts";
import { Recorder } from "./recorder.ts";

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

Deno.test("Recorder: forgets no tab of which something waits, and mixes it up with none that comes later", async () => {
  const world = new ClientWorld({ tabsMax: 300 });
  const { client } = world;
  world.agent.fate = () => "unreached";
  const expected: Record<string, number> = {};
  const recordInto = (...names: readonly string[]) => {
    for (const name of names) {
      client.counter(name, 1);
      expected[`${name} web-1`] = (expected[`${name} web-1`] ?? 0) + 1;
    }
  };
  const names = Array.from({ length: 200 }, (_, index) => `early_${index}`);
  recordInto(...names);
  await world.pass(1500);
  recordInto(...names); // wait, as the batch with the first ones does not arrive
  client.tab("idle"); // waits for nothing, and so is forgotten
  await world.pass(700_000);
  recordInto("late");
  assertEquals(client.status().tabs, 201);
  recordInto(...names);
  world.agent.fate = () => "answered";
  await world.until("nothing is held", () => client.status().pending === 0);
  await world.pass(700_000);
  recordInto("again", names[7]);
  assertEquals(client.status().tabs, 2);
  await world.outcome(client.flush());
  assertEquals(client.status().dropped, 0);
  assertEquals(world.agent.events(), expected);
});

Deno.test("Waiting: what a batch has no room for waits for the next one, however long that takes", () => {
  let now = START;
  const recorder = new Recorder(checkOptions({ client: "web-1", clock: () => now }), () => {});
  const { waiting } = recorder;
  for (const name of ["first", "second", "third"]) {
    for (let value = 0; value < 20; value++) recorder.record(name, value, "CounterGroup");
  }
  const one = () => {
    for (const { tab } of waiting.lines(() => false)) return tab;
  };
  waiting.beginFlush();
  assertEquals(one(), "first");
  assertEquals([waiting.events, waiting.isDue, waiting.isEmpty], [40, true, false]);
  now += 700;
  recorder.record("fourth", 1, "CounterGroup"); // looks for tabs to forget
  assertEquals([one(), one(), one()], ["second", "third", undefined]);
  assertEquals([waiting.events, waiting.isDue, waiting.isEmpty], [1, false, false]);
  waiting.beginFlush();
  assertEquals([one(), one(), waiting.events, waiting.isEmpty], ["fourth", undefined, 0, true]);
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
  assertEquals(Object(world.rendered("bids"))["1m"], { count: 2, total: 3 });
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
  assertEquals(world.rendered("build"), { "build number 99999": 1 });
});
