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

Deno.test("series: begins with what the cells of the last minute say, and goes on from there", () => {
  const series = new Series();
  const cells = [{ start: 930, width: 10, count: 50 }, { start: 998, width: 1, count: 7 }, { start: 1000, width: "x" }];
  series.fill(1000.4, { cells });
  assertEquals(series.points, [0, ...Array(57).fill(0), 7, 0, 0].slice(-POINTS));
  series.fill(961.9, { cells });
  assertEquals(series.points.slice(25, 41), [0, 0, 0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0].slice(0, 16));
  for (const detail of [undefined, { cells: [] }, { cells: "none" }]) new Series().fill(1000, detail);
});
