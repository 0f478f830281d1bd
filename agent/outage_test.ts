// Servers away for hours, on virtual time: what an agent holds stays what its tabs take, and nothing is missing later.

import { assert, assertEquals } from "@std/assert";
import { Folding } from "../core/folding.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { createLog } from "../service/log.ts";
import { FakeServer } from "../tests/sim/fake_server.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent } from "./agent.ts";
import { NoJournal } from "./journaling.ts";

const HOURS = 6;
const POST_PERIOD_S = 60;
const TABS = 30;

/** What each tab renders at `now`. */
function rendered(folding: Folding, now: number): Readonly<Record<string, unknown>> {
  const entries = [...folding].map(({ tab, handler, state }) => [tab, handler.render(state, now)] as const);
  return JSON.parse(JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => a < b ? -1 : 1))));
}

Deno.test("Agent: after hours without servers all windows hold what they would have held, and its memory was bounded", async () => {
  const time = new VirtualTime();
  const server = new FakeServer(time);
  const registry = createRegistry();
  /** A server that was there all the time. */
  const twin = new Folding(registry, { statesMax: 1000 });
  let isAway = true;
  server.fate = () => isAway ? "unreached" : "answered";
  const agent = new Agent({
    ...{ registry, journal: new NoJournal("agent-1"), servers: ["http://one", "http://two"], flushMs: 5000 },
    ...{ statesMax: 1000, outboxBytesMax: limits.outboxBytesMax, batchBytesMax: limits.batchBytesMax },
    ...{ clock: time.clock, random: () => 0.999, sleep: time.sleep, pause: turn, fetch: server.fetch },
    log: createLog({ clock: time.clock, write: () => {} }),
  });
  const running = agent.run();

  let events = 0;
  const idle = () => until(() => server.busy === 0, { what: "the servers are idle" });
  for (let round = 0; round < HOURS * 3600 / POST_PERIOD_S; round++) {
    const now = time.clock();
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
      const folded = twin.add({ number: 1, tab, client: "unknown", type, payload }, now);
      assert(folded.ok);
    }
    events += 20;
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const { status } = await agent.fetch(new Request("http://agent/post", { method: "POST", body }));
    assertEquals(status, 200);
    await idle();
    await time.pass(1000 * POST_PERIOD_S);
    const { states, batches } = agent.status();
    assert(states <= TABS && batches.open <= limits.outboxBatchesMax, `${states} States, ${batches.open} batches`);
  }
  const { batches, events: { held } } = agent.status();
  assertEquals(batches.sealed, limits.outboxBatchesMax);
  assert(held > 0.9 * events);

  isAway = false;
  await until(() => agent.status().events.acked === events && agent.status().batches.open === 0, {
    what: "all is delivered",
    step: () => server.busy === 0 ? time.pass(500) : turn(),
  });
  assertEquals(rendered(server.ledger, time.clock()), rendered(twin, time.clock()));
  const stopped = agent.stop(0);
  await time.pass(1);
  await Promise.all([stopped, running]);
});
