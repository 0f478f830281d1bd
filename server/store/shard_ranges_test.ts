import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ShardRange, shardsProblem } from "./shard_ranges.ts";

function shard(name: string, first: number, last: number): ShardRange {
  return { name, buckets: [first, last] };
}

Deno.test("shardsProblem: ranges that cover every bucket once are fine in any order", () => {
  assertEquals(shardsProblem([shard("a", 0, 499), shard("b", 500, 999)], 1000), undefined);
  assertEquals(shardsProblem([shard("b", 500, 999), shard("a", 0, 499)], 1000), undefined);
  assertEquals(shardsProblem([shard("a", 0, 0)], 1), undefined);
});

Deno.test("shardsProblem: what is wrong is said with the numbers", () => {
  const problems: readonly (readonly [readonly ShardRange[], number, string])[] = [
    [[shard("a", 0, 0)], 0, "buckets must be a whole number from 1: current value is 0"],
    [[shard("a", 0, 0)], 1.5, "buckets must be a whole number from 1: current value is 1.5"],
    [[], 10, "there must be at least one shard"],
    [[shard("", 0, 9)], 10, "a shard must have a name"],
    [[shard("a", 0, 4), shard("a", 5, 9)], 10, 'two shards are named "a": each needs a name of its own'],
    [
      [shard("a", 5, 2)],
      10,
      'shard "a" must have its first and last bucket, two whole numbers from 0: current value is [5, 2]',
    ],
    [[shard("a", 0, 10)], 10, 'shard "a" ends at bucket 10, but the last of 10 buckets is 9'],
    [[shard("a", 0, 4)], 10, 'buckets 5 to 9 are in no shard: the last, "a", ends at 4'],
    [[shard("a", 0, 4), shard("b", 6, 9)], 10, 'bucket 5 is in no shard: shard "b" begins at 6'],
    [[shard("a", 3, 9)], 10, 'buckets 0 to 2 are in no shard: shard "a" begins at 3'],
    [[shard("a", 0, 6), shard("b", 5, 9)], 10, 'buckets 5 to 6 are in two shards, "a" and "b"'],
    [[shard("a", 0, 9), shard("b", 5, 5)], 10, 'bucket 5 is in two shards, "a" and "b"'],
  ];
  for (const [shards, buckets, problem] of problems) assertEquals(shardsProblem(shards, buckets), problem);
});

Deno.test("shardsProblem: finds a problem exactly where counting finds a bucket that is not in one shard", () => {
  const range = fc.tuple(fc.nat(7), fc.nat(3)).map(([first, more]) => [first, first + more] as const);
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 9 }), (ranges, buckets) => {
      const shards = ranges.map(([first, last], index) => shard(`s${index}`, first, last));
      const held = new Array<number>(20).fill(0);
      for (const [first, last] of ranges) for (let bucket = first; bucket <= last; bucket++) held[bucket]++;
      const isRight = held.every((count, bucket) => count === (bucket < buckets ? 1 : 0));
      assertEquals(shardsProblem(shards, buckets) === undefined, isRight);
    }),
    { numRuns: 2000 },
  );
});
