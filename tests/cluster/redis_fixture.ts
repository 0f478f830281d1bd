// Stores on a local Redis, for tests of the store and of what runs above it.

import { RedisStore, type RedisStoreOptions } from "../../server/store/redis_store.ts";
import { createLog } from "../../service/log.ts";
import { systemClock } from "../../service/world.ts";
import type { LocalRedis } from "../../tools/local_redis.ts";

let prefixes = 0;

/** A store over all shards that there are buckets for, each with about as many buckets; empty unless a prefix is given. */
export function openStore(
  redis: LocalRedis,
  options: { readonly buckets: number } & Partial<RedisStoreOptions>,
): RedisStore {
  const { buckets } = options;
  const shards = Math.min(redis.shards.length, buckets);
  const first = (shard: number) => Math.floor(buckets * shard / shards);
  return new RedisStore({
    sentinels: redis.sentinels,
    shards: redis.shards.slice(0, shards).map((name, shard) => ({
      name,
      buckets: [first(shard), first(shard + 1) - 1],
    })),
    prefix: `test-${prefixes++}:`,
    clock: systemClock,
    random: Math.random,
    log: createLog({ clock: systemClock, write: () => {} }),
    ...options,
  });
}
