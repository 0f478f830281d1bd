import { assertEquals } from "@std/assert";
import { readCells, readPercentileCells, slotsOf } from "./cells.js";

function cell(start: number, width: number, count: number) {
  return { start, width, count, total: 2 * count };
}

Deno.test("slotsOf: adds finer cells up, leaves what is not settled, and says how much of the last slot has passed", () => {
  const cells = readCells({ cells: [cell(1000, 10, 5), cell(1010, 1, 1), cell(1011, 1, 2), cell(1028, 1, 9)] });
  assertEquals(slotsOf(cells, { asOf: 1029, spanS: 30, widthS: 10 }), [
    { start: 1000, seconds: 10, count: 5, total: 10 },
    { start: 1010, seconds: 10, count: 3, total: 6 },
    { start: 1020, seconds: 6, count: 0, total: 0 },
  ]);
});

Deno.test("slotsOf: a slot is as wide as the widest cell of its window", () => {
  const cells = readCells({ cells: [cell(900, 150, 15), cell(1050, 15, 3)] });
  assertEquals(slotsOf(cells, { asOf: 1103, spanS: 300, widthS: 10 }), [
    { start: 900, seconds: 150, count: 15, total: 30 },
    { start: 1050, seconds: 50, count: 3, total: 6 },
  ]);
});

Deno.test("slotsOf: a coarse cell from before the window is spread over the slots that it reaches into", () => {
  const cells = readCells({ cells: [cell(990, 30, 30), cell(1020, 10, 4)] });
  assertEquals(slotsOf(cells, { asOf: 1033, spanS: 30, widthS: 10 }).map(({ start, count }) => [start, count]), [
    [1010, 10],
    [1020, 4],
  ]);
});

Deno.test("readCells: passes over what is no cell", () => {
  assertEquals(
    readCells({ cells: [null, 3, { start: "1" }, cell(2, 1, 1), cell(1, 1, 1)] }).map(({ start }) => start),
    [1, 2],
  );
  assertEquals(readCells(undefined), []);
  assertEquals(readPercentileCells({ pct: [{ start: 0, width: 1, count: 1, pct: [1, null] }] })[0].pct, [1, null]);
});
