// The application of `deno task bench:cluster`: records through the client as fast as asked, in turns as a server's
// work comes. Arguments: the agent's URL, events a second, seconds, and for how many
// milliseconds at most it sends afterwards. It says on standard output what it has recorded, and
// ends when its standard input does, so that what the system knows of its process can be read before.

import { setImmediate } from "node:timers/promises";
import * as taba from "../../client/mod.ts";
import { order, tabNames, TABS, values } from "./plan.ts";

const [agent, ...numbers] = Deno.args;
const [rate, seconds, stopTimeoutMs] = numbers.map(Number);
const TURN_MS = 5;
const PIECE = 1024;
const PROBE_PERIOD_MS = 500;

taba.initialize({ client: "app-1", agent, stopTimeoutMs });
const tabs = tabNames.map((name) => taba.tab(name));

let events = 0;
let probes = 0;

/** `PIECE` divides the length of `order`. */
function recordPiece(): void {
  const from = events % order.length;
  for (let index = from; index < from + PIECE; index++) tabs[order[index]].record(values[index % values.length]);
  events += PIECE;
}

function probe(): void {
  taba.counter(`probe_${probes}`);
  console.log(`probe ${probes} ${Date.now()}`);
  probes++;
}

console.log(`recording ${TABS} tabs`);
const start = performance.now();
for (let now = start; now < start + seconds * 1000; now = performance.now()) {
  if (now >= start + probes * PROBE_PERIOD_MS) probe();
  const due = rate * (now - start) / 1000;
  while (events < due && performance.now() < now + TURN_MS) recordPiece();
  if (events < due) await setImmediate();
  else await new Promise((resolve) => setTimeout(resolve, 1));
}
console.log(`recorded ${JSON.stringify({ events, probes, seconds: (performance.now() - start) / 1000 })}`);
const { sent } = await taba.stop();
console.log(`stopped ${JSON.stringify({ sent, ...taba.status() })}`);
await new Response(Deno.stdin.readable).text();
