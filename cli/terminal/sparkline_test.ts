import { assertEquals } from "@std/assert";
import { sparkline } from "./sparkline.ts";

Deno.test("sparkline: a bar a value, from nothing to the highest", () => {
  assertEquals(sparkline([0, 1, 2, 3, 4, 5, 6, 7]), "▁▂▃▄▅▆▇█");
  assertEquals(sparkline([10, 10, 5]), "███".slice(0, 2) + "▅");
});

Deno.test("sparkline: whatever is more than nothing is seen to be", () => {
  assertEquals(sparkline([0, 1, 1_000_000]), "▁▂█");
});

Deno.test("sparkline: gaps where nothing is known, and a flat line where nothing was", () => {
  assertEquals(sparkline([undefined, 0, undefined, 0]), " ▁ ▁");
  assertEquals(sparkline([undefined, undefined]), "  ");
  assertEquals(sparkline([]), "");
});

Deno.test("sparkline: below zero the lowest is the ground", () => {
  assertEquals(sparkline([-10, -5, 0]), "▁▅█");
});
