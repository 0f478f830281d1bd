// Which values share a bin of a sketch, and which value stands for them: DDSketch's mapping (Masson, Rim, Lee:
// "DDSketch", VLDB 2019) with the cubically interpolated logarithm. Plain arithmetic only, the same everywhere.

// The logarithm to base two is approximated by the exponent plus P(s) = (6 s³ - 21 s² + 50 s) / 35, where 1 + s in [1, 2)
// is the significand, and each octave is cut into 70 bins: bin k of it begins where 70 P(s) = 12 s³ - 42 s² + 100 s = k.
// As (1 + s) P'(s) >= 10/7, ln(high / low) <= 0.01 for each bin [low, high), so that 2 low high / (low + high) is within
// tanh(0.005) = 0.49999583 % of all values in it. What is left up to 0.5 % is more than rounding needs.
const BINS_OCTAVE = 70;
/** How far at most the value that stands for a bin is from any value in it, as a part of that value. */
export const RELATIVE_ERROR = 0.005;
/** Bins are numbered from 1 at the smallest normal double; the last one holds the greatest double. */
export const BIN_MAX = BINS_OCTAVE * 2046;
/** The bin of 1. */
export const BIN_OF_ONE = BINS_OCTAVE * 1022 + 1;

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
/** Which half of a double has its sign and exponent. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** scales[e] brings a double with the exponent field e into [1, 2), exactly. */
const scales = Float64Array.from({ length: 2048 }, (_, field) => 2 ** (1023 - field));
/** The values that stand for the bins of [1, 2). */
const middles = Float64Array.from({ length: BINS_OCTAVE }, (_, bin) => {
  const low = boundary(bin);
  const high = boundary(bin + 1);
  return 2 * low * high / (low + high);
});

/** The bin of a positive normal double; something below 1 for any other finite number. Without a branch. */
export function binOf(value: number): number {
  double[0] = value;
  const word = words[HIGH];
  const s = value * scales[(word >> 20) & 0x7ff] - 1;
  // The sign comes along with the exponent, and takes negative values far below all bins.
  return Math.imul(BINS_OCTAVE, word >> 20) + (((12 * s - 42) * s + 100) * s | 0) - (BINS_OCTAVE - 1) | 0;
}

/**
 * The key of a value's bin: the number of the bin for positive values, its negative for negative ones, 0 for zero. So
 * keys have the order of their values. Values nearer to zero than the smallest normal double (2.2e-308) count as zero.
 */
export function keyOf(value: number): number {
  const bin = binOf(Math.abs(value));
  if (bin < 1) return 0;
  return value < 0 ? -bin : bin;
}

/** The value that stands for a bin: within 0.5 % of all values in it. */
export function valueOf(key: number): number {
  if (key === 0) return 0;
  const place = Math.abs(key) - 1;
  const value = middles[place % BINS_OCTAVE] * 2 ** (Math.floor(place / BINS_OCTAVE) - 1022);
  return key < 0 ? -value : value;
}

/** Where bin `bin` of [1, 2) begins, by Newton's method. */
function boundary(bin: number): number {
  let s = bin / BINS_OCTAVE;
  for (let round = 0; round < 8; round++) {
    s -= (((12 * s - 42) * s + 100) * s - bin) / ((36 * s - 84) * s + 100);
  }
  return 1 + s;
}
