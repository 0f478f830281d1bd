// Stores on a local Redis, for tests of the store and of what runs above it.

import { RedisStore, type RedisStoreOptions } from "../../server/store/redis_store.ts";
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
    clock: () => Date.now() / 1000,
    random: Math.random,
    ...options,
  });
}

export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `holds` answers true; what it throws means not yet. */
export async function until(holds: () => Promise<boolean>, ms: number, what: string): Promise<number> {
  const begun = performance.now();
  let last: unknown;
  for (;;) {
    const isSo = await holds().catch((error: unknown) => {
      last = error;
      return false;
    });
    if (isSo) return performance.now() - begun;
    if (performance.now() > begun + ms) throw new Error(`Waited ${ms} ms in vain until ${what}`, { cause: last });
    await pass(20);
  }
}
