// Quantiles within 0.5 % of the true value at their rank, after any merges: a DDSketch (Masson, Rim, Lee: "DDSketch",
// VLDB 2019) with the cubically interpolated logarithm. Owns which values share a bin; bins.ts counts them.

import { Bins, COUNT_MAX } from "./bins.ts";

// The logarithm of base two is approximated by the exponent plus a cubic in the significand, P(s) = (6 s³ - 21 s² + 50 s)
// / 35 for s in [0, 1), and each octave is cut into 70 bins where 70 P(s) is whole: 12 s³ - 42 s² + 100 s. As
// (1 + s) P'(s) >= 10/7, a bin [low, high) has ln(high / low) <= 0.01, so that the value 2 low high / (low + high)
// is within tanh(0.005) = 0.49999583 % of all its values: the rest up to 0.5 % leaves room for rounding.
const BINS_OCTAVE = 70;
/** Bins are numbered from 1 at the smallest normal double; the last one holds the greatest double. */
export const BIN_MAX = BINS_OCTAVE * 2046;
/** The bin of 1: encodings count from here, since the values of most tabs are not far from it. */
export const BIN_OF_ONE = BINS_OCTAVE * 1022 + 1;

/** Up to so many different bins are kept as a list. */
const FEW_MAX = 32;

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);
/** Which word of a double has its exponent. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** scales[e] brings a double whose exponent field is e into [1, 2), exactly. */
const scales = Float64Array.from({ length: 2047 }, (_, exponent) => 2 ** (1023 - exponent));
/** What stands for all the values of a bin, for the bins of [1, 2). */
const middles = Float64Array.from({ length: BINS_OCTAVE }, (_, bin) => {
  const low = boundary(bin);
  const high = boundary(bin + 1);
  return 2 * low * high / (low + high);
});

const RUN = 512;
const runKeys = new Int32Array(RUN);

/**
 * The key of a value's bin: positive for positive values, negative for negative ones, 0 for zero; keys are ordered as
 * their values are. Values below the smallest normal double (2.2e-308) count as zero.
 */
export function keyOf(value: number): number {
  scratch[0] = value;
  const word = scratchWords[HIGH];
  const exponent = (word >>> 20) & 0x7ff;
  if (exponent === 0) return 0;
  const s = Math.abs(value) * scales[exponent] - 1;
  const bin = BINS_OCTAVE * (exponent - 1) + 1 + (((12 * s - 42) * s + 100) * s | 0);
  return value < 0 ? -bin : bin;
}

/** The value that stands for a bin: no more than 0.5 % from any value in it. */
export function valueOf(key: number): number {
  if (key === 0) return 0;
  const place = Math.abs(key) - 1;
  const octave = Math.floor(place / BINS_OCTAVE);
  const value = middles[place % BINS_OCTAVE] * 2 ** (octave - 1022);
  return key < 0 ? -value : value;
}

/** Where bin `bin` of [1, 2) begins: 1 + s where 70 P(s) = bin, by Newton's method. */
function boundary(bin: number): number {
  let s = bin / BINS_OCTAVE;
  for (let round = 0; round < 8; round++) {
    s -= (((12 * s - 42) * s + 100) * s - bin) / ((36 * s - 84) * s + 100);
  }
  return 1 + s;
}

/** Counts of values by bin. Adding is commutative and merging is adding, so order never shows. */
export class Sketch {
  /** Keys and their counts in turn, in no order; undefined once there were too many for a list. */
  #few: number[] | undefined = [];
  #zeros = 0;
  #positive: Bins | undefined;
  #negative: Bins | undefined;

  /** How many values it holds, exact up to 2^53 - 1. */
  get count(): number {
    let count = this.#zeros + (this.#positive?.total() ?? 0) + (this.#negative?.total() ?? 0);
    if (this.#few !== undefined) {
      for (let index = 1; index < this.#few.length; index += 2) {
        count += this.#few[index];
      }
    }
    return Math.min(count, COUNT_MAX);
  }

  get isEmpty(): boolean {
    return this.#few !== undefined && this.#few.length === 0;
  }

  /** Adds one finite value. */
  add(value: number): void {
    this.addKey(keyOf(value), 1);
  }

  /** Adds `values[from]` to `values[to - 1]`, all finite. */
  addAll(values: Float64Array, from: number, to: number): void {
    for (let start = from; start < to; start += RUN) this.#addRun(values, start, Math.min(start + RUN, to));
  }

  /** Adds `count` values of the bin that `key` names. */
  addKey(key: number, count: number): void {
    const few = this.#few;
    if (few === undefined) {
      this.#addDense(key, count);
      return;
    }
    for (let index = 0; index < few.length; index += 2) {
      if (few[index] === key) {
        few[index + 1] = Math.min(few[index + 1] + count, COUNT_MAX);
        return;
      }
    }
    if (few.length < 2 * FEW_MAX) few.push(key, count);
    else {
      this.#spread(few);
      this.#addDense(key, count);
    }
  }

  /** Adds all that `from` holds. */
  merge(from: Sketch): void {
    if (from.#few !== undefined) {
      for (let index = 0; index < from.#few.length; index += 2) this.addKey(from.#few[index], from.#few[index + 1]);
      return;
    }
    if (this.#few !== undefined) this.#spread(this.#few);
    this.#zeros = Math.min(this.#zeros + from.#zeros, COUNT_MAX);
    if (from.#positive !== undefined) (this.#positive ??= new Bins()).merge(from.#positive);
    if (from.#negative !== undefined) (this.#negative ??= new Bins()).merge(from.#negative);
  }

  /**
   * The values at the given ranks: for each q of `qs`, which rise from 0 to 1, one within 0.5 % of the
   * floor(q (n - 1))-th (from 0) of the n values in rising order. Null where there are no values.
   */
  quantiles(qs: readonly number[]): (number | null)[] {
    const count = this.count;
    if (count === 0) return qs.map(() => null);
    const ranks = qs.map((q) => Math.floor(q * (count - 1)));
    const answers: number[] = [];
    let below = 0;
    for (const [key, binCount] of this.bins()) {
      below += binCount;
      while (answers.length < ranks.length && ranks[answers.length] < below) answers.push(valueOf(key));
      if (answers.length === ranks.length) break;
    }
    return answers;
  }

  /** Keys with their counts, none of them 0, by rising value. */
  *bins(): IterableIterator<[key: number, count: number]> {
    if (this.#few !== undefined) {
      yield* pairs(this.#few).sort((a, b) => a[0] - b[0]);
      return;
    }
    const negative = this.#negative;
    for (let bin = negative?.highest ?? -1; negative !== undefined && bin >= negative.lowest; bin--) {
      if (negative.at(bin) > 0) yield [-bin, negative.at(bin)];
    }
    if (this.#zeros > 0) yield [0, this.#zeros];
    const positive = this.#positive;
    for (let bin = positive?.lowest ?? 0; positive !== undefined && bin <= positive.highest; bin++) {
      if (positive.at(bin) > 0) yield [bin, positive.at(bin)];
    }
  }

  #addRun(values: Float64Array, from: number, to: number): void {
    for (let index = from; index < to; index++) runKeys[index - from] = keyOf(values[index]);
    for (let index = 0; index < to - from; index++) this.addKey(runKeys[index], 1);
  }

  #addDense(key: number, count: number): void {
    if (key === 0) this.#zeros = Math.min(this.#zeros + count, COUNT_MAX);
    else if (key > 0) (this.#positive ??= new Bins()).add(key, count);
    else (this.#negative ??= new Bins()).add(-key, count);
  }

  #spread(few: readonly number[]): void {
    this.#few = undefined;
    for (let index = 0; index < few.length; index += 2) this.#addDense(few[index], few[index + 1]);
  }
}

function pairs(flat: readonly number[]): [number, number][] {
  const paired: [number, number][] = [];
  for (let index = 0; index < flat.length; index += 2) paired.push([flat[index], flat[index + 1]]);
  return paired;
}
