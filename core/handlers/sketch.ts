// Quantiles within 0.5 % of the true value at their rank, after any merges: a DDSketch (Masson, Rim, Lee: "DDSketch",
// VLDB 2019) with the cubically interpolated logarithm. Owns which values share a bin; bins.ts counts them.

import { type BinRun, Bins } from "./bins.ts";
import { addCounts } from "./sums.ts";

// The logarithm to base two is approximated by the exponent plus P(s) = (6 s³ - 21 s² + 50 s) / 35, with 1 + s in [1, 2)
// the significand, and each octave is cut into 70 bins: bin k of it begins where 70 P(s) = 12 s³ - 42 s² + 100 s = k. As
// (1 + s) P'(s) >= 10/7, ln(high / low) <= 0.01 for each bin [low, high), so that the value 2 low high / (low + high)
// is within tanh(0.005) = 0.49999583 % of all values in it. What is left up to 0.5 % is more than rounding needs.
const BINS_OCTAVE = 70;
/** Bins are numbered from 1 at the smallest normal double; the last one holds the greatest double. */
export const BIN_MAX = BINS_OCTAVE * 2046;
/** The bin of 1. */
export const BIN_OF_ONE = BINS_OCTAVE * 1022 + 1;

/** Up to so many different bins are kept as a list: most tabs of one client and second have few, many have one. */
export const FEW_MAX = 32;

const value64 = new Float64Array(1);
const value32 = new Uint32Array(value64.buffer);
/** Which half of a double has its sign and exponent. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** scales[e] brings a double with the exponent field e into [1, 2), exactly. */
const scales = Float64Array.from({ length: 2047 }, (_, field) => 2 ** (1023 - field));
/** The values that stand for the bins of [1, 2). */
const middles = Float64Array.from({ length: BINS_OCTAVE }, (_, bin) => {
  const low = boundary(bin);
  const high = boundary(bin + 1);
  return 2 * low * high / (low + high);
});

/** Keys of the values of one run. */
const runKeys = new Int32Array(512);

/**
 * The key of a value's bin: the number of the bin for positive values, its negative for negative ones, 0 for zero. So
 * keys have the order of their values. Values nearer to zero than the smallest normal double (2.2e-308) count as zero.
 */
export function keyOf(value: number): number {
  value64[0] = value;
  const field = (value32[HIGH] >>> 20) & 0x7ff;
  if (field === 0) return 0;
  const s = Math.abs(value) * scales[field] - 1;
  const bin = BINS_OCTAVE * (field - 1) + 1 + (((12 * s - 42) * s + 100) * s | 0);
  return value < 0 ? -bin : bin;
}

/** The value that stands for a bin: within 0.5 % of all values in it. */
export function valueOf(key: number): number {
  if (key === 0) return 0;
  const place = Math.abs(key) - 1;
  const value = middles[place % BINS_OCTAVE] * 2 ** (Math.floor(place / BINS_OCTAVE) - 1022);
  return key < 0 ? -value : value;
}

/** Where bin `bin` of [1, 2) begins, by Newton's method: plain arithmetic, so that it is the same everywhere. */
function boundary(bin: number): number {
  let s = bin / BINS_OCTAVE;
  for (let round = 0; round < 8; round++) {
    s -= (((12 * s - 42) * s + 100) * s - bin) / ((36 * s - 84) * s + 100);
  }
  return 1 + s;
}

/** The bins of a sketch that has, or once had, too many for a list. */
export interface DenseBins {
  readonly positive: Bins;
  readonly negative: Bins;
  zeros: number;
}

/** Counts of values by bin. Adding is commutative and merging is adding, so order never shows. */
export class Sketch {
  /** Keys and their counts in turn, in no order, until there are too many of them. */
  readonly #few: number[] = [];
  #dense: DenseBins | undefined;

  /** A sketch of these bins, which it owns from now on. */
  static of(dense: DenseBins): Sketch {
    const sketch = new Sketch();
    sketch.#dense = dense;
    return sketch;
  }

  /** The bins where they are too many for a list. To be read only. */
  get dense(): DenseBins | undefined {
    return this.#dense;
  }

  /** How many values it holds, exact up to 2^53 - 1. */
  get count(): number {
    if (this.#dense !== undefined) {
      const { positive, negative, zeros } = this.#dense;
      return addCounts(addCounts(positive.total(), negative.total()), zeros);
    }
    let count = 0;
    for (let index = 1; index < this.#few.length; index += 2) count = addCounts(count, this.#few[index]);
    return count;
  }

  /** How many bins hold something. */
  get binCount(): number {
    let bins = 0;
    this.scan(() => bins++);
    return bins;
  }

  get isEmpty(): boolean {
    return this.#dense === undefined && this.#few.length === 0;
  }

  /** Adds one finite value. */
  add(value: number): void {
    this.addKey(keyOf(value), 1);
  }

  /** Adds `values[from]` to `values[to - 1]`, all finite: faster than one by one. */
  addAll(values: Float64Array, from: number, to: number): void {
    for (let start = from; start < to; start += runKeys.length) {
      this.#addRun(values, start, Math.min(start + runKeys.length, to));
    }
  }

  /** Adds `count` values of the bin that `key` names. */
  addKey(key: number, count: number): void {
    if (this.#dense === undefined) {
      if (this.#addToFew(key, count)) return;
      this.#dense = this.#spread();
    }
    addToDense(this.#dense, key, count);
  }

  /** Adds all that `from` holds. */
  merge(from: Sketch): void {
    if (from.#dense === undefined) {
      for (let index = 0; index < from.#few.length; index += 2) this.addKey(from.#few[index], from.#few[index + 1]);
      return;
    }
    const dense = this.#dense ??= this.#spread();
    dense.positive.merge(from.#dense.positive);
    dense.negative.merge(from.#dense.negative);
    dense.zeros = addCounts(dense.zeros, from.#dense.zeros);
  }

  /** Visits the bins that hold something with their counts, in the order of their values. */
  scan(visit: (key: number, count: number) => void): void {
    if (this.#dense === undefined) {
      sortByKey(this.#few);
      for (let index = 0; index < this.#few.length; index += 2) visit(this.#few[index], this.#few[index + 1]);
      return;
    }
    const { positive, negative, zeros } = this.#dense;
    for (let bin = negative.highest; bin >= negative.lowest; bin--) {
      const count = negative.at(bin);
      if (count > 0) visit(-bin, count);
    }
    if (zeros > 0) visit(0, zeros);
    for (let bin = positive.lowest; bin <= positive.highest; bin++) {
      const count = positive.at(bin);
      if (count > 0) visit(bin, count);
    }
  }

  /**
   * For each q of `qs`, which must rise from 0 to 1 at most, a value within 0.5 % of the one at rank
   * floor(q · (n - 1)), counted from 0, of the n values in rising order. Null where there are none.
   */
  quantiles(qs: readonly number[]): (number | null)[] {
    const last = this.count - 1;
    if (last < 0) return qs.map(() => null);
    const answers: number[] = [];
    let seen = 0;
    this.scan((key, count) => {
      seen += count;
      while (answers.length < qs.length && Math.floor(qs[answers.length] * last) < seen) answers.push(valueOf(key));
    });
    return answers;
  }

  #addRun(values: Float64Array, from: number, to: number): void {
    let lowest = Infinity;
    let highest = -Infinity;
    for (let index = from; index < to; index++) {
      const key = keyOf(values[index]);
      runKeys[index - from] = key;
      if (key < lowest) lowest = key;
      if (key > highest) highest = key;
    }
    const count = to - from;
    let listed = 0;
    if (this.#dense === undefined) {
      while (listed < count && this.#addToFew(runKeys[listed], 1)) listed++;
      if (listed === count) return;
      this.#dense = this.#spread();
      runKeys.copyWithin(0, listed, count);
    }
    addRunToDense(this.#dense, { bins: runKeys, count: count - listed, lowest, highest });
  }

  /** Adds to the list, unless it is full. */
  #addToFew(key: number, count: number): boolean {
    const few = this.#few;
    for (let index = 0; index < few.length; index += 2) {
      if (few[index] === key) {
        few[index + 1] = addCounts(few[index + 1], count);
        return true;
      }
    }
    if (few.length === 2 * FEW_MAX) return false;
    few.push(key, count);
    return true;
  }

  /** Empties the list into bins. */
  #spread(): DenseBins {
    const dense = { positive: new Bins(), negative: new Bins(), zeros: 0 };
    const few = this.#few;
    if (few.length === 0) return dense;
    sortByKey(few);
    // The extremes first: then the arrays have room for all others.
    const end = few.length - 2;
    addToDense(dense, few[end], few[end + 1]);
    for (let index = 0; index < end; index += 2) addToDense(dense, few[index], few[index + 1]);
    few.length = 0;
    return dense;
  }
}

export function addToDense(dense: DenseBins, key: number, count: number): void {
  if (key > 0) dense.positive.add(key, count);
  else if (key < 0) dense.negative.add(-key, count);
  else dense.zeros = addCounts(dense.zeros, count);
}

/** Adds one of each of a run of keys; the lowest and the highest may also be in the bins already. */
function addRunToDense(dense: DenseBins, run: BinRun): void {
  const { bins: keys, count, lowest, highest } = run;
  if (lowest > 0) dense.positive.addRun(run);
  else if (highest < 0) {
    for (let index = 0; index < count; index++) keys[index] = -keys[index];
    dense.negative.addRun({ bins: keys, count, lowest: -highest, highest: -lowest });
  } else for (let index = 0; index < count; index++) addToDense(dense, keys[index], 1);
}

/** Sorts keys and counts in turn, in place. */
function sortByKey(few: number[]): void {
  for (let end = 2; end < few.length; end += 2) {
    const key = few[end];
    const count = few[end + 1];
    let place = end;
    for (; place > 0 && few[place - 2] > key; place -= 2) {
      few[place] = few[place - 2];
      few[place + 1] = few[place - 1];
    }
    few[place] = key;
    few[place + 1] = count;
  }
}
