// What a server says whose settings name a Redis that is not the one it finds: it runs, is not ready, and tells why.

import { assertEquals, assertMatch } from "@std/assert";
import { type LocalRedis, startRedis } from "../../tools/local_redis.ts";
import { startService } from "../../tools/program.ts";

const SHARD1 = [{ name: "shard1", buckets: [0, 9] }];

/** What readiness, a query and a post answer, on one line each; and that the process is well all the same. */
async function answersUnder(redis: LocalRedis, settings: object): Promise<readonly string[]> {
  const config = `${redis.folder}/${crypto.randomUUID()}.json`;
  await Deno.writeTextFile(config, JSON.stringify({ redis: { sentinels: redis.sentinels, buckets: 10, ...settings } }));
  await using server = await startService({
    name: "server",
    module: "server/main.ts",
    args: ["--port", "0", "--config", config],
  });
  const post = { method: "POST", body: '{"tab":"bids","events":[[1]]}' };
  const answers = [];
  for (const [path, init] of [["/readyz"], ["/tabs"], ["/post", post]] as const) {
    const response = await fetch(server.url + path, init);
    answers.push(`${response.status} ${(await response.text()).trim()}`);
  }
  const healthy = await fetch(`${server.url}/healthz`);
  assertEquals([healthy.status, await healthy.text()], [200, "ok\n"]);
  return answers;
}

Deno.test("settings: a shard that Sentinel does not know, a Sentinel out of reach, other buckets than before", async () => {
  await using redis = await startRedis({});
  const cases = [
    { settings: { shards: [{ name: "nosuch", buckets: [0, 9] }] }, why: /shard \\"nosuch\\".*No such master/ },
    { settings: { shards: SHARD1, sentinels: ["127.0.0.1:1"] }, why: /sentinel 127\.0\.0\.1:1/ },
    { settings: { shards: SHARD1 }, why: undefined },
    {
      settings: { buckets: 20, shards: [{ name: "shard1", buckets: [0, 19] }] },
      why: /buckets 0 to 9 of 10, the settings say .* buckets 0 to 19 of 20/,
    },
  ];
  for (const { settings, why } of cases) {
    for (const answer of await answersUnder(redis, settings)) {
      assertMatch(answer, why === undefined ? /^200 / : /^503 [^\n]*"store_unavailable"}$/);
      if (why !== undefined) assertMatch(answer, why);
    }
  }
});
