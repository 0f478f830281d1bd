import { assertEquals } from "@std/assert";
import { figureOf } from "./figure.ts";
import { POINTS, Series } from "./series.ts";

function counted(count: number) {
  return figureOf({ count, total: 0, average: 0 });
}

function last(series: Series, count: number): readonly (number | undefined)[] {
  return series.points.slice(-count);
}

Deno.test("series: what is counted is shown as its growth a second", () => {
  const series = new Series();
  series.add(100, counted(50));
  assertEquals(series.latest, undefined);
  series.add(101, counted(53));
  series.add(102, counted(53));
  series.add(104, counted(63));
  assertEquals(last(series, 5), [undefined, 3, 0, 5, 5]);
  assertEquals(series.points.length, POINTS);
});

Deno.test("series: a count that falls begins anew", () => {
  const series = new Series();
  for (const [time, count] of [[1, 10], [2, 4], [3, 6]]) series.add(time, counted(count));
  assertEquals(last(series, 3), [undefined, undefined, 2]);
});

Deno.test("series: levels are shown as they were, and nothing where nobody looked", () => {
  const series = new Series();
  series.add(1, figureOf({ "7": 1 }));
  series.add(4, figureOf({ "9": 1 }));
  assertEquals(last(series, 4), [7, undefined, undefined, 9]);
});

Deno.test("series: a long outage fills it once, and the past changes nothing", () => {
  const series = new Series();
  series.add(0, counted(0));
  series.add(100_000, counted(100_000));
  series.add(99_999, counted(5));
  assertEquals(series.points, Array(POINTS).fill(1));
});
