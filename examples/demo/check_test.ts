import { assertEquals } from "@std/assert";
import { differences, lastDay } from "./check.ts";

const VALUES = [4, 1, 3, 2];
const RIGHT = { count: 4, total: 10, pct: [1, 2, 3, 3, 3, 3, 3] };

Deno.test("differences: an answer that agrees with the books has none", () => {
  assertEquals(differences(VALUES, RIGHT), []);
  assertEquals(differences(VALUES, { ...RIGHT, pct: [1.004, 2, 3, 3, 3, 3, 3] }), []);
});

Deno.test("differences: one event too few, a wrong total and a percentile off by one per cent are each named", () => {
  assertEquals(differences(VALUES, { ...RIGHT, count: 3 }), ["count is 3, the books say 4"]);
  assertEquals(differences(VALUES, { ...RIGHT, total: 10.1 }), ["total is 10.1, the books say 10"]);
  assertEquals(differences(VALUES, { ...RIGHT, pct: [1, 2.02, 3, 3, 3, 3, 3] }), [
    "percentile 50 is 2.02, the books say 2",
  ]);
});

Deno.test("lastDay: reads both types and refuses anything else", () => {
  const pct = RIGHT.pct;
  assertEquals(lastDay({ "1d": { count: 4, total: 10 }, pct }), RIGHT);
  assertEquals(lastDay({ "1d": { count: 4, total: 10, pct } }), RIGHT);
  assertEquals(lastDay({ "1d": { count: 4, total: 10, pct: [null] } }), undefined);
  assertEquals(lastDay("bids"), undefined);
});
