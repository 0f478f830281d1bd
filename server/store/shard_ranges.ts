// Which shard holds which buckets. Every bucket must be in exactly one shard: what is wrong is said with the numbers.

/** A shard by the name that Sentinel knows it by, with its first and last bucket. */
export interface ShardRange {
  readonly name: string;
  readonly buckets: readonly [first: number, last: number];
}

/** Why these shards can't hold `buckets` buckets, in one line; undefined where they can. */
export function shardsProblem(shards: readonly ShardRange[], buckets: number): string | undefined {
  if (!Number.isSafeInteger(buckets) || buckets < 1) {
    return `buckets must be a whole number from 1: current value is ${buckets}`;
  }
  if (shards.length === 0) return "there must be at least one shard";
  const names = new Set<string>();
  for (const shard of shards) {
    const problem = rangeProblem(shard, buckets);
    if (problem !== undefined) return problem;
    if (names.has(shard.name)) return `two shards are named "${shard.name}": each needs a name of its own`;
    names.add(shard.name);
  }
  return coverProblem(shards, buckets);
}

function rangeProblem({ name, buckets: [first, last] }: ShardRange, buckets: number): string | undefined {
  if (name === "") return "a shard must have a name";
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first) {
    return `shard "${name}" must have its first and last bucket, two whole numbers from 0: ` +
      `current value is [${first}, ${last}]`;
  }
  if (last < buckets) return undefined;
  return `shard "${name}" ends at bucket ${last}, but the last of ${buckets} buckets is ${buckets - 1}`;
}

function coverProblem(shards: readonly ShardRange[], buckets: number): string | undefined {
  const sorted = shards.toSorted((a, b) => a.buckets[0] - b.buckets[0]);
  let next = 0;
  let before = "";
  for (const { name, buckets: [first, last] } of sorted) {
    if (first > next) return `${span(next, first - 1)} in no shard: shard "${name}" begins at ${first}`;
    if (first < next) {
      return `${span(first, Math.min(next - 1, last))} in two shards, "${before}" and "${name}"`;
    }
    next = last + 1;
    before = name;
  }
  if (next === buckets) return undefined;
  return `${span(next, buckets - 1)} in no shard: the last, "${before}", ends at ${next - 1}`;
}

function span(first: number, last: number): string {
  return first === last ? `bucket ${first} is` : `buckets ${first} to ${last} are`;
}
