// The contract on real Redis: two shards found through a Sentinel.

import { storeContract } from "../../tests/laws/store_contract.ts";
import type { OpenOptions } from "../../tests/laws/store_fixtures.ts";
import { type LocalRedis, startRedis } from "../../tools/local_redis.ts";
import { RedisStore } from "./redis_store.ts";

let redis: LocalRedis;
let stores = 0;

Deno.test.beforeAll(async () => {
  redis = await startRedis({ shards: 2 });
});

Deno.test.afterAll(() => redis[Symbol.asyncDispose]());

/** An empty store, on as many of the shards as it has buckets for. */
function open({ buckets, ...limits }: OpenOptions): RedisStore {
  const half = Math.ceil(buckets / 2);
  const ranges = [[0, half - 1], [half, buckets - 1]] as const;
  return new RedisStore({
    ...limits,
    sentinels: redis.sentinels,
    buckets,
    shards: ranges
      .filter(([first, last]) => first <= last)
      .map((range, index) => ({ name: redis.shards[index], buckets: range })),
    prefix: `test-${stores++}:`,
    clock: () => Date.now() / 1000,
    random: Math.random,
  });
}

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

storeContract("RedisStore", (options) => Promise.resolve({ store: open(options), pass }));
