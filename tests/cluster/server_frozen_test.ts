// A server that drains is stopped past its leases and then goes on: what it meant to write is refused, since another one
// has its buckets, and what had been posted to it and was repeated elsewhere counts once.

import { BUCKETS, startTrial, statusOf } from "./trial.ts";
import { until } from "./waiting.ts";

const FREEZES = 4;
/** Commits all the time, so that a server is stopped amid them, and leases that last shorter than its connections. */
const INTERVALS = { commitMs: 1, leaseMs: 500 };

Deno.test("cluster: a be server that was stopped past its leases can't write over its successor", async () => {
  await using trial = await startTrial({ redis: { shards: 2 }, fe: 1, be: 2, ...INTERVALS });
  const { be } = trial.cluster;
  const bucketsOf = async (server: { readonly url: string }) => (await statusOf(server.url)).drain?.buckets ?? 0;
  for (let freeze = 0; freeze < FREEZES; freeze++) {
    const [frozen, successor] = freeze % 2 === 0 ? be : [be[1], be[0]];
    await until(async () => await bucketsOf(frozen) > 0 && await bucketsOf(successor) < BUCKETS, {
      what: "both share the buckets",
    });
    await trial.randomMoment(400);
    const before = (await statusOf(frozen.url)).drain;
    const unanswered = trial.direct.unanswered;
    frozen.program.signal("SIGSTOP");
    const tookMs = await until(async () => await bucketsOf(successor) === BUCKETS, { what: "the other has all" });
    const taken = (await statusOf(successor.url)).drain?.commits ?? 0;
    await until(async () => ((await statusOf(successor.url)).drain?.commits ?? 0) > taken, { what: "it commits" });
    // A short stop leaves its connections: then nothing but the fence is between it and its old buckets. After a long
    // one what lies in its sockets counts already.
    const isLong = freeze >= FREEZES / 2;
    await until(() => !isLong || trial.direct.unanswered > unanswered, {
      what: "what was posted to it is repeated elsewhere",
    });
    frozen.program.signal("SIGCONT");
    await until(async () => ((await statusOf(frozen.url)).drain?.lost ?? 0) > (before?.lost ?? 0), {
      what: "it notices what it has lost",
    });
    console.log(`    the other server had all buckets ${(tookMs / 1000).toFixed(2)} s after SIGSTOP`);
  }
  await trial.settle();
});
