import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { NumberScan } from "./number_scan.ts";

const scan = new NumberScan();

/** What the scan makes of `text` if it takes it to its end, else undefined. */
function read(text: string): number | undefined {
  const bytes = new TextEncoder().encode(`[${text},`);
  const value = scan.read(bytes, 1);
  return Number.isNaN(value) || scan.end !== text.length + 1 ? undefined : value;
}

/** The dumb model. JSON.parse would pass over white space. */
function model(text: string): number | undefined {
  if (/\s/.test(text)) return undefined;
  try {
    const value = JSON.parse(text);
    return typeof value === "number" ? value : undefined;
  } catch {
    return undefined;
  }
}

function assertSame(text: string): void {
  const value = read(text);
  const expected = model(text);
  assert(Object.is(value, expected), `${text}: got ${value}, expected ${expected}`);
}

Deno.test("NumberScan: takes what JSON takes for a number and nothing else", () => {
  const good = ["0", "-0", "1", "-1", "10", "0.5", "-0.0", "1e3", "1E+3", "1e-3", "0e0", "1.50", "1e400", "-1e400"];
  const bad = ["", "-", "+1", "01", "-01", "00", ".5", "1.", "1.e1", "1e", "1e+", "1e+-1", "--1", "0x1", "1_0", "NaN"];
  for (const text of good) assert(model(text) !== undefined && Object.is(read(text), model(text)), text);
  for (const text of bad) assertEquals([read(text), model(text)], [undefined, undefined], text);
});

Deno.test("NumberScan: is exact where digits or powers are too many for one operation", () => {
  const texts = [
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "9007199254740993.0",
    "18014398509481983",
    "123456789012345678901234567890",
    "0.1234567890123456789",
    "1763890000.1234567",
    "0.30000000000000004",
    "4503599627370496.5",
    "4503599627370497.5",
    "1e22",
    "1e23",
    "1e-22",
    "1e-23",
    "9007199254740991e22",
    "9007199254740991e-22",
    "5e-324",
    "2.4703282292062327e-324",
    "2.2250738585072011e-308",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "0.000000000000000000000000000001",
    "1.00000000000000000000000000000000000001",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "0e99999999999999999999",
    `1${"0".repeat(400)}`,
    `0.${"0".repeat(400)}1`,
    `1${"0".repeat(400)}e-400`,
  ];
  for (const text of texts) {
    assertSame(text);
    assertSame(`-${text}`);
  }
});

Deno.test("NumberScan: reads every double that JSON.stringify writes", () => {
  const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });
  const moderate = fc.double({ min: -1e12, max: 1e12, noNaN: true });
  const thousandth = fc.integer().map((number) => number / 1000);
  fc.assert(
    fc.property(fc.oneof(anyDouble, moderate, thousandth), (value) => {
      assertSame(JSON.stringify(value));
      assertSame(value.toExponential());
      assertSame(value.toPrecision(21));
    }),
    { seed: 1, numRuns: 20_000 },
  );
});

Deno.test("NumberScan: reads decimals of any length as JSON.parse does", () => {
  const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 24 });
  const exponent = fc.integer({ min: -340, max: 340 }).map((power) => `e${power}`);
  const part = fc.option(digits, { nil: undefined });
  fc.assert(
    fc.property(digits, part, fc.option(exponent, { nil: "" }), (whole, fraction, power) => {
      assertSame(`${whole}${fraction === undefined ? "" : `.${fraction}`}${power}`);
      assertSame(`${whole.slice(0, 3)}${fraction === undefined ? "" : `.${fraction}`}`);
    }),
    { seed: 2, numRuns: 20_000 },
  );
});

Deno.test("NumberScan: takes nothing for a number that JSON does not, whatever the characters", () => {
  const text = fc.string({ unit: fc.constantFrom(..."0123456789+-.eE"), maxLength: 8 });
  fc.assert(fc.property(text, assertSame), { seed: 3, numRuns: 20_000 });
});
