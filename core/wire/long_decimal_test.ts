import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { nearestLong } from "./long_decimal.ts";

function nearest(text: string): number {
  const bytes = new TextEncoder().encode(text);
  const point = text.indexOf(".");
  return nearestLong(bytes, { start: 0, end: bytes.length, power: point < 0 ? 0 : point + 1 - bytes.length });
}

Deno.test("nearestLong: gives the nearest double of decimals of up to 18 digits", () => {
  const digits = fc.stringMatching(/^[1-9][0-9]{15,17}$/);
  fc.assert(
    fc.property(digits, fc.integer({ min: 4, max: 22 }), (text, places) => {
      const padded = text.padStart(places + 1, "0");
      const decimal = `${padded.slice(0, -places)}.${padded.slice(-places)}`;
      assertEquals(nearest(decimal), Number(decimal), decimal);
    }),
    { seed: 1, numRuns: 20_000 },
  );
});

Deno.test("nearestLong: does not decide in the middle between two doubles, where only the rule for ties does", () => {
  // With fewer places than four such decimals are not rare.
  assert(Number.isNaN(nearest("9007199254740993")));
  assert(Number.isNaN(nearest("4503599627370497.5")));
  assertEquals(nearest("9007199254740993.01"), 9007199254740994);
  assertEquals(nearest("9007199254740992.99"), 9007199254740992);
});

Deno.test("nearestLong: leaves out what has too many digits or too large a power", () => {
  assert(Number.isNaN(nearest("1234567890123456789")));
  assert(Number.isNaN(nearest("0.00000000000000000000001")));
  assertEquals(nearest("000000000000000000000000.5"), 0.5);
  assertEquals(nearest("0.0"), 0);
});
