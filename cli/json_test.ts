import { assertEquals } from "@std/assert";
import { at, countsAt, entriesAt, listAt, numberAt, sumOf, textAt } from "./json.ts";

const value = JSON.parse(
  '{"a": {"b": [1, 2], "n": 7, "t": "x", "__proto__": {"n": 8}}, "counts": {"x": 1, "y": "2", "z": 3}}',
);

Deno.test("json: what is not there, or is anything else, is undefined or empty", () => {
  assertEquals([at(value, "a", "b"), at(value, "a", "c"), at(value, "a", "n", "x")], [[1, 2], undefined, undefined]);
  assertEquals([at(null, "a"), at("text", "length"), at(value, "toString")], [undefined, undefined, undefined]);
  assertEquals([numberAt(value, "a", "n"), numberAt(value, "a", "t"), numberAt(value, "a", "__proto__", "n")], [
    7,
    undefined,
    8,
  ]);
  assertEquals([textAt(value, "a", "t"), textAt(value, "a", "n")], ["x", undefined]);
  assertEquals([listAt(value, "a", "b"), listAt(value, "a")], [[1, 2], []]);
  assertEquals([entriesAt(value, "a", "b"), entriesAt(value, "none")], [[], []]);
});

Deno.test("json: counts by reason are the numbers among them", () => {
  assertEquals([...countsAt(value, "counts")], [["x", 1], ["z", 3]]);
  assertEquals([sumOf(countsAt(value, "counts")), sumOf(countsAt(value, "a", "b"))], [4, 0]);
});
