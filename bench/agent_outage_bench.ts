// An agent whose servers are away for a minute, under load: how its resident memory goes, and whether all is counted
// afterwards. Posts are given to its handler as Requests, as fast as the load asks, in this process.

import { Agent } from "../agent/agent.ts";
import { NoJournal } from "../agent/journaling.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { createLog } from "../service/log.ts";
import { systemClock, systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { FakeServer } from "../tests/sim/fake_server.ts";

const AWAY_S = Number(Deno.args[0] ?? 60);
const EVENTS_A_SECOND = 200_000;
const TABS = 5000;
const CLIENTS = 10;
/** Each client posts twice a second. */
const POSTS_A_SECOND = 2 * CLIENTS;
const EVENTS_A_POST = EVENTS_A_SECOND / POSTS_A_SECOND;

const server = new FakeServer({ clock: systemClock, sleep: systemSleep });
let isAway = true;
server.fate = () => isAway ? "unreached" : "answered";
const agent = new Agent({
  ...{ registry: createRegistry(), journal: new NoJournal("bench"), servers: ["http://one", "http://two"] },
  ...{ flushMs: 500, statesMax: limits.agentStatesMax, outboxBytesMax: limits.outboxBytesMax },
  ...{ batchBytesMax: limits.batchBytesMax, clock: systemClock, random: systemRandom, sleep: systemSleep },
  ...{ pause: systemPause, log: createLog({ clock: systemClock, write: () => {} }) },
  async fetch(request) {
    const response = await server.fetch(request);
    server.received.length = 0; // else the measure would be of what it keeps
    return response;
  },
});
const running = agent.run();

/** Each client has its share of the tabs, and each of its posts some events of each of them. */
const bodies = Array.from({ length: CLIENTS }, (_, client) => {
  const tabs = TABS / CLIENTS;
  const lines: string[] = [JSON.stringify({ client: `web-${client}` })];
  for (let tab = 0; tab < tabs; tab++) {
    const events = Array.from({ length: EVENTS_A_POST / tabs }, (_, index) => [1 + (tab + 7 * index) % 100]);
    lines.push(JSON.stringify({ tab: `tab-${client * tabs + tab}`, events }));
  }
  return new TextEncoder().encode(lines.join("\n"));
});

const begun = performance.now();
let posts = 0;
const curve: number[] = [];
for (let second = 1; second <= AWAY_S; second++) {
  // A machine that can't keep up gets less load, not more time.
  const end = begun + 1000 * second;
  for (let post = 0; post < POSTS_A_SECOND && performance.now() < end; post++) {
    const response = await agent.fetch(
      new Request("http://agent/post", { method: "POST", body: bodies[posts++ % CLIENTS] }),
    );
    if (response.status !== 200) throw new Error(`a post was refused: ${await response.text()}`);
    await response.body?.cancel();
    await systemPause();
  }
  const early = end - performance.now();
  if (early > 0) await systemSleep(early);
  curve.push(Deno.memoryUsage().rss / 2 ** 20);
  if (second % 5 === 0 || second <= 5) {
    const { states, batches } = agent.status();
    console.log(`${second} s: ${curve[second - 1].toFixed(0)} MiB, ${states} States, ${batches.open} batches open`);
  }
}
const events = posts * EVENTS_A_POST;
const rate = events / (performance.now() - begun) * 1000;
console.log(`away for ${AWAY_S} s at ${Math.round(rate)} events/s over ${TABS} tabs; servers are back`);
isAway = false;
const back = performance.now();
while (agent.status().events.acked < events) await systemSleep(20);
const counted = Object.values(server.events()).reduce((sum, count) => sum + count, 0);
console.log(`${counted} of ${events} events counted ${((performance.now() - back) / 1000).toFixed(1)} s later`);
await Promise.all([agent.stop(1000), running]);
if (counted !== events) Deno.exit(1);
