import { assert, assertEquals, assertFalse } from "@std/assert";
import { clean, cut, padEnd, padStart, widthOf } from "./text_width.ts";

Deno.test("clean: nothing is left that a terminal obeys", () => {
  assertEquals(clean("bids_won;route=/a"), "bids_won;route=/a");
  assertEquals(clean("a\x1b[31mb\nc\td\r\0e\x7f"), "a␛[31mb␊c␉d␍␀e␡");
  // An eight-bit control sequence, a turn of direction, a lone surrogate, a line separator.
  assertEquals(clean("\x9b31m \u202eabc \ud800 \u2028"), "�31m �abc � �");
  for (let code = 0; code < 0x300; code++) assertFalse(/\p{Cc}/u.test(clean(String.fromCodePoint(code))), String(code));
});

Deno.test("widthOf: counts columns, not characters", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["bids", 4],
    ["größe", 5],
    ["e\u0301te\u0301", 3],
    ["価格", 4],
    ["가격", 4],
    ["ﾈｺ", 2],
    ["🚀", 2],
    ["👩‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["▁█…", 3],
  ];
  for (const [text, width] of cases) assertEquals(widthOf(text), width, text);
});

Deno.test("cut: keeps to the width, whatever the text, and marks what is missing", () => {
  assertEquals(cut("winning_bid_price", 8), "winning…");
  assertEquals(cut("bids", 4), "bids");
  assertEquals(cut("価格表", 4), "価…");
  assertEquals(["ab", "ab", "ab"].map((text, width) => cut(text, width)), ["", "…", "ab"]);
  for (const text of ["価a格b表c", "👩‍👩‍👧🚀x", "e\u0301e\u0301e\u0301", "plain text"]) {
    for (let width = 0; width < 12; width++) assert(widthOf(cut(text, width)) <= width, `${text} ${width}`);
  }
});

Deno.test("pads: fill up to the width, wide characters counted as such", () => {
  assertEquals([padEnd("価", 4), padStart("価", 4), padEnd("long", 2)], ["価  ", "  価", "long"]);
});
