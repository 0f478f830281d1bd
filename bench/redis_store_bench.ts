// The store on Redis by itself: one process, one shard with a replica, over loopback. Beside each rate stands what Redis
// and this process used of a processor, and how long one script held Redis on average. bench/redis_bench.ts measures
// whole servers.

import { RedisStore } from "../server/store/redis_store.ts";
import type { Entry, Lease, StateKey } from "../server/store/store.ts";
import { createLog } from "../service/log.ts";
import { systemClock } from "../service/world.ts";
import { startRedis } from "../tools/local_redis.ts";
import { report, title } from "./harness.ts";

const BUCKETS = 100;
const TABS = 30_000;
const MEASURE_MS = 2000;
const STATE_BYTES = 300;
const COMMITTED_BYTES = 2000;

await using redis = await startRedis({ replicas: 1 });
const [master] = redis.nodes("shard1");
let prefixes = 0;

for (const replicas of [0, 1]) {
  title(`Enqueue: States of ${STATE_BYTES} bytes, replicas: ${replicas}`);
  await measureEnqueue({ replicas, entries: 10, atOnce: 64 });
  await measureEnqueue({ replicas, entries: 500, atOnce: 16 });
  await measureEnqueue({ replicas, entries: 5000, atOnce: 4 });
}
title("Enqueue: a batch of 64 MiB, in parts");
await measureEnqueue({ replicas: 0, entries: 200_000, atOnce: 1 });
title(`Drain: commits of 1,000 States of ${COMMITTED_BYTES} bytes, ten buckets at once`);
await measureCommit();
title("Read: 30 States of a bucket, as a query of all tabs reads them");
await measureRead();

function open(replicas: number): RedisStore {
  return new RedisStore({
    sentinels: redis.sentinels,
    buckets: BUCKETS,
    shards: [{ name: "shard1", buckets: [0, BUCKETS - 1] }],
    replicas,
    prefix: `bench-${prefixes++}:`,
    clock: systemClock,
    random: Math.random,
    log: createLog({ clock: systemClock, write: () => {} }),
  });
}

interface Enqueueing {
  readonly replicas: number;
  /** Of a batch. */
  readonly entries: number;
  /** Batches under way at any time. */
  readonly atOnce: number;
}

async function measureEnqueue({ replicas, entries, atOnce }: Enqueueing): Promise<void> {
  await using store = open(replicas);
  const batches = Array.from(
    { length: Math.max(1, TABS / entries) },
    (_, batch) => entriesFrom(batch * entries, entries),
  );
  await store.enqueue(undefined, entriesFrom(0, TABS)); // every tab is known from now on
  let seq = 0;
  await measureLoop(`${entries} entries a batch, ${atOnce} at once`, { unit: "entries", atOnce }, async (turn) => {
    await store.enqueue({ sender: `agent-${turn}`, seq: seq++, low: 0 }, batches[seq % batches.length]);
    return entries;
  });
  await master.call(["FLUSHALL"]);
}

function entriesFrom(first: number, count: number): readonly Entry[] {
  const bytes = new Uint8Array(STATE_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const client = `web-${Math.floor(number / TABS)}`;
    return { tab: `service.metric-${number % TABS}`, client, type: "CounterGroup", version: 0, bytes, events: 100 };
  });
}

async function measureCommit(): Promise<void> {
  await using store = open(0);
  const leases: Lease[] = [...await store.lease("be-1", Array.from({ length: 10 }, (_, bucket) => bucket), 600_000)];
  const bytes = new Uint8Array(COMMITTED_BYTES);
  let commits = 0;
  await measureLoop("commit", { unit: "states", atOnce: leases.length }, async (turn) => {
    const lease = leases[turn];
    const next = `c${commits++}`;
    const states = Array.from({ length: 1000 }, (_, index) => {
      return { tab: `service.metric-${turn}-${index}`, client: "web-1", type: "CounterGroup", version: 0, bytes };
    });
    if (!await store.commit({ lease, next, consumed: undefined, requeued: [], states, removed: [] })) {
      throw new Error("the only owner may commit");
    }
    leases[turn] = { ...lease, revision: next };
    return states.length;
  });
}

async function measureRead(): Promise<void> {
  await using store = open(0);
  const keys: StateKey[] = Array.from({ length: 30 }, (_, index) => ({ tab: `service.metric-${index}`, client: "" }));
  const [lease] = await store.lease("be-1", [0], 600_000);
  const bytes = new Uint8Array(COMMITTED_BYTES);
  const states = keys.map((key) => ({ ...key, type: "CounterGroup", version: 0, bytes }));
  await store.commit({ lease, next: "c1", consumed: undefined, requeued: [], states, removed: [] });
  await measureLoop(
    "read, 16 at once",
    { unit: "states", atOnce: 16 },
    async () => (await store.read(0, keys)).states.length,
  );
  await measureLoop("read, one after another", { unit: "reads", atOnce: 1 }, async () => {
    await store.read(0, keys);
    return 1;
  });
}

/** Does the same again and again, several at once, for a while; each answers how many units it did. */
async function measureLoop(
  name: string,
  options: { readonly unit: string; readonly atOnce: number },
  act: (turn: number) => Promise<number>,
): Promise<void> {
  const { unit, atOnce } = options;
  await Promise.all(Array.from({ length: atOnce }, (_, turn) => act(turn))); // scripts are loaded from now on
  await master.call(["CONFIG", "RESETSTAT"]);
  const [cpu, own] = [cpuSeconds(master.pid), cpuSeconds(Deno.pid)];
  const begun = performance.now();
  let units = 0;
  await Promise.all(Array.from({ length: atOnce }, async (_, turn) => {
    while (performance.now() < begun + MEASURE_MS) {
      const done = await act(turn);
      units += done;
    }
  }));
  const seconds = (performance.now() - begun) / 1000;
  const cores = (used: number) => (used / seconds).toFixed(2);
  const rate = Math.round(units / seconds).toLocaleString("en");
  const held = await scriptMs();
  const used = `Redis ${cores(cpuSeconds(master.pid) - cpu)}, this process ${cores(cpuSeconds(Deno.pid) - own)} cores`;
  report(name, `${rate} ${unit}/s   (${used}; a script took ${held} ms)`);
}

async function scriptMs(): Promise<string> {
  const stats = String(await master.call(["INFO", "commandstats"]));
  return (Number(stats.match(/^cmdstat_evalsha:.*?usec_per_call=([\d.]+)/m)?.[1]) / 1000).toFixed(2);
}

/** User and system time of a process so far, from /proc. */
function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  const ticksASecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond;
}
