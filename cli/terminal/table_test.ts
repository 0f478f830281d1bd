import { assert, assertEquals } from "@std/assert";
import { createStyle } from "./style.ts";
import { type Column, layOutTable } from "./table.ts";
import { widthOf } from "./text_width.ts";

const COLUMNS: readonly Column[] = [
  { title: "NAME", widthMin: 6 },
  { title: "LINE", widthMin: 5, keepsEnd: true, leaveOut: 1 },
  { title: "COUNT", align: "right" },
  { title: "ID", leaveOut: 2 },
];
const ROWS = [
  ["winning_bid_price", "abcdefgh", "1,234", "x-1"],
  ["bids", "ijklmnop", "7", "x-2"],
];
const style = createStyle(false);

Deno.test("table: has as much room as it needs where no terminal shows it", () => {
  assertEquals(layOutTable(COLUMNS, ROWS, { width: Infinity, style }), [
    "NAME               LINE      COUNT  ID",
    "winning_bid_price  abcdefgh  1,234  x-1",
    "bids               ijklmnop      7  x-2",
  ]);
});

Deno.test("table: cuts texts first, then leaves out what matters least", () => {
  assertEquals(layOutTable(COLUMNS, ROWS, { width: 30, style }), [
    "NAME         LINE   COUNT  ID",
    "winning_bi…  defgh  1,234  x-1",
    "bids         lmnop      7  x-2",
  ]);
  assertEquals(layOutTable(COLUMNS, ROWS, { width: 20, style }), [
    "NAME    LINE   COUNT",
    "winni…  defgh  1,234",
    "bids    lmnop      7",
  ]);
  assertEquals(layOutTable(COLUMNS, ROWS, { width: 14, style }), [
    "NAME     COUNT",
    "winnin…  1,234",
    "bids         7",
  ]);
  assertEquals(layOutTable(COLUMNS, ROWS, { width: 9, style }), ["NAME    …", "winni…  …", "bids    7"]);
});

Deno.test("table: no line is wider than asked for, whatever is in it", () => {
  const names = ["価格;地域=東京", "a\x1b[2Jb", "👩‍👩‍👧 family", "e\u0301".repeat(30), "\r\n\t"];
  const rows = names.map((name, index) => [name, "▁▂▃", "1".repeat(index * 3), name]);
  for (let width = 1; width < 60; width++) {
    for (const line of layOutTable(COLUMNS, rows, { width, style })) {
      assert(widthOf(line) <= width, `${width}: ${line}`);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x1f\x7f]/.test(line), JSON.stringify(line));
    }
  }
});

Deno.test("table: colours stand around cells and change no width", () => {
  const columns: readonly Column[] = [{ title: "A", paint: createStyle(true).cyan }, { title: "B" }];
  const lines = layOutTable(columns, [["x", "1"], ["longer", "2"]], { width: Infinity, style: createStyle(true) });
  assertEquals(lines, [
    "\x1b[1mA     \x1b[22m  \x1b[1mB\x1b[22m",
    "\x1b[36mx     \x1b[39m  1",
    "\x1b[36mlonger\x1b[39m  2",
  ]);
});

Deno.test("table: no rows are titles alone, and many rows are no trouble", () => {
  assertEquals(layOutTable(COLUMNS, [], { width: 80, style }), ["NAME  LINE  COUNT  ID"]);
  const many = Array.from({ length: 200_000 }, (_, index) => [`tab_${index}`]);
  assertEquals(layOutTable([{ title: "NAME" }], many, { width: 80, style }).length, 200_001);
});
