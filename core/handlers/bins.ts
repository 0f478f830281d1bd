// One store of a sketch: how many values fell into each bin, dense between the lowest and the highest bin in use, in
// counters as narrow as they can be. Bins are numbered from 1 by the size of their values; which values those are, only sketch.ts knows.

import { limits } from "../limits.ts";
import { addCounts, COUNT_MAX } from "./sums.ts";

/** Narrow counters are widened, all of a store at once, when one of them is full. */
type Counts = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const NONE = new Uint8Array(0);

/** Bins to add one to each: the first `count` of `bins`, of which `lowest` and `highest` are the extremes. */
export interface BinRun {
  /** May be changed. */
  readonly bins: Int32Array;
  readonly count: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * At most `sketchBinsMax` bins: what lies further below the highest is counted in the lowest that there is room for.
 * That depends on nothing but what was added, so the order of adding and merging never shows.
 */
export class Bins {
  #counts: Counts = NONE;
  /** The bin of #counts[0]. Counts outside the lowest and the highest bin are zero. */
  #base = 0;
  #lowest = 0;
  #highest = -1;

  /** The store with these counts from bin `lowest` on, of which the first and the last are not zero. */
  static of(lowest: number, counts: Float64Array): Bins {
    const bins = new Bins();
    if (counts.length === 0) return bins;
    let most = 0;
    for (let index = 0; index < counts.length; index++) most = Math.max(most, counts[index]);
    bins.#counts = most <= 0xff ? Uint8Array.from(counts) : widened(counts, most);
    bins.#base = bins.#lowest = lowest;
    bins.#highest = lowest + counts.length - 1;
    return bins;
  }

  /** The lowest bin in use. */
  get lowest(): number {
    return this.#lowest;
  }

  /** The highest bin in use; below `lowest` while the store is empty. */
  get highest(): number {
    return this.#highest;
  }

  /** How many values bin `bin` holds. */
  at(bin: number): number {
    return bin < this.#lowest || bin > this.#highest ? 0 : this.#counts[bin - this.#base];
  }

  /** Copies the counts from `lowest` to `highest` and answers how many of them are not zero. */
  copyTo(row: Float64Array): number {
    const counts = this.#counts;
    const first = this.#lowest - this.#base;
    let used = 0;
    for (let index = 0; index < row.length; index++) {
      const count = counts[first + index];
      row[index] = count;
      if (count > 0) used++;
    }
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
    if (bin < this.#lowest || bin > this.#highest) this.#reach(bin, bin);
    const place = Math.max(bin, this.#lowest);
    this.#put(place, addCounts(this.#counts[place - this.#base], count));
  }

  addRun({ bins, count, lowest, highest }: BinRun): void {
    this.#reach(lowest, highest);
    if (lowest < this.#lowest) {
      for (let index = 0; index < count; index++) bins[index] = Math.max(bins[index], this.#lowest);
    }
    for (let index = this.#increment(bins, 0, count); index < count; index = this.#increment(bins, index, count)) {
      this.#counts = widened(this.#counts, countMax(this.#counts) + 1);
    }
  }

  merge(from: Bins): void {
    if (from.#highest < 0) return;
    this.#reach(from.#lowest, from.#highest);
    const collapsed = from.#sumTo(this.#lowest);
    this.#put(this.#lowest, addCounts(this.#counts[this.#lowest - this.#base], collapsed));
    for (let bin = Math.max(from.#lowest, this.#lowest + 1); bin <= from.#highest; bin++) {
      this.#put(bin, addCounts(this.#counts[bin - this.#base], from.#counts[bin - from.#base]));
    }
  }

  /** Adds one to each bin, all of them in reach, until a counter is full; answers the index of its bin, or `to`. */
  #increment(bins: Int32Array, from: number, to: number): number {
    const counts = this.#counts;
    const base = this.#base;
    // The same loop for each kind of array: one loop for all would look up the kind at each access.
    if (counts instanceof Uint8Array) {
      for (let index = from; index < to; index++) {
        const count = counts[bins[index] - base];
        if (count === 0xff) return index;
        counts[bins[index] - base] = count + 1;
      }
    } else if (counts instanceof Uint16Array) {
      for (let index = from; index < to; index++) {
        const count = counts[bins[index] - base];
        if (count === 0xffff) return index;
        counts[bins[index] - base] = count + 1;
      }
    } else if (counts instanceof Uint32Array) {
      for (let index = from; index < to; index++) {
        const count = counts[bins[index] - base];
        if (count === 0xffffffff) return index;
        counts[bins[index] - base] = count + 1;
      }
    } else {
      for (let index = from; index < to; index++) {
        counts[bins[index] - base] = addCounts(counts[bins[index] - base], 1);
      }
    }
    return to;
  }

  /** Makes room for bins `lowest` to `highest`, both of which are about to be added to. */
  #reach(lowest: number, highest: number): void {
    const isEmpty = this.#highest < 0;
    const top = isEmpty ? highest : Math.max(highest, this.#highest);
    const wanted = isEmpty ? lowest : Math.min(lowest, this.#lowest);
    const bottom = Math.max(wanted, top - limits.sketchBinsMax + 1);
    if (bottom < this.#base || top >= this.#base + this.#counts.length) this.#move(bottom, top);
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
    this.#base = bottom < oldBase ? bottom - room : bottom;
    this.#counts = zeros(old, used + room);
    const kept = Math.max(this.#lowest, bottom + 1);
    if (kept <= this.#highest) {
      this.#counts.set(old.subarray(kept - oldBase, this.#highest + 1 - oldBase), kept - this.#base);
    }
    this.#put(bottom, collapsed);
  }

  /** Counts what lies below `bottom` in it. */
  #collapse(bottom: number): void {
    const collapsed = this.#sumTo(bottom);
    this.#counts.fill(0, this.#lowest - this.#base, bottom - this.#base);
    this.#put(bottom, collapsed);
  }

  /** What bins up to `bin` hold. */
  #sumTo(bin: number): number {
    let sum = 0;
    const end = Math.min(bin, this.#highest);
    for (let each = this.#lowest; each <= end; each++) sum = addCounts(sum, this.#counts[each - this.#base]);
    return sum;
  }

  #put(bin: number, count: number): void {
    if (count > countMax(this.#counts)) this.#counts = widened(this.#counts, count);
    this.#counts[bin - this.#base] = count;
  }
}

function countMax(counts: Counts): number {
  if (counts instanceof Uint8Array) return 0xff;
  if (counts instanceof Uint16Array) return 0xffff;
  if (counts instanceof Uint32Array) return 0xffffffff;
  return COUNT_MAX;
}

/** The same counts in an array that can hold `count`. */
function widened(counts: Counts, count: number): Counts {
  const Wider = count <= 0xffff ? Uint16Array : count <= 0xffffffff ? Uint32Array : Float64Array;
  const wider = new Wider(counts.length);
  wider.set(counts);
  return wider;
}

/** As many zeros, in an array of the same kind. */
function zeros(counts: Counts, length: number): Counts {
  if (counts instanceof Uint8Array) return new Uint8Array(length);
  if (counts instanceof Uint16Array) return new Uint16Array(length);
  if (counts instanceof Uint32Array) return new Uint32Array(length);
  return new Float64Array(length);
}
