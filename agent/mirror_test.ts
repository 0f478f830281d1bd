import { assert, assertEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { createLog } from "../service/log.ts";
import { FakeServer, type Fate } from "../tests/sim/fake_server.ts";
import { MemoryDisk } from "../tests/sim/memory_disk.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent } from "./agent.ts";
import { openJournal } from "./journal/journal.ts";
import { type Journal, NoJournal } from "./journal/journaling.ts";

/** An agent between two clusters, of which the second meets with `fate`. */
function open(fate: (index: number) => Fate, journal: Journal = new NoJournal("agent-1")) {
  const time = new VirtualTime();
  const [first, second] = [new FakeServer(time), new FakeServer(time)];
  second.fate = fate;
  const agent = new Agent({
    ...{ registry: first.registry, journal, servers: ["http://first"], flushMs: 500 },
    ...{ statesMax: 100, outboxBytesMax: 10_000, batchBytesMax: 10_000, clock: time.clock, random: () => 0.5 },
    ...{
      sleep: time.sleep,
      pause: turn,
      mirror: { url: "http://second", sender: "mirror-1", token: "other" },
      token: "own",
    },
    fetch: (request) => request.url.startsWith("http://second") ? second.fetch(request) : first.fetch(request),
    log: createLog({ clock: time.clock, write: () => {} }),
  });
  const running = agent.run();
  const isIdle = () => first.busy === 0 && second.busy === 0;
  return {
    ...{ agent, time, first, second },
    async load(rounds: number): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        const body = '{"tab":"bids","type":"TotalsCounter","events":[[1],[2]]}';
        await agent.fetch(new Request("http://agent/post", { method: "POST", body }));
        await time.pass(500);
        await until(() => isIdle() && agent.status().batches.open === 0, { what: "the first cluster has it" });
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const stopped = agent.stop(0);
      await until(isIdle, { what: "the servers are idle" });
      await time.pass(1);
      await Promise.all([stopped, running]);
      await until(() => isIdle() && agent.status().mirror?.batches.open === 0, { what: "the mirror has ended" });
    },
  };
}

Deno.test("Mirror: a second cluster gets all, under a sender of its own", async () => {
  await using fixture = open((index) => index === 0 ? "lost" : "answered");
  await fixture.load(5);
  await until(() => fixture.agent.status().mirror?.events.acked === 10, {
    what: "the second cluster has it",
    step: () => fixture.second.busy === 0 ? fixture.time.pass(100) : turn(),
  });
  assertEquals(fixture.second.events(), { "bids unknown": 10 });
  assertEquals(fixture.first.events(), { "bids unknown": 10 });
  assertEquals(fixture.second.received[0].headers.get("authorization"), "Bearer other");
  assert((await fixture.second.texts()).every((text) => JSON.parse(text.split("\n")[0]).sender === "mirror-1"));
  assert((await fixture.first.texts()).every((text) => JSON.parse(text.split("\n")[0]).sender === "agent-1"));
});

for (const fate of ["hung", "unreached", "garbled"] as const) {
  Deno.test(`Mirror: while the second cluster is ${fate} the first goes on at its pace, and what is over is counted`, async () => {
    await using fixture = open(() => fate);
    await fixture.load(40);
    const { mirror, batches, events } = fixture.agent.status();
    assertEquals([batches.acked, events.acked, fixture.first.received.length], [40, 80, 40]);
    assertEquals(fixture.first.events(), { "bids unknown": 80 });
    assert(mirror !== undefined && mirror.batches.openBytes <= 10_000);
    const dropped = mirror.events.dropped["mirror_full"] ?? 0;
    assertEquals(dropped + 2 * mirror.batches.open + mirror.events.acked, 80);
    assert(dropped > 0);
  });
}

Deno.test("Mirror: what the second cluster refuses for good is dropped and counted", async () => {
  await using fixture = open(() => ({ status: 413 }));
  await fixture.load(3);
  await until(() => fixture.agent.status().mirror?.events.dropped["http_413"] === 6, { what: "it was refused" });
  assertEquals(fixture.agent.status().events.acked, 6);
});

Deno.test("Mirror: at a stop it has the time that the first cluster leaves, and no more", async () => {
  for (const [fate, expected] of [[{ delayMs: 2000 }, [2, {}]], ["hung", [0, { stopped: 2 }]]] as const) {
    await using fixture = open(() => fate);
    await fixture.load(1);
    let isStopped = false;
    const stopped = fixture.agent.stop(5000).then(() => isStopped = true);
    await fixture.time.pass(1000);
    assertEquals(isStopped, false);
    await until(() => isStopped, {
      what: "it has stopped",
      step: () => fixture.second.busy === 0 ? fixture.time.pass(100) : turn(),
    });
    await stopped;
    const { acked, dropped } = fixture.agent.status().mirror?.events ?? {};
    assertEquals<unknown>([acked, dropped], expected);
  }
});

Deno.test("Mirror: what is replayed under its old ids is dropped for it and counted, as it may have had a copy", async () => {
  const journalOn = (disk: MemoryDisk) =>
    openJournal(disk, {
      ...{ registry: createRegistry(), now: 0, bytesMax: 1e9, fsync: false, newSender: () => "agent-1" },
      log: createLog({ clock: () => 0, write: () => {} }),
    });
  const post = (count: number) =>
    new Request("http://agent/post", {
      method: "POST",
      body: JSON.stringify({ tab: "bids", type: "TotalsCounter", events: Array.from({ length: count }, () => [1]) }),
    });
  const disk = new MemoryDisk();
  await using before = open(() => "answered", journalOn(disk));
  before.first.fate = () => "unreached";
  await before.agent.fetch(post(2));
  await before.time.pass(500);
  await until(() => before.second.events()["bids unknown"] === 2, { what: "the second cluster has its copy" });
  await before.agent.fetch(post(3)); // not sealed, so not copied yet

  await using after = open(() => "answered", journalOn(disk.restarted()));
  await until(() => after.agent.status().events.acked === 5 && after.agent.status().mirror?.events.acked === 3, {
    what: "all is delivered",
    step: () => after.first.busy === 0 && after.second.busy === 0 ? after.time.pass(100) : turn(),
  });
  assertEquals(after.agent.status().mirror?.events.dropped, { replayed: 2 });
  assertEquals(after.second.events(), { "bids unknown": 3 });
});
