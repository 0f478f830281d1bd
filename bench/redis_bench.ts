// What servers on Redis take, drain and answer: real processes on loopback, one shard with a replica, posts from four
// connections at once. Everything shares this machine's processors, the load included, so CPU seconds stand beside.

import { startRedis } from "../tools/local_redis.ts";
import { startService } from "../tools/program.ts";
import { bytesOf, rawLines, stateLines } from "./bodies.ts";
import { report, title } from "./harness.ts";

const LOAD_S = 6;
const CONNECTIONS = 4;
const TABS = 30_000;
const BUCKETS = 64;
/** Of 30,000 tabs, so that a post touches every bucket. */
const STATES_A_POST = 5000;

interface Setup {
  readonly workers: number;
  readonly replicas: number;
}

interface Load {
  readonly unit: string;
  readonly bodies: readonly Uint8Array<ArrayBuffer>[];
  readonly unitsABody: number;
}

const raw: Load = { unit: "events", bodies: [bytesOf(rawLines(100, 500))], unitsABody: 100 * 500 };
const states: Load = {
  unit: "states",
  bodies: Array.from(
    { length: TABS / STATES_A_POST },
    (_, part) => bytesOf(stateLines(TABS, "web-1").slice(part * STATES_A_POST, (part + 1) * STATES_A_POST)),
  ),
  unitsABody: STATES_A_POST,
};

const acknowledged = new Map<number, number>();
for (const setup of [{ workers: 1, replicas: 0 }, { workers: 1, replicas: 1 }, { workers: 2, replicas: 0 }]) {
  await run(setup);
}
const ratio = (acknowledged.get(1) ?? NaN) / (acknowledged.get(0) ?? NaN);
title("Replicas");
report("states acknowledged with replicas: 1, of those without", `${(100 * ratio).toFixed(0)} %`);

async function run({ workers, replicas }: Setup): Promise<void> {
  title(`Redis: ${workers} server process${workers > 1 ? "es" : ""}, replicas: ${replicas}`);
  await using redis = await startRedis({ replicas: 1 });
  const config = `${redis.folder}/taba.json`;
  const shards = [{ name: "shard1", buckets: [0, BUCKETS - 1] }];
  await Deno.writeTextFile(
    config,
    JSON.stringify({ redis: { sentinels: redis.sentinels, buckets: BUCKETS, replicas, shards } }),
  );
  await using server = await startService({
    name: "server",
    module: "server/main.ts",
    args: ["--port", "0", "--workers", String(workers), "--config", config],
  });
  const master = await redis.master("shard1");
  await post(server.url, raw.bodies[0]);
  for (const load of [raw, states]) {
    const rate = await measureLoad(server.url, load, master.pid);
    if (load === states && workers === 1) acknowledged.set(replicas, rate);
  }
  report("bytes of Redis for a State, aggregates among them", await bytesAState(server.url, master));
  const { commit } = await json(server.url, "/latency");
  const [, p50, , , , p99] = commit["10m"].pct.map((seconds: number) => seconds.toFixed(2));
  report("from accepted to committed, oldest of each commit", `p50 ${p50} s, p99 ${p99} s`);
  await measureQueries(server.url);
}

/** Posts for a while, then waits until all is committed. Answers the units accepted a second. */
async function measureLoad(url: string, load: Load, redisPid: number): Promise<number> {
  const cpu = () => cpuSeconds(redisPid);
  const [begun, cpuBefore] = [performance.now(), cpu()];
  let [posts, refused] = [0, 0];
  await Promise.all(Array.from({ length: CONNECTIONS }, async (_, connection) => {
    for (let turn = connection; performance.now() - begun < 1000 * LOAD_S; turn++) {
      if (await post(url, load.bodies[turn % load.bodies.length])) posts++;
      else refused++;
    }
  }));
  const acceptedS = (performance.now() - begun) / 1000;
  while ((await json(url, "/status")).store.queues.entries > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  const committedS = (performance.now() - begun) / 1000;
  const units = posts * load.unitsABody;
  const rate = (seconds: number) => `${Math.round(units / seconds).toLocaleString("en")} ${load.unit}/s`;
  report(`${load.unit} accepted`, `${rate(acceptedS)} (${refused} of ${posts + refused} posts refused as too many)`);
  report(`${load.unit} accepted, drained and committed`, rate(committedS));
  report("CPU of Redis meanwhile", `${((cpu() - cpuBefore) / committedS).toFixed(2)} cores`);
  return units / acceptedS;
}

/** False where the server is over its capacity. */
async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const response = await fetch(`${url}/post`, { method: "POST", body });
  await response.body?.cancel();
  if (!response.ok && response.status !== 429) throw new Error(`a post answered ${response.status}`);
  return response.ok;
}

async function json(url: string, path: string) {
  return await (await fetch(url + path, { headers: { accept: "application/json" } })).json();
}

async function bytesAState(url: string, redis: { call(args: readonly string[]): Promise<unknown> }): Promise<string> {
  const { store } = await json(url, "/status");
  const used = Number(String(await redis.call(["INFO", "memory"])).match(/used_memory:(\d+)/)?.[1]);
  return `${Math.round(used / store.tabs)} (${store.tabs} tabs of one client)`;
}

async function measureQueries(url: string): Promise<void> {
  const timesMs: number[] = [];
  for (let round = 0; round < 50; round++) {
    const begun = performance.now();
    await json(url, `/tabs?name=tab-${round}`);
    timesMs.push(performance.now() - begun);
  }
  timesMs.sort((a, b) => a - b);
  report("a query of one tab", `median ${timesMs[25].toFixed(1)} ms`);
  const begun = performance.now();
  const tabs = Object.keys(await json(url, "/tabs")).length;
  report(`a query of all ${tabs} tabs`, `${((performance.now() - begun) / 1000).toFixed(2)} s`);
}

/** User and system time of a process so far, from /proc. */
function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  const ticksASecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond;
}
