import { assertEquals } from "@std/assert";
import { formatTab } from "../../core/names.ts";
import { readCells, readPercentileCells, slotsOf } from "./cells.js";
import { bytes, count, duration, number } from "./format.js";
import { readRoute, tabHash, tabsHash } from "./route.js";
import { parseTab } from "./tab_name.js";
import { readValue, summary } from "./values.js";

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

Deno.test("parseTab: takes tags apart as the server puts them together", () => {
  const tags = { route: "/bid;x=1", note: "ä ~41 %41" };
  const parsed = parseTab(formatTab("requests", tags));
  assertEquals(parsed.base, "requests");
  assertEquals(Object.fromEntries(parsed.tags.map(({ key, value }) => [key, value])), tags);
  assertEquals(parseTab("odd;~FF=1").tags[0].key, "~FF");
});

Deno.test("readRoute: reads what the hashes are made of", () => {
  const name = "requests;route=/bid?x=1+2";
  assertEquals(readRoute(tabHash(name)), { page: "tab", name });
  const search = { text: "a+b & ?", isPattern: true, isBusiestFirst: true };
  assertEquals(readRoute(tabsHash(search)), { page: "tabs", search });
  assertEquals(tabsHash({}), "#/");
  assertEquals(readRoute("#/cluster"), { page: "cluster" });
  assertEquals(readRoute("#/tab/%"), { page: "tab", name: "%" });
});

Deno.test("readValue: knows values by their shape, and loses none that it does not know", () => {
  const figures = { count: 1, total: 2 };
  const windows = { "1m": figures, "10m": figures, "1h": figures, "1d": figures };
  assertEquals(readValue({ ...windows, pct: [1, null] }).kind, "windows");
  assertEquals(readValue({ ...figures, average: 2 }).kind, "totals");
  assertEquals(summary(readValue({ "2.4.0": 1, "2.4.1": 3 })), "2.4.1 × 3, 2.4.0");
  assertEquals(summary(readValue([[{ a: 1 }, 5]])), '1: {"a":1}');
  assertEquals(readValue({ error: "cannot be shown" }), { kind: "trouble", message: "cannot be shown" });
  assertEquals(summary(readValue({ of: "another", type: 1 })), '{"of":"another","type":1}');
});

Deno.test("format: numbers as people read them", () => {
  assertEquals([count(123456), count(1234567)], ["123,456", "1.235M"]);
  assertEquals([number(0.123456), number(12345.6), number(1e20), number(null)], ["0.1235", "12,346", "1.000e+20", "–"]);
  assertEquals([bytes(512), bytes(2048), bytes(3 * 2 ** 30)], ["512 B", "2 KiB", "3 GiB"]);
  assertEquals([0, 0.0000123, 0.25, 2.44, 90, 7260, 200_000].map(duration), [
    ...["0 s", "12.3 µs", "250 ms", "2.4 s", "1 min", "2 h 1 min", "2 d 7 h"],
  ]);
});
