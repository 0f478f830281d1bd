// What the application of `deno task bench:cluster` records: which tab and which value come as the how manieth event.
// Its process and the one that checks the counts both know it, so nothing has to be written down while it records.

import { seededRandom } from "../../tests/cluster/load.ts";

export const TABS = 30_000;

const random = seededRandom(1);

export const tabNames: readonly string[] = Array.from({ length: TABS }, (_, index) => `service.route_${index}.latency`);
/** The tab of each event, again and again: a random one, so that every event is another cache line as in a real service. */
export const order = Uint16Array.from({ length: 1 << 20 }, () => random() * TABS);
/** Its value, again and again: lognormal, three decades, as prices and latencies are. */
export const values = Float64Array.from({ length: 1 << 14 }, () => Math.exp(normal()));

/** How many of the first events went to each tab. */
export function countsOf(events: number): Float64Array {
  const counts = new Float64Array(TABS);
  const rounds = Math.floor(events / order.length);
  const rest = events % order.length;
  order.forEach((tab, index) => counts[tab] += rounds + (index < rest ? 1 : 0));
  return counts;
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
