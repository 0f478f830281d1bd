import { assertEquals } from "@std/assert";
import { totalsCounter } from "./totals_counter.ts";

Deno.test("TotalsCounter: shows count, total and average of all time", () => {
  const state = totalsCounter.create("web-1");
  for (const [time, value] of [[0, 1.5], [1e9, 2], [-5, -0.25]]) totalsCounter.fold(state, time, value);
  assertEquals(totalsCounter.render(state, 2e9), { count: 3, total: 3.25, average: 3.25 / 3 });
  assertEquals(totalsCounter.renderText(state, 2e9), `{\n"count": 3,\n"total": 3.25,\n"average": 1.083}`);
});

Deno.test("TotalsCounter: nothing has no average", () => {
  const nothing = totalsCounter.create("");
  assertEquals(totalsCounter.render(nothing, 0), { count: 0, total: 0, average: null });
  assertEquals(totalsCounter.renderText(nothing, 0), `{\n"count": 0,\n"total": 0,\n"average": null}`);
});

Deno.test("TotalsCounter: totals saturate where they would be no numbers any more", () => {
  const max = Number.MAX_VALUE;
  const state = totalsCounter.create("");
  totalsCounter.foldNumbers?.(state, new Float64Array(4), Float64Array.of(max, max, -max, -max), 4);
  assertEquals(state, { count: 4, total: -max }); // as max + max is max
  totalsCounter.reduce(state, { count: 1, total: -1e300 });
  assertEquals(state, { count: 5, total: -max });
});
