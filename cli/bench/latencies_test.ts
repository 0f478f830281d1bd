import { assert, assertEquals } from "@std/assert";
import { createStyle } from "../terminal/style.ts";
import { histogram, Latencies, progressBar, summaryTable } from "./latencies.ts";

Deno.test("latencies: percentiles within half a per cent, and steps that add up", () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1000; ms++) latencies.add(ms / 1000);
  const summary = latencies.summary();
  for (const [name, seconds] of Object.entries({ mean: 0.5005, p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 })) {
    assert(Math.abs(summary[name] - seconds) <= 0.006 * seconds, `${name} ${summary[name]}`);
  }
  const steps = latencies.steps();
  assertEquals(steps.reduce((sum, { count }) => sum + count, 0), 1000);
  for (let index = 1; index < steps.length; index++) assertEquals(steps[index].fromS, 2 * steps[index - 1].fromS);
});

Deno.test("latencies: nothing measured is nothing shown, and no time at all is a time", () => {
  const latencies = new Latencies();
  assertEquals([latencies.summary(), latencies.steps(), histogram([], 80)], [{}, [], []]);
  assertEquals(summaryTable({}, { width: 80, style: createStyle(false) }), []);
  latencies.add(0);
  latencies.add(-0.001); // the clock was set back
  assertEquals(latencies.steps().map(({ count }) => count), [2]);
});

Deno.test("histogram: bars to scale within the width, and one for whatever is more than nothing", () => {
  const steps = [{ fromS: 0.001, count: 1 }, { fromS: 0.002, count: 0 }, { fromS: 0.004, count: 2000 }];
  assertEquals(histogram(steps, 30), [
    "1 ms …      1  █",
    "2 ms …      0  ",
    `4 ms …  2,000  ${"█".repeat(15)}`,
  ]);
  assertEquals(histogram(steps, Infinity)[2].match(/█+/)?.[0].length, 40);
  assertEquals(histogram(steps, 3)[2].match(/█+/)?.[0].length, 1);
});

Deno.test("summaryTable: fits the width, and shows P50 and P99 in any", () => {
  const summary = { mean: 0.002, p50: 0.001, p90: 0.003, p99: 0.25, p999: 0.5, max: 2 };
  const table = (width: number) => summaryTable(summary, { width, style: createStyle(false) });
  assertEquals(table(80), [
    "A POST  MEAN   P50   P90     P99   P99.9  MOST",
    "took    2 ms  1 ms  3 ms  250 ms  500 ms   2 s",
  ]);
  assertEquals(table(22), ["A POST   P50     P99", "took    1 ms  250 ms"]);
});

Deno.test("progressBar: one line", () => {
  assertEquals([-1, 0, 0.5, 1, 7].map((share) => progressBar(share, 4)), [
    "[----]",
    "[----]",
    "[##--]",
    "[####]",
    "[####]",
  ]);
});
