// One server as several processes that share its port: what dies is started again, and a stop ends them all.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type LocalRedis, startRedis } from "../../tools/local_redis.ts";
import { runProgram, type Service, startService } from "../../tools/program.ts";
import { until } from "./waiting.ts";

const BUCKETS = 16;

Deno.test("workers: share the buckets, a killed one is started again, and all stop together", async () => {
  await using redis = await startRedis({});
  await using server = await startWorkers(redis);
  const first = await workersDraining(server.url);
  await kill(first[0]);
  const second = await workersDraining(server.url, first[0]);
  assert(second.includes(first[1]), "the other worker goes on");

  const posted = await fetch(`${server.url}/post`, { method: "POST", body: '{"tab":"bids","events":[[3.25]]}' });
  assertEquals((await posted.json()).events, 1);
  assertEquals(await server.program.stop(), 0, server.program.output);
  for (const pid of second) assert(!isAlive(pid), `worker ${pid} must have ended`);
});

Deno.test("workers: stop by themselves when their supervisor is killed", async () => {
  await using redis = await startRedis({});
  await using server = await startWorkers(redis);
  const workers = await workersDraining(server.url);
  await server.program.kill();
  await until(() => !workers.some(isAlive), { what: "the workers have ended" });
});

Deno.test("workers: of an embedded store there can be no more than one", async () => {
  const { code, output } = await runProgram({ name: "server", module: "server/main.ts", args: ["--workers", "2"] });
  assertEquals(code, 2);
  assertMatch(output, /^taba-server: cannot start workers as they must share a store[^\n]*$/);
});

Deno.test("taba-server: what would refuse every post is one line and 2", async () => {
  const { code, output } = await runProgram({
    name: "server",
    module: "server/main.ts",
    args: ["--queue-bytes-hard=9"],
  });
  assertEquals([code, output], [
    2,
    "taba-server: cannot start as --queue-bytes-soft must be at most --queue-bytes-hard: 268435456 is more than 9",
  ]);
});

/** A server of two workers that drain all buckets of one shard. */
async function startWorkers(redis: LocalRedis): Promise<Service> {
  const config = `${redis.folder}/taba.json`;
  const shards = [{ name: "shard1", buckets: [0, BUCKETS - 1] }];
  await Deno.writeTextFile(config, JSON.stringify({ redis: { sentinels: redis.sentinels, buckets: BUCKETS, shards } }));
  return await startService({
    name: "server",
    module: "server/main.ts",
    args: ["--port", "0", "--workers", "2", "--config", config],
  });
}

/** The two workers' process ids, once they share all buckets and `without` is not among them. */
async function workersDraining(url: string, without?: number): Promise<readonly number[]> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const bucketsByPid = new Map<number, number>();
    // Each connection is one of the workers', by chance.
    for (let attempt = 0; attempt < 20; attempt++) {
      const response = await fetch(`${url}/status`, { headers: { connection: "close" } }).catch(() => undefined);
      const status = await response?.json();
      // An id begins with "server-" and the process's own id.
      if (status !== undefined) bucketsByPid.set(Number(status.id.split("-")[1]), status.drain.buckets);
    }
    const pids = [...bucketsByPid.keys()];
    const drained = [...bucketsByPid.values()].reduce((sum, buckets) => sum + buckets, 0);
    if (pids.length === 2 && drained === BUCKETS && !pids.includes(without ?? 0)) return pids;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("two workers must share all buckets");
}

async function kill(pid: number): Promise<void> {
  Deno.kill(pid, "SIGKILL");
  await until(() => !isAlive(pid), { what: `worker ${pid} has ended` });
}

/** A zombie has ended, though nobody may have asked how. */
function isAlive(pid: number): boolean {
  try {
    return !Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") Z ");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
