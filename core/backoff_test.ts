import { assertEquals } from "@std/assert";
import { backoffMs } from "./backoff.ts";

const options = { firstMs: 100, maxMs: 5000 };

Deno.test("backoffMs: doubles its ceiling with each failure until the largest", () => {
  const ceilings = [1, 2, 3, 6, 7, 8, 100, 1e9].map((failures) => backoffMs(failures, options, () => 1));
  assertEquals(ceilings, [100, 200, 400, 3200, 5000, 5000, 5000, 5000]);
});

Deno.test("backoffMs: is uniform below its ceiling", () => {
  assertEquals([0, 0.25, 0.5].map((random) => backoffMs(3, options, () => random)), [0, 100, 200]);
});
