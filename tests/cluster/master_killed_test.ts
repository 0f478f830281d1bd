// Redis masters are killed under load, and Sentinel promotes their replicas. With `replicas: 1` nothing that was accepted
// is lost or doubled; with `replicas: 0` the newest may be, and the test prints how much was.

import { assert, assertEquals } from "@std/assert";
import type { LocalRedis, RedisNode } from "../../tools/local_redis.ts";
import { differences, readTabs } from "./ledger.ts";
import { startTrial, statusOf, type Trial } from "./trial.ts";
import { until } from "./waiting.ts";

const KILLS = 5;
const REDIS = { shards: 2, replicas: 1, sentinels: 3, downAfterMs: 500 };

interface Killed {
  readonly node: RedisNode;
  readonly shard: string;
  /** As of performance.now(). */
  readonly at: number;
  /** How long Sentinel took to promote the replica. */
  readonly promotionMs: number;
}

Deno.test(`cluster: counts to the event while a master is killed ${KILLS} times, with replicas: 1`, async () => {
  await using trial = await startTrial({ redis: REDIS, fe: 2, be: 2, confirmations: 1, mayFall: true });
  const { redis } = trial.cluster;
  for (let kill = 0; kill < KILLS; kill++) {
    await trial.randomMoment(300);
    const killed = await killMaster(redis, redis.shards[kill % 2]);
    // With replicas: 1 the new master accepts nothing before it has a replica.
    await redis.revive(killed.shard, killed.node);
    const restarted = performance.now();
    const acceptedMs = await acceptedAfter(trial, restarted);
    const drainedMs = await drainedAfter(trial, restarted);
    console.log(
      `    SIGKILL of the master of ${killed.shard}: its replica was promoted after ${seconds(killed.promotionMs)}; ` +
        `from the start of a new replica (${seconds(restarted - killed.at)}) it took ${seconds(acceptedMs)} ` +
        `until all senders were accepted again, and ${seconds(drainedMs)} until the drain committed on both shards`,
    );
    await redis.settle();
  }
  await trial.settle();
});

Deno.test("cluster: recovers when a master is killed with replicas: 0, and prints what was lost", async () => {
  await using trial = await startTrial({ redis: REDIS, fe: 1, be: 1, mayFall: true });
  const { redis, servers } = trial.cluster;
  await trial.randomMoment(300);
  const killed = await killMaster(redis, redis.shards[0]);
  await acceptedAfter(trial, performance.now());
  console.log(
    `    SIGKILL of the master: all senders were accepted again after ${seconds(performance.now() - killed.at)}`,
  );
  for (const { program } of servers) {
    assert(program.output.includes(`warn  shard ${killed.shard} has a new master`), program.output);
  }
  await trial.stopLoad();
  const accepted = new Map(trial.ledgers.flatMap((ledger) => [...ledger.accepted()]));
  const [{ url }] = servers;
  let last = "";
  const isQuiet = async () => {
    const [before, status] = [last, await statusOf(url)];
    last = JSON.stringify([...await readTabs(url)].sort());
    return before === last && status.store.queues.entries === 0;
  };
  await until(isQuiet, { what: "all is drained" });
  const { lost, extra } = differences(await readTabs(url), accepted);
  console.log(`    lost with replicas: 0: ${lost} of ${trial.events} events`);
  assertEquals(extra, 0);
});

/** Kills the master of a shard and waits until Sentinel has promoted its replica. */
async function killMaster(redis: LocalRedis, shard: string): Promise<Killed> {
  const node = await redis.master(shard);
  const at = performance.now();
  await node.kill();
  await until(async () => await redis.master(shard) !== node, { what: "Sentinel has promoted the replica" });
  return { node, shard, at, promotionMs: performance.now() - at };
}

/** How long after a moment each sender had a batch accepted that it made later. */
async function acceptedAfter({ direct, throughAgent }: Trial, moment: number): Promise<number> {
  const isAccepted = () => direct.hasAcceptedSince(moment) && throughAgent.hasAcceptedSince(moment);
  await until(isAccepted, { what: "the batches of all senders are accepted again" });
  return performance.now() - moment;
}

/** How long after a moment no entry was in a queue that was accepted before. */
async function drainedAfter(trial: Trial, moment: number): Promise<number> {
  const { servers } = trial.cluster;
  const isDrained = async () => {
    const { oldestS } = (await statusOf(servers[0].url)).store.queues;
    return oldestS === null || oldestS * 1000 < performance.now() - moment;
  };
  await until(isDrained, { what: "older entries are drained" });
  return performance.now() - moment;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
