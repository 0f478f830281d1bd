import { assert, assertEquals } from "@std/assert";
import { bucketOf, murmur3 } from "./buckets.ts";

Deno.test("murmur3: gives the published values of MurmurHash3 x86 32-bit with seed 0, for every length of tail", () => {
  const published: readonly (readonly [string, number])[] = [
    ["", 0],
    ["R", 0x79b365c1],
    ["a", 0x3c2569b2],
    ["ab", 0x9bbfd75f],
    ["abc", 0xb3dd93fa],
    ["test", 0xba6bd213],
    ["Hello, world!", 0xc0363e43],
    ["The quick brown fox jumps over the lazy dog", 0x2e4ff723],
    ["The quick brown fox jumps over the lazy cog", 0xf08200fc],
  ];
  for (const [text, hash] of published) assertEquals(murmur3(text), hash, text);
});

Deno.test("bucketOf: stays what it is, since States are stored by it", () => {
  assertEquals(["winning_bid_price", "bids_won", "requests;route=/bid"].map((tab) => bucketOf(tab, 1000)), [
    452,
    407,
    922,
  ]);
});

Deno.test("bucketOf: spreads names that are much alike over all buckets", () => {
  const buckets = 64;
  const tabs = 64_000;
  const counts = new Array(buckets).fill(0);
  for (let index = 0; index < tabs; index++) counts[bucketOf(`winning_bid_price_${index}`, buckets)]++;
  // Binomial with mean 1,000: 160 is more than five standard deviations.
  for (const count of counts) assert(Math.abs(count - tabs / buckets) < 160, `${count} in one bucket`);
});
