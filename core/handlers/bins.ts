// One store of a sketch: how many values fell into each bin, dense between the lowest and the highest bin in use, in
// counters as narrow as they can be. Bins are numbered from 1 by the size of their values, as mapping.ts has it.

import { limits } from "../limits.ts";
import { binOf } from "./mapping.ts";
import { addCounts, COUNT_MAX } from "./sums.ts";

/** Narrow counters are widened, all of a store at once, when one of them is full. */
type Counts = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const NONE = new Uint8Array(0);

/** The counts being merged, all of one kind whatever they came from. */
const mergeRow = new Uint32Array(limits.sketchBinsMax);

/** Values `from` to `to - 1` of a column, times `sign`. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly sign: 1 | -1;
}

/**
 * At most `sketchBinsMax` bins: what lies further below the highest is counted in the lowest that there is room for.
 * That depends on nothing but what was added, so the order of adding and merging never shows.
 */
export class Bins {
  #counts: Counts = NONE;
  /** What a counter of #counts can hold. */
  #most = 0xff;
  /** The bin of #counts[0]. Counts outside the lowest and the highest bin are zero. */
  #base = 0;
  #lowest = 0;
  #highest = -1;

  /** Fills an empty store with counts from bin `lowest` on, of which the first and the last are not zero. */
  fill(lowest: number, counts: Float64Array): void {
    if (counts.length === 0) return;
    let most = 0;
    for (let index = 0; index < counts.length; index++) if (counts[index] > most) most = counts[index];
    if (this.#counts.length < counts.length) this.#counts = zeros(this.#counts, counts.length);
    this.#widen(most);
    this.#counts.set(counts);
    this.#base = this.#lowest = lowest;
    this.#highest = lowest + counts.length - 1;
  }

  /** Empties the store, which keeps its memory. */
  clear(): void {
    if (this.#highest < 0) return;
    this.#counts.fill(0, this.#lowest - this.#base, this.#highest + 1 - this.#base);
    this.#lowest = 0;
    this.#highest = -1;
  }

  /** The lowest bin in use. */
  get lowest(): number {
    return this.#lowest;
  }

  /** The highest bin in use; below `lowest` while the store is empty. */
  get highest(): number {
    return this.#highest;
  }

  /** Visits the bins in use with their counts, from the lowest on. */
  scan(visit: (bin: number, count: number) => void): void {
    const counts = this.#counts;
    const base = this.#base;
    const end = this.#highest - base;
    for (let index = this.#lowest - base; index <= end; index++) {
      const count = counts[index];
      if (count > 0) visit(base + index, count);
    }
  }

  /** The same from the highest on. */
  scanDown(visit: (bin: number, count: number) => void): void {
    const counts = this.#counts;
    const base = this.#base;
    const end = this.#lowest - base;
    for (let index = this.#highest - base; index >= end; index--) {
      const count = counts[index];
      if (count > 0) visit(base + index, count);
    }
  }

  /** Copies the counts from `lowest` to `highest`. */
  copyTo(row: Float64Array): void {
    row.set(this.#counts.subarray(this.#lowest - this.#base, this.#highest + 1 - this.#base));
  }

  /** How many bins are in use. */
  used(): number {
    const counts = this.#counts;
    let used = 0;
    for (let index = 0; index < counts.length; index++) if (counts[index] > 0) used++;
    return used;
  }

  /** How many values there are. */
  total(): number {
    const counts = this.#counts;
    let total = 0;
    for (let index = 0; index < counts.length; index++) total += counts[index];
    return Math.min(total, COUNT_MAX);
  }

  add(bin: number, count: number): void {
    if (bin < this.#lowest || bin > this.#highest) this.reach(bin, bin);
    const index = (bin < this.#lowest ? this.#lowest : bin) - this.#base;
    const sum = this.#counts[index] + count;
    if (sum > this.#most) this.#put(index, sum);
    else this.#counts[index] = sum;
  }

  /**
   * Adds values while they fall into bins in use whose counters are neither full nor of the widest kind: for the others,
   * which are few where values are many, there is `add`. Answers the index of the first value that was not added.
   */
  addAll(values: Float64Array, { from, to, sign }: Run): number {
    const counts = this.#counts;
    const base = this.#base;
    const first = this.#lowest - base;
    const last = this.#highest - base;
    let index = from;
    // The same loop for each kind of array: one loop for all would look up the kind at each access.
    if (counts instanceof Uint8Array) {
      for (; index < to; index++) {
        const place = binOf(sign * values[index]) - base;
        if (place < first || place > last) break;
        const count = counts[place];
        if (count === 0xff) break;
        counts[place] = count + 1;
      }
    } else if (counts instanceof Uint16Array) {
      for (; index < to; index++) {
        const place = binOf(sign * values[index]) - base;
        if (place < first || place > last) break;
        const count = counts[place];
        if (count === 0xffff) break;
        counts[place] = count + 1;
      }
    } else if (counts instanceof Uint32Array) {
      for (; index < to; index++) {
        const place = binOf(sign * values[index]) - base;
        if (place < first || place > last) break;
        const count = counts[place];
        if (count === 0xffffffff) break;
        counts[place] = count + 1;
      }
    }
    return index;
  }

  merge(from: Bins): void {
    if (from.#highest < 0) return;
    this.reach(from.#lowest, from.#highest);
    if (from.#lowest < this.#lowest) this.add(this.#lowest, from.#sumTo(this.#lowest - 1));
    const first = Math.max(from.#lowest, this.#lowest);
    const count = from.#highest - first + 1;
    if (count <= 0) return;
    const at = first - this.#base;
    const others = from.#counts.subarray(first - from.#base, first - from.#base + count);
    if (others instanceof Float64Array) {
      for (let index = 0; index < count; index++) this.#put(at + index, this.#counts[at + index] + others[index]);
      return;
    }
    mergeRow.set(others);
    for (let index = 0; index < count; index++) {
      index = addRow(this.#counts, at, { from: index, to: count });
      if (index < count) this.#put(at + index, this.#counts[at + index] + mergeRow[index]);
    }
  }

  /** Makes room for bins `lowest` to `highest`, both of which must be added to next. */
  reach(lowest: number, highest: number): void {
    const isEmpty = this.#highest < 0;
    const top = isEmpty ? highest : Math.max(highest, this.#highest);
    const wanted = isEmpty ? lowest : Math.min(lowest, this.#lowest);
    const bottom = Math.max(wanted, top - limits.sketchBinsMax + 1);
    if (isEmpty && top - bottom < this.#counts.length) this.#base = bottom;
    else if (bottom < this.#base || top >= this.#base + this.#counts.length) this.#move(bottom, top);
    else if (bottom > this.#lowest && !isEmpty) this.#collapse(bottom);
    this.#lowest = bottom;
    this.#highest = top;
  }

  /** Into a new array, with some room beyond on the side on which the range has grown. */
  #move(bottom: number, top: number): void {
    const old = this.#counts;
    const oldBase = this.#base;
    const collapsed = this.#sumTo(bottom);
    const used = top - bottom + 1;
    const room = old.length === 0 ? 0 : Math.min(8 + (used >> 3), limits.sketchBinsMax - used);
    this.#base = bottom < oldBase ? Math.max(bottom - room, 1) : bottom;
    this.#counts = zeros(old, used + room);
    const kept = Math.max(this.#lowest, bottom + 1);
    if (kept <= this.#highest) {
      this.#counts.set(old.subarray(kept - oldBase, this.#highest + 1 - oldBase), kept - this.#base);
    }
    this.#put(bottom - this.#base, collapsed);
  }

  /** Counts what lies below `bottom` in it. */
  #collapse(bottom: number): void {
    const collapsed = this.#sumTo(bottom);
    this.#counts.fill(0, this.#lowest - this.#base, bottom - this.#base);
    this.#put(bottom - this.#base, collapsed);
  }

  /** What bins up to `bin` hold. */
  #sumTo(bin: number): number {
    let sum = 0;
    const end = Math.min(bin, this.#highest);
    for (let each = this.#lowest; each <= end; each++) sum = addCounts(sum, this.#counts[each - this.#base]);
    return sum;
  }

  /** Sets the counter at `index`, of a wider kind if need be. */
  #put(index: number, count: number): void {
    const kept = Math.min(count, COUNT_MAX);
    if (kept > this.#most) this.#widen(kept);
    this.#counts[index] = kept;
  }

  /** Makes the counters so wide that they can hold `count`. */
  #widen(count: number): void {
    if (count <= this.#most) return;
    const narrow = this.#counts;
    if (count <= 0xffff) {
      this.#most = 0xffff;
      this.#counts = new Uint16Array(narrow.length);
    } else if (count <= 0xffffffff) {
      this.#most = 0xffffffff;
      this.#counts = new Uint32Array(narrow.length);
    } else {
      this.#most = COUNT_MAX;
      this.#counts = new Float64Array(narrow.length);
    }
    this.#counts.set(narrow);
  }
}

/** Adds counts of mergeRow to those from `at` on, until one is too large for its counter; answers its index. */
function addRow(counts: Counts, at: number, { from, to }: { readonly from: number; readonly to: number }): number {
  let index = from;
  // Compared by subtraction, so that no sum is more than a word.
  if (counts instanceof Uint8Array) {
    for (; index < to; index++) {
      const other = mergeRow[index];
      if (other > 0xff - counts[at + index]) break;
      counts[at + index] += other;
    }
  } else if (counts instanceof Uint16Array) {
    for (; index < to; index++) {
      const other = mergeRow[index];
      if (other > 0xffff - counts[at + index]) break;
      counts[at + index] += other;
    }
  } else if (counts instanceof Uint32Array) {
    for (; index < to; index++) {
      const other = mergeRow[index];
      if (other > 0xffffffff - counts[at + index]) break;
      counts[at + index] += other;
    }
  } else {
    for (; index < to; index++) counts[at + index] = addCounts(counts[at + index], mergeRow[index]);
  }
  return index;
}

/** As many zeros, in an array of the same kind. */
function zeros(counts: Counts, length: number): Counts {
  if (counts instanceof Uint8Array) return new Uint8Array(length);
  if (counts instanceof Uint16Array) return new Uint16Array(length);
  if (counts instanceof Uint32Array) return new Uint32Array(length);
  return new Float64Array(length);
}
