import { assertEquals, assertMatch } from "@std/assert";
import { readSettings, setting } from "../service/settings.ts";
import { redisKind } from "./redis_settings.ts";

const table = { redis: setting(redisKind, { default: undefined, help: "where State lives" }) };
const about = { name: "taba-server", version: "0", summary: "" };

const GOOD = {
  sentinels: ["127.0.0.1:26379"],
  buckets: 1000,
  shards: [{ name: "shard1", buckets: [0, 499] }, { name: "shard2", buckets: [500, 999] }],
};

function read(redis: unknown) {
  const sources = { args: ["--config=c.json"], env: () => undefined, readFile: () => JSON.stringify({ redis }) };
  return readSettings(table, { about, sources });
}

function problemOf(redis: unknown): string {
  const outcome = read(redis);
  return outcome.kind === "problem" ? outcome.message : "";
}

Deno.test("redisKind: takes shards that cover all buckets; batches are not replicated unless asked for", () => {
  assertEquals<unknown>(read(GOOD), { kind: "settings", settings: { redis: { ...GOOD, replicas: 0 } } });
});

Deno.test("redisKind: gaps, overlaps and a wrong total are named with the numbers", () => {
  const shards = (...ranges: [number, number][]) => ({
    ...GOOD,
    shards: ranges.map((buckets, index) => ({ name: `shard${index + 1}`, buckets })),
  });
  assertMatch(problemOf(shards([0, 499], [600, 999])), /redis\.shards in c\.json .*buckets 500 to 599 are in no shard/);
  assertMatch(problemOf(shards([0, 499], [499, 999])), /bucket 499 is in two shards, "shard1" and "shard2"/);
  assertMatch(problemOf(shards([0, 499], [500, 998])), /bucket 999 is in no shard/);
  assertMatch(problemOf(shards([0, 499], [500, 1000])), /ends at bucket 1000, but the last of 1000 buckets is 999/);
});

Deno.test("redisKind: a bad field is named with what stands there and what must", () => {
  const start = "cannot start as redis.";
  assertEquals(
    problemOf({ ...GOOD, buckets: "many" }),
    `${start}buckets in c.json must be a whole number from 1 to 65536: current value is "many"`,
  );
  assertEquals(
    problemOf({ ...GOOD, sentinels: ["nowhere"] }),
    `${start}sentinels.0 in c.json must be an address such as 127.0.0.1:26379: current value is "nowhere"`,
  );
  assertEquals(
    problemOf({ ...GOOD, shards: [{ name: "shard1", buckets: [0] }] }),
    `${start}shards.0.buckets in c.json must be the first and the last bucket, two whole numbers: current value is [0]`,
  );
  assertEquals(
    problemOf({ ...GOOD, sentinel: [] }),
    'cannot start as all keys of c.json must be known: "redis.sentinel" is not; see --help',
  );
});
