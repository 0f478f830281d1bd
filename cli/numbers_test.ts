import { assertEquals } from "@std/assert";
import { formatBytes, formatCount, formatNumber, formatSeconds, plural } from "./numbers.ts";

Deno.test("formatCount: whole numbers in full, thousands apart", () => {
  assertEquals([0, 7, 999, 1000, 1234567, -4321].map(formatCount), ["0", "7", "999", "1,000", "1,234,567", "-4,321"]);
});

Deno.test("formatNumber: four digits that count, and the power of a thousand", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [571.64, "571.6"],
    [9999, "9999"],
    [12_345, "12.35k"],
    [3_200_000, "3.2M"],
    [1e21, "1000000P"],
    [-12_345, "-12.35k"],
    [0.00012344, "0.0001234"],
    [NaN, "NaN"],
  ];
  for (const [value, text] of cases) assertEquals(formatNumber(value), text);
});

Deno.test("formatSeconds: the unit that fits", () => {
  const cases: [number, string][] = [
    [0, "0 s"],
    [0.0000025, "2.5 µs"],
    [0.00099949, "999 µs"],
    [0.00099951, "1 ms"],
    [0.0123, "12.3 ms"],
    [0.9996, "1 s"],
    [1.5, "1.5 s"],
    [119, "119 s"],
    [119.7, "2 min"],
    [125, "2 min"],
    [3 * 3600 + 300, "3 h 5 min"],
    [50 * 3600, "2 d 2 h"],
  ];
  for (const [seconds, text] of cases) assertEquals(formatSeconds(seconds), text);
});

Deno.test("formatBytes and plural: with their nouns", () => {
  assertEquals([formatBytes(0), formatBytes(1_234_567)], ["0B", "1.235MB"]);
  assertEquals([plural(1, "tab"), plural(2_000, "tab"), plural(0, "entry", "entries")], [
    "1 tab",
    "2,000 tabs",
    "0 entries",
  ]);
});
