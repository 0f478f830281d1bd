// Quantiles within 0.5 % of the true value at their rank, after any merges: a DDSketch. Owns which bins there are, in a
// list or in stores for each sign; mapping.ts knows which values share one.

import { Bins } from "./bins.ts";
import { keyOf, valueOf } from "./mapping.ts";
import { addCounts } from "./sums.ts";

/** Up to so many different bins are kept as a list: most tabs of one client and second have few, many have one. */
export const FEW_MAX = 32;

/** Of so many values that are about to be added the extremes are looked for first; the rest seldom lies beyond them. */
const FORESEEN = 512;

/** The bins of a sketch that has had too many for a list: for good, so that this too follows from its values alone. */
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
  /** The bins of before it was cleared. */
  #spare: DenseBins | undefined;

  /** The bins where they are too many for a list. To be read only. */
  get dense(): DenseBins | undefined {
    return this.#dense;
  }

  /** Gives an empty sketch bins, which whoever reads it from bytes fills. */
  makeDense(): DenseBins {
    return this.#dense = this.#spare ?? { positive: new Bins(), negative: new Bins(), zeros: 0 };
  }

  /** Empties the sketch, which keeps its memory. */
  clear(): void {
    this.#few.length = 0;
    if (this.#dense === undefined) return;
    this.#dense.positive.clear();
    this.#dense.negative.clear();
    this.#dense.zeros = 0;
    this.#spare = this.#dense;
    this.#dense = undefined;
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
    for (let index = from; index < to; index++) {
      if (this.#dense !== undefined) {
        const { positive, negative } = this.#dense;
        index = values[index] < 0
          ? negative.addAll(values, { from: index, to, sign: -1 })
          : positive.addAll(values, { from: index, to, sign: 1 });
        if (index === to) return;
      }
      // The list, or the first value that was out of the bins' range or of another sign.
      const key = keyOf(values[index]);
      if (this.#dense !== undefined || !this.#addToFew(key, 1)) {
        const end = Math.min(to, index + FORESEEN);
        addToDense(this.#dense ?? this.#spread(extremes(values, index, end)), key, 1);
      }
    }
  }

  /** Adds `count` values of the bin that `key` names. */
  addKey(key: number, count: number): void {
    if (this.#dense === undefined && this.#addToFew(key, count)) return;
    addToDense(this.#dense ?? this.#spread(), key, count);
  }

  /** Adds all that `from` holds. */
  merge(from: Sketch): void {
    if (from.#dense === undefined) {
      for (let index = 0; index < from.#few.length; index += 2) this.addKey(from.#few[index], from.#few[index + 1]);
      return;
    }
    const dense = this.#dense ?? this.#spread();
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
    negative.scanDown((bin, count) => visit(-bin, count));
    if (zeros > 0) visit(0, zeros);
    positive.scan(visit);
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

  /** Empties the list into bins, with room for `keys`, all of which must be added next. */
  #spread(keys: readonly number[] = []): DenseBins {
    sortByKey(this.#few);
    const dense = this.makeDense();
    spread(this.#few, { dense, keys });
    this.#few.length = 0;
    return dense;
  }
}

/** The keys of the least and the greatest of the positive and of the negative values. */
function extremes(values: Float64Array, from: number, to: number): number[] {
  let [lowest, negative, positive, highest] = [0, -Infinity, Infinity, 0];
  for (let index = from; index < to; index++) {
    const value = values[index];
    if (value > 0) {
      if (value < positive) positive = value;
      if (value > highest) highest = value;
    } else if (value < 0) {
      if (value > negative) negative = value;
      if (value < lowest) lowest = value;
    }
  }
  return [lowest, negative, positive, highest].filter(Number.isFinite).map(keyOf);
}

/** Adds a list sorted by key to empty bins, and makes room for `keys`, all of which must be added next. */
export function spread(
  list: readonly number[],
  { dense, keys = [] }: { readonly dense: DenseBins; readonly keys?: readonly number[] },
): void {
  // The extremes first: then the arrays have room for all others.
  const far = list.length === 0 ? keys : [...keys, list[0], list[list.length - 2]];
  reachAll(dense.positive, far.filter((key) => key > 0));
  reachAll(dense.negative, far.filter((key) => key < 0).map((key) => -key));
  for (let index = 0; index < list.length; index += 2) addToDense(dense, list[index], list[index + 1]);
}

function reachAll(store: Bins, bins: readonly number[]): void {
  if (bins.length > 0) store.reach(Math.min(...bins), Math.max(...bins));
}

function addToDense(dense: DenseBins, key: number, count: number): void {
  if (key > 0) dense.positive.add(key, count);
  else if (key < 0) dense.negative.add(-key, count);
  else dense.zeros = addCounts(dense.zeros, count);
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
