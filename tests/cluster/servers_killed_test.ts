// Servers are killed at random moments under load, again and again. What senders were told is accepted is counted once,
// to the event, whatever dies; and no query ever shows less than that, or anything else.

import { assert } from "@std/assert";
import type { ClusterServer } from "../../tools/local_cluster.ts";
import { startTrial, type Trial } from "./trial.ts";

const KILLS = 20;
const REDIS = { shards: 2 };
/** Of the servers that stand in for each other, ... */
const BETWEEN_MS = 500;
/** ... and of all: their buckets are free only when the leases of the dead have lapsed. */
const BETWEEN_ALL_MS = 1200;

/** Kills one after the other of these servers, each time at a random moment, and starts it again. */
async function killInTurn(trial: Trial, servers: readonly ClusterServer[]): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    await trial.randomMoment(BETWEEN_MS);
    const server = servers[kill % servers.length];
    await server.kill();
    await server.start();
  }
}

Deno.test(`cluster: counts to the event while be servers are killed ${KILLS} times, and fe servers as often`, async () => {
  await using trial = await startTrial({ redis: REDIS, fe: 2, be: 2 });
  const { fe, be } = trial.cluster;
  await Promise.all([killInTurn(trial, be), killInTurn(trial, fe)]);
  assert(trial.commits > 0, "servers were at work while they were killed");
  await trial.settle();
});

Deno.test(`cluster: counts to the event while all servers are killed at once ${KILLS} times`, async () => {
  await using trial = await startTrial({ redis: REDIS, fe: 1, be: 1 });
  const { servers } = trial.cluster;
  for (let kill = 0; kill < KILLS; kill++) {
    await trial.randomMoment(BETWEEN_ALL_MS);
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all(servers.map((server) => server.start()));
  }
  assert(trial.commits > 0, "servers were at work while they were killed");
  await trial.settle();
});
