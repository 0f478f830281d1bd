import { assert, assertEquals } from "@std/assert";
import { BIN_MAX, BIN_OF_ONE, binOf, keyOf, valueOf } from "./mapping.ts";

const MIN_NORMAL = 2 ** -1022;
const view = new DataView(new ArrayBuffer(8));

/** The double that many steps beyond. */
function beyond(value: number, steps: number): number {
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(steps));
  return view.getFloat64(0);
}

function assertAccurate(value: number): void {
  const answer = valueOf(keyOf(value));
  // In this order, as neither overflows.
  const error = Math.abs(answer / value - 1);
  assert(error <= 0.005, `${value} is shown as ${answer}, which is ${error * 100} % off`);
}

Deno.test("keyOf: the value of its bin is within 0.5 % of any normal double", () => {
  let seed = 1;
  const word = () => seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  for (let round = 0; round < 300_000; round++) {
    view.setUint32(0, word());
    view.setUint32(4, word());
    const value = view.getFloat64(0);
    if (Number.isFinite(value) && Math.abs(value) >= MIN_NORMAL) assertAccurate(value);
  }
});

Deno.test("keyOf: is as accurate on both sides of the border of each bin, in octaves of all sizes", () => {
  for (const octave of [-1022, -1021, -500, -1, 0, 1, 52, 500, 1022, 1023]) {
    const first = keyOf(2 ** octave);
    let low = 2 ** octave;
    for (let bin = 0; bin < 70; bin++) {
      // The first double of the next bin, by bisection between the middles of the two.
      let high = bin < 69 ? valueOf(first + bin + 1) : beyond(2 ** octave, 2 ** 52 - 1);
      while (beyond(low, 1) < high) {
        view.setFloat64(0, low);
        const lowBits = view.getBigInt64(0);
        view.setFloat64(0, high);
        view.setBigInt64(0, lowBits + (view.getBigInt64(0) - lowBits) / 2n);
        const middle = view.getFloat64(0);
        if (keyOf(middle) <= first + bin) low = middle;
        else high = middle;
      }
      for (const steps of [-2, -1, 0, 1, 2]) {
        const near = beyond(low, steps);
        if (Number.isFinite(near) && near >= MIN_NORMAL) assertAccurate(near);
      }
      low = high;
    }
  }
});

Deno.test("keyOf: has the order of the values, with negative ones mirrored", () => {
  let last = -Infinity;
  for (let power = -1022; power < 1023.99; power += 0.0037) {
    const key = keyOf(2 ** power);
    assert(key >= last, "keys rise with values");
    assertEquals(keyOf(-(2 ** power)), -key);
    last = key;
  }
});

Deno.test("keyOf: bins are numbered from the smallest normal double to the greatest", () => {
  assertEquals(keyOf(MIN_NORMAL), 1);
  assertEquals(keyOf(1), BIN_OF_ONE);
  assertEquals(keyOf(Number.MAX_VALUE), BIN_MAX);
  assertEquals(keyOf(-Number.MAX_VALUE), -BIN_MAX);
  for (let steps = 0; steps < 1000; steps++) {
    assert(keyOf(beyond(2, -1 - steps)) === keyOf(2) - 1, "2 begins an octave");
  }
});

Deno.test("keyOf: what is nearer to zero than the smallest normal double counts as zero", () => {
  for (const value of [0, -0, 5e-324, -5e-324, beyond(MIN_NORMAL, -1), -beyond(MIN_NORMAL, -1)]) {
    assertEquals(Math.abs(keyOf(value)), 0);
  }
  assertEquals(valueOf(0), 0);
});

Deno.test("binOf: is below all bins for what is no positive normal double", () => {
  for (
    const value of [0, -0, 5e-324, beyond(MIN_NORMAL, -1), -5e-324, -MIN_NORMAL, -1e-300, -1, -1e300, -Number.MAX_VALUE]
  ) {
    assert(binOf(value) < 1, `${value} must have no bin`);
  }
});
