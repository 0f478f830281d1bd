import { assertEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { nameProblem } from "../core/names.ts";
import { createLog } from "../service/log.ts";
import { FakeServer } from "../tests/sim/fake_server.ts";
import { MemoryDisk } from "../tests/sim/memory_disk.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent } from "./agent.ts";
import { openJournal } from "./journal/journal.ts";
import { type Journal, NoJournal } from "./journal/journaling.ts";
import { clientOfHost } from "./statsd.ts";

function open(journal: Journal = new NoJournal("agent-1"), world = new VirtualTime()) {
  const logged: string[] = [];
  const server = new FakeServer(world);
  const agent = new Agent({
    ...{ registry: server.registry, journal, servers: ["http://one"], flushMs: 500, statsdClient: "host-1" },
    ...{ statesMax: 100, outboxBytesMax: limits.outboxBytesMax, batchBytesMax: limits.batchBytesMax },
    ...{ clock: world.clock, random: () => 0.5, sleep: world.sleep, pause: turn, fetch: server.fetch },
    log: createLog({ clock: world.clock, write: (line) => logged.push(line.slice(25)) }),
  });
  const running = agent.run();
  return {
    ...{ agent, server, world, logged },
    take: (text: string) => agent.takeStatsd(new TextEncoder().encode(text)),
    async delivered(): Promise<void> {
      await world.pass(500);
      await until(() => agent.status().batches.open === 0 && agent.status().states === 0, {
        what: "all is delivered",
        step: () => server.busy === 0 ? world.pass(100) : turn(),
      });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const stopped = agent.stop(0);
      await world.pass(1);
      await Promise.all([stopped, running]);
    },
  };
}

function journalOn(disk: MemoryDisk, { clock }: VirtualTime): Journal {
  return openJournal(disk, {
    ...{ registry: createRegistry(), now: clock(), bytesMax: 1e9, fsync: false, newSender: () => "agent-1" },
    log: createLog({ clock, write: () => {} }),
  });
}

Deno.test("Agent: StatsD lines are folded and sent as any others, those refused counted by reason", async () => {
  await using fixture = open();
  fixture.take("hits:3|c\nhits:1|c|#route:/bid\nnonsense\nload:+2|g");
  fixture.take("load:+3|g\nlatency:1:2:3|ms\n:1|c\nx:a|c");
  await fixture.delivered();
  assertEquals(fixture.server.events(), {
    "hits host-1": 1,
    "hits;route=/bid host-1": 1,
    "load host-1": 2,
    "latency host-1": 3,
  });
  const { statsd, events } = fixture.agent.status();
  assertEquals(statsd, {
    ...{ datagrams: 2, datagramsDropped: 0, lines: 8, held: 0 },
    refused: { line_malformed: 1, tab_illegal: 1, value_illegal: 1 },
  });
  assertEquals([events.folded, events.acked], [7, 7]);
  const gauge = [...fixture.server.ledger].find(({ tab }) => tab === "load");
  assertEquals(gauge?.handler.render(gauge.state, fixture.world.clock()), { "5": 1 });
});

Deno.test("Agent: a tab of StatsD that has another type is refused and counted", async () => {
  await using fixture = open();
  const body = '{"tab":"hits","type":"TotalsCounter","events":[[1]]}';
  await fixture.agent.fetch(new Request("http://agent/post", { method: "POST", body }));
  fixture.take("hits:3|c\nhits:4|c\nwins:1|c");
  await fixture.delivered();
  assertEquals(fixture.server.events(), { "hits unknown": 1, "wins host-1": 1 });
  assertEquals(fixture.agent.status().lines.refused, { type_conflict: 2 });
  fixture.take("hits:3|c");
  await fixture.delivered();
  assertEquals(fixture.agent.status().statsd.refused, { type_conflict: 1 });
});

Deno.test("Agent: StatsD lines wait while the journal can't keep them, and outlive the process once it has", async () => {
  const [time, disk] = [new VirtualTime(), new MemoryDisk()];
  await using first = open(journalOn(disk, time), time);
  first.server.fate = () => "unreached";
  disk.bytesMax = disk.bytes;
  first.take("hits:3|c\nhits:4|c");
  await time.pass(1000);
  assertEquals([first.agent.status().statsd.held, first.agent.status().events.folded], [2, 0]);
  disk.bytesMax = Number.MAX_SAFE_INTEGER;
  await time.pass(1000);
  assertEquals([first.agent.status().statsd.held, first.agent.status().events.folded], [0, 2]);
  await using second = open(journalOn(disk.restarted(), time), time);
  await second.delivered();
  assertEquals(second.server.events(), { "hits host-1": 2 });
});

Deno.test("stop: says how many StatsD events are lost where the journal can't keep them", async () => {
  const [time, disk] = [new VirtualTime(), new MemoryDisk()];
  let logged: readonly string[];
  {
    await using fixture = open(journalOn(disk, time), time);
    ({ logged } = fixture);
    disk.bytesMax = disk.bytes;
    fixture.take("hits:3|c\nhits:4|c");
  }
  const lost = "error lost StatsD events at the stop as the journal could not keep them events=2";
  assertEquals(logged.filter((line) => line.includes("StatsD")), [lost]);
});

Deno.test("stop: sends StatsD events that the journal can keep in time", async () => {
  const [time, disk] = [new VirtualTime(), new MemoryDisk()];
  await using fixture = open(journalOn(disk, time), time);
  disk.bytesMax = disk.bytes;
  fixture.take("hits:3|c");
  let isStopped = false;
  const stopped = fixture.agent.stop(5000).then(() => isStopped = true);
  await time.pass(1000);
  assertEquals(isStopped, false);
  disk.bytesMax = Number.MAX_SAFE_INTEGER;
  const step = () => fixture.server.busy === 0 ? time.pass(100) : turn();
  await until(() => isStopped, { what: "it has stopped", step });
  await stopped;
  assertEquals(fixture.server.events(), { "hits host-1": 1 });
});

Deno.test("clientOfHost: is a legal name, whatever a host is called", () => {
  for (const hostname of ["web-1.example.com", "web 1", "b\u00fcro", "x".repeat(300), "\u00fc".repeat(300), ""]) {
    assertEquals(nameProblem(clientOfHost(hostname)), undefined, hostname);
  }
  assertEquals(["web-1.example.com", "web 1"].map(clientOfHost), ["web-1.example.com", "web~201"]);
});
