// One store of a sketch: how many values fell into each bin, dense between the lowest and the highest bin in use, in
// counters as narrow as they can be. Bins are numbered from 1 by size of the value; which values a bin holds is sketch.ts's.

import { assert } from "../assert.ts";
import { limits } from "../limits.ts";

type Counts = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const NONE = new Uint8Array(0);

/** Counts saturate here: the last whole number up to which counting is exact. */
export const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/**
 * At most `sketchBinsMax` bins: what lies further below the highest bin is counted in the lowest that there is room
 * for. That depends on nothing but what was added, so the order of adding and merging never shows.
 */
export class Bins {
  #counts: Counts = NONE;
  /** The bin of #counts[0]. */
  #base = 0;
  /** The lowest and the highest bin in use: both hold something, unless the store is empty (0 and -1). */
  #lowest = 0;
  #highest = -1;

  get isEmpty(): boolean {
    return this.#highest < 0;
  }

  get lowest(): number {
    return this.#lowest;
  }

  get highest(): number {
    return this.#highest;
  }

  /** How many values bin `bin` holds; it must lie between `lowest` and `highest`. */
  at(bin: number): number {
    return this.#counts[bin - this.#base];
  }

  total(): number {
    let total = 0;
    for (let bin = this.#lowest; bin <= this.#highest; bin++) total += this.#counts[bin - this.#base];
    return Math.min(total, COUNT_MAX);
  }

  add(bin: number, count: number): void {
    if (bin < this.#lowest || bin > this.#highest) this.#reach(bin, bin);
    const index = Math.max(bin, this.#lowest) - this.#base;
    const sum = Math.min(this.#counts[index] + count, COUNT_MAX);
    if (sum > countMax(this.#counts)) this.#counts = widened(this.#counts, sum);
    this.#counts[index] = sum;
  }

  /** Adds one to each of `bins[from]` to `bins[to - 1]`, which lie between `lowest` and `highest` and hold both. */
  addAll(
    bins: Int32Array,
    options: { readonly count: number; readonly lowest: number; readonly highest: number },
  ): void {
    const { count, lowest, highest } = options;
    if (this.isEmpty || lowest < this.#lowest || highest > this.#highest) this.#reach(lowest, highest);
    for (let index = 0; index < count; index++) this.add(bins[index], 1);
  }

  merge(from: Bins): void {
    if (from.isEmpty) return;
    this.#reach(from.#lowest, from.#highest);
    for (let bin = from.#lowest; bin <= from.#highest; bin++) {
      const count = from.#counts[bin - from.#base];
      if (count > 0) this.add(bin, count);
    }
  }

  /** Makes room for bins `lowest` to `highest`, both of which are about to be added to. */
  #reach(lowest: number, highest: number): void {
    const wasEmpty = this.isEmpty;
    const top = wasEmpty ? highest : Math.max(highest, this.#highest);
    const floor = top - limits.sketchBinsMax + 1;
    const bottom = Math.max(wasEmpty ? lowest : Math.min(lowest, this.#lowest), floor);
    const end = this.#base + this.#counts.length;
    if (wasEmpty || bottom < this.#base || top >= end) this.#move(bottom, top);
    else if (bottom > this.#lowest) this.#collapse(bottom);
    this.#lowest = bottom;
    this.#highest = top;
  }

  /** Into a new array that has some room to grow where the range has just grown. */
  #move(bottom: number, top: number): void {
    const used = top - bottom + 1;
    const room = this.isEmpty ? 0 : Math.min(8 + (used >> 3), limits.sketchBinsMax - used);
    const base = bottom < this.#lowest ? Math.max(bottom - room, 1) : bottom;
    const moved = this.#counts.constructor === Uint8Array
      ? new Uint8Array(used + room)
      : sameKind(this.#counts, used + room);
    let collapsed = 0;
    for (let bin = this.#lowest; bin <= this.#highest; bin++) {
      const count = this.#counts[bin - this.#base];
      if (bin <= bottom) collapsed += count;
      else moved[bin - base] = count;
    }
    this.#base = base;
    this.#counts = moved;
    this.#put(bottom, collapsed);
  }

  #collapse(bottom: number): void {
    let collapsed = 0;
    for (let bin = this.#lowest; bin <= Math.min(bottom, this.#highest); bin++) {
      collapsed += this.#counts[bin - this.#base];
      this.#counts[bin - this.#base] = 0;
    }
    this.#put(bottom, collapsed);
  }

  #put(bin: number, count: number): void {
    const kept = Math.min(count, COUNT_MAX);
    if (kept > countMax(this.#counts)) this.#counts = widened(this.#counts, kept);
    this.#counts[bin - this.#base] = kept;
  }
}

function countMax(counts: Counts): number {
  if (counts instanceof Uint8Array) return 0xff;
  if (counts instanceof Uint16Array) return 0xffff;
  if (counts instanceof Uint32Array) return 0xffffffff;
  return COUNT_MAX;
}

function widened(counts: Counts, count: number): Counts {
  assert(count <= COUNT_MAX, "counts saturate");
  if (count <= 0xffff) return Uint16Array.from(counts);
  if (count <= 0xffffffff) return Uint32Array.from(counts);
  return Float64Array.from(counts);
}

function sameKind(counts: Counts, length: number): Counts {
  if (counts instanceof Uint16Array) return new Uint16Array(length);
  if (counts instanceof Uint32Array) return new Uint32Array(length);
  return new Float64Array(length);
}
