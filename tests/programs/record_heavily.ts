// A service that records all it can while nobody answers at its agent's address. Prints a line of JSON a second: what it
// and its client hold. Arguments: the agent's URL, and for how many seconds.

import * as taba from "../../client/mod.ts";

const [agent, seconds] = Deno.args;
const TABS = 1000;
const WORK_MS = 20;
const PAUSE_MS = 5;

/** What a second was like. */
export interface Sample {
  readonly second: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Events recorded in all, by the service's own count and by the client's. */
  readonly calls: number;
  readonly recorded: number;
  readonly acked: number;
  readonly pending: number;
  readonly dropped: number;
  readonly droppedByReason: Readonly<Record<string, number>>;
  readonly heldBytes: number;
  readonly requests: number;
  readonly failures: number;
  /** The longest that the service was kept from its own work. */
  readonly latestMs: number;
}

taba.initialize({ client: "heavy-1", agent, tabsMax: TABS + 500, bytesMax: 4 * 1024 * 1024 });
const counters = Array.from({ length: TABS / 2 }, (_, index) => taba.tab(`counter_${index}`));
const latencies = counters.map((_, index) => taba.tab(`latency_${index}`, { type: "PercentileGroup" }));

let calls = 0;
let latestMs = 0;

function work(): void {
  const end = performance.now() + WORK_MS;
  while (performance.now() < end) {
    for (let index = 0; index < counters.length; index++, calls += 2) {
      counters[index].record(index);
      latencies[index].record((calls * 7919) % 1009);
    }
    taba.gauge("progress", calls++);
    taba.counter(`customer_${calls % 5000}`, 1);
    taba.buffer("notes", { calls: calls++ });
    calls++;
  }
}

function sample(second: number): Sample {
  const { rss, heapUsed } = Deno.memoryUsage();
  const { recorded, acked, pending, dropped, droppedByReason, bytes, requests, failures } = taba.status();
  const reasons = Object.entries(droppedByReason).map(([reason, { events }]) => [reason, events]);
  return {
    second,
    rssBytes: rss,
    heapBytes: heapUsed,
    calls,
    recorded,
    acked,
    pending,
    dropped,
    droppedByReason: Object.fromEntries(reasons),
    heldBytes: bytes,
    requests,
    failures,
    latestMs,
  };
}

const start = performance.now();
for (let second = 1; second <= Number(seconds); second++) {
  latestMs = 0;
  while (performance.now() < start + second * 1000) {
    work();
    const due = performance.now() + PAUSE_MS;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    latestMs = Math.max(latestMs, performance.now() - due);
  }
  console.log(JSON.stringify(sample(second)));
}
// And ends as any program does, without a word to the client.
