// All of Redis is gone for twenty seconds, half of them frozen and half of them dead: posts and queries are refused, no
// process ends, and everything goes on by itself afterwards.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { post, request } from "./request.ts";
import { startTrial, statusOf } from "./trial.ts";
import { pass, until } from "./waiting.ts";

const OUTAGE_MS = 20_000;
/** From a first silence to a refusal: a command's longest time. */
const NOTICED_MS = 10_000;

Deno.test("cluster: refuses posts and queries while all of Redis is gone for 20 s, and goes on by itself", async () => {
  await using trial = await startTrial({ redis: { shards: 2, sentinels: 3, appendOnly: true }, fe: 1, be: 1 });
  const { cluster: { redis, servers }, direct } = trial;
  const begun = performance.now();
  for (const node of redis.all) node.freeze();
  for (const { url, name } of servers) {
    await until(async () => (await post(url, LINE)).status === 503, { ms: NOTICED_MS, what: `${name} notices` });
  }
  console.log(`    both servers refused posts ${seconds(performance.now() - begun)} after Redis was frozen`);
  await refuseUntil(servers, begun + OUTAGE_MS / 2);
  await Promise.all(redis.all.map((node) => node.kill()));
  await refuseUntil(servers, begun + OUTAGE_MS);

  const batches = direct.ledger.batches;
  await Promise.all(redis.all.map((node) => node.start()));
  const back = performance.now();
  assertEquals(direct.ledger.batches, batches, "nothing was accepted without Redis");
  await until(() => direct.hasAcceptedSince(back), { what: "all senders are accepted again" });
  console.log(`    all senders were accepted again ${seconds(performance.now() - back)} after Redis had come back`);
  for (const { url } of servers) {
    await until(async () => (await request(`${url}/readyz`)).status === 200, { what: `${url} is ready again` });
  }
  await trial.settle();
});

/** Would be counted if it were accepted, and is in no ledger. */
const LINE = '{"tab":"never","events":[[1]]}';

/** Asks every server again and again, up to a moment of performance.now(). */
async function refuseUntil(servers: readonly { readonly url: string }[], moment: number): Promise<void> {
  while (performance.now() < moment) {
    for (const { url } of servers) {
      const posted = await post(url, LINE);
      assertEquals(posted.status, 503, posted.text);
      assert(Number(posted.retryAfter) > 0, "it says when to post again");
      const asked = await request(`${url}/tabs`);
      assertEquals(asked.status, 503, asked.text);
      assertMatch(asked.text, /^[^\n]*cannot answer[^\n]*\n$/);
      assertEquals((await request(`${url}/healthz`)).status, 200);
      assertEquals((await request(`${url}/readyz`)).status, 503);
      assert((await statusOf(url)).store.error !== undefined, "the status says what is wrong");
    }
    await pass(200);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
