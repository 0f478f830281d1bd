import { assertEquals } from "@std/assert";
import { figureOf } from "./figure.ts";

const pct = [1, 2, 3, 4, 5, 6, 7];

Deno.test("figureOf: windows show the last minute, and grow by the day's count", () => {
  const value = { "1m": { count: 4, total: 10 }, "1d": { count: 900, total: 2000 }, pct };
  assertEquals(figureOf(value), {
    ...{ counted: 900, level: undefined, count: 4, total: 10, p50: 2, p99: 6, text: undefined },
  });
  const own = { "1m": { count: 4, total: 10, pct: [9, 8, 7, 6, 5, 4, 3] }, "1d": { count: 900, total: 2000, pct } };
  assertEquals([figureOf(own).p50, figureOf(own).p99], [8, 4]);
});

Deno.test("figureOf: totals of all time are their own count", () => {
  const { counted, count, total } = figureOf({ count: 5, total: 7, average: 1.4 });
  assertEquals([counted, count, total], [5, 5, 7]);
  assertEquals(figureOf({ count: 5, total: 7, pct }).p99, 6);
});

Deno.test("figureOf: a gauge shows its values, over time their mean or how many clients there are", () => {
  const of = (value: unknown) => [figureOf(value).level, figureOf(value).text];
  assertEquals(of({ "2": 1, "5": 2 }), [4, "2, 5 ×2"]);
  assertEquals(of({ "v1": 3, "v2": 1 }), [4, "v1 ×3, v2"]);
  assertEquals(of({}), [undefined, "nothing"]);
});

Deno.test("figureOf: a buffer is counted, and what can't be read says so", () => {
  assertEquals([figureOf([["x", 1], ["y", 2]]).level, figureOf([]).text], [2, "0 values"]);
  assertEquals(figureOf({ error: "cannot be shown" }).text, "cannot be shown");
  for (const odd of [null, 7, "text", undefined]) assertEquals(figureOf(odd).text, "nothing");
});
