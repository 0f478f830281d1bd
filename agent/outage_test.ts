// Servers away for hours, on virtual time: what an agent holds in memory and in its journal stays what its tabs take, and
// nothing is missing later.

import { assert, assertEquals } from "@std/assert";
import { Folding } from "../core/folding.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { createLog } from "../service/log.ts";
import { FakeServer } from "../tests/sim/fake_server.ts";
import { MemoryDisk } from "../tests/sim/memory_disk.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent } from "./agent.ts";
import { openJournal } from "./journal/journal.ts";
import { type Journal, NoJournal } from "./journal/journaling.ts";

const HOURS = 6;
const POST_PERIOD_S = 60;
const TABS = 30;
const CLIENT = "web-1";

const registry = createRegistry();

/** What each tab renders at `now`. */
function rendered(folding: Folding, now: number): Readonly<Record<string, unknown>> {
  const entries = [...folding].map(({ tab, handler, state }) => [tab, handler.render(state, now)] as const);
  return JSON.parse(JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => a < b ? -1 : 1))));
}

/** An agent that no server can be reached by, until there is one, and a server that was there all the time. */
class Fixture {
  readonly time = new VirtualTime();
  readonly server = new FakeServer(this.time);
  readonly twin = new Folding(registry, { statesMax: 1000 });
  isAway = true;
  events = 0;
  /** Bytes of all posts. */
  bytes = 0;
  agent: Agent;
  #running: Promise<void>;
  #round = 0;

  constructor(journal: Journal) {
    this.server.fate = () => this.isAway ? "unreached" : "answered";
    this.agent = this.#newAgent(journal);
    this.#running = this.agent.run();
  }

  async pass(ms: number): Promise<void> {
    await until(() => this.server.busy === 0, { what: "the servers are idle" });
    await this.time.pass(ms);
  }

  /** Posts and lets a minute pass. */
  async round(): Promise<void> {
    const now = this.time.clock();
    const round = this.#round++;
    const lines = Array.from({ length: 10 }, (_, index) => {
      const tab = (7 * round + index) % TABS;
      const type = tab % 3 === 0 ? "PercentileGroup" : "CounterGroup";
      return { tab: `tab-${tab}`, type, events: [[now - round % 90, 1 + (round + index) % 13], [now, round % 5]] };
    });
    for (const { tab, type, events } of lines) {
      const payload = {
        kind: "json",
        times: events.map(([at]) => at),
        values: events.map(([, value]) => value),
      } as const;
      assert(this.twin.add({ number: 1, tab, client: CLIENT, type, payload }, now).ok);
    }
    this.events += 20;
    const header = { client: CLIENT, sender: CLIENT, seq: round, low: round };
    const body = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
    this.bytes += body.length;
    const response = await this.agent.fetch(new Request("http://agent/post", { method: "POST", body }));
    assertEquals(response.status, 200, await response.text());
    await this.pass(1000 * POST_PERIOD_S);
  }

  /** The process ends, and another one begins. */
  async restart(journal: Journal): Promise<void> {
    await this.stop();
    this.agent = this.#newAgent(journal);
    this.#running = this.agent.run();
  }

  /** Until a server that is back has all. */
  async delivered(): Promise<void> {
    this.isAway = false;
    const isDone = () => this.agent.status().states === 0 && this.agent.status().batches.open === 0;
    await until(isDone, {
      what: "all is delivered",
      step: () => this.server.busy === 0 ? this.time.pass(500) : turn(),
    });
    const { time, server, twin, events } = this;
    assertEquals(Object.values(server.events()).reduce((sum, count) => sum + count, 0), events);
    assertEquals(rendered(server.ledger, time.clock()), rendered(twin, time.clock()));
  }

  async stop(): Promise<void> {
    const stopped = this.agent.stop(0);
    await this.pass(1);
    await Promise.all([stopped, this.#running]);
  }

  #newAgent(journal: Journal): Agent {
    const { time, server } = this;
    return new Agent({
      ...{ registry, journal, servers: ["http://one", "http://two"], flushMs: 20_000 },
      ...{ statesMax: 1000, outboxBytesMax: limits.outboxBytesMax, batchBytesMax: limits.batchBytesMax },
      ...{ clock: time.clock, random: () => 0.999, sleep: time.sleep, pause: turn, fetch: server.fetch },
      log: createLog({ clock: time.clock, write: () => {} }),
    });
  }
}

Deno.test("Agent: after hours without servers all windows hold what they would have held, and its memory was bounded", async () => {
  const fixture = new Fixture(new NoJournal("agent-1"));
  for (let round = 0; round < HOURS * 3600 / POST_PERIOD_S; round++) {
    await fixture.round();
    const { states, batches } = fixture.agent.status();
    assert(states <= TABS && batches.open <= limits.outboxBatchesMax, `${states} States, ${batches.open} batches`);
  }
  const { batches, events: { held } } = fixture.agent.status();
  assertEquals(batches.sealed, limits.outboxBatchesMax);
  assert(held > 0.9 * fixture.events);
  await fixture.delivered();
  assertEquals(fixture.agent.status().events.acked, fixture.events);
  await fixture.stop();
});

Deno.test("Agent: in hours without servers, restarted now and then, its journal grows with its tabs and not with time", async () => {
  let disk = new MemoryDisk();
  const openOn = (from: MemoryDisk, now: number) =>
    openJournal(from, {
      ...{ registry, now, bytesMax: 1_000_000, fsync: false, newSender: () => "agent-1" },
      log: createLog({ clock: () => 0, write: () => {} }),
    });
  const fixture = new Fixture(openOn(disk, 0));
  const restart = () => fixture.restart(openOn(disk = disk.restarted(), fixture.time.clock()));
  let [early, late] = [0, 0];
  const rounds = HOURS * 3600 / POST_PERIOD_S;
  for (let round = 0; round < rounds; round++) {
    await fixture.round();
    if (round % 45 === 44) await restart();
    const { journal } = fixture.agent.status();
    if (round < rounds / 2) early = Math.max(early, journal?.bytes ?? 0);
    else late = Math.max(late, journal?.bytes ?? 0);
  }
  assert(late < 1.25 * early && late < fixture.bytes / 4, `${early}, then ${late} bytes, of ${fixture.bytes} posted`);
  const { segments = 0 } = fixture.agent.status().journal ?? {};
  assert(segments <= limits.outboxBatchesMax + 2, `${segments} segments`);
  await restart();
  await fixture.delivered();
  await fixture.stop();
});
