// The cells of a timeline that keep a count and a total.

import { addCounts, addTotals } from "./sums.ts";
import type { Cells } from "./timeline.ts";

/** Start, count and total of a cell lie side by side in one array: a full timeline has some 350 cells. */
const STRIDE = 3;

/** Cells of (count, total). */
export class TotalsCells implements Cells<TotalsCells> {
  #columns = new Float64Array(2 * STRIDE);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  start(index: number): number {
    return this.#columns[STRIDE * index];
  }

  count(index: number): number {
    return this.#columns[STRIDE * index + 1];
  }

  total(index: number): number {
    return this.#columns[STRIDE * index + 2];
  }

  put(index: number, count: number, total: number): void {
    const place = STRIDE * index;
    this.#columns[place + 1] = addCounts(this.#columns[place + 1], count);
    this.#columns[place + 2] = addTotals(this.#columns[place + 2], total);
  }

  insert(index: number, start: number): void {
    if (STRIDE * this.#length === this.#columns.length) {
      const grown = new Float64Array(STRIDE * (this.#length + (this.#length >> 1) + 1));
      grown.set(this.#columns);
      this.#columns = grown;
    }
    const place = STRIDE * index;
    if (index < this.#length) this.#columns.copyWithin(place + STRIDE, place, STRIDE * this.#length);
    this.#columns[place] = start;
    this.#columns[place + 1] = 0;
    this.#columns[place + 2] = 0;
    this.#length++;
  }

  add(index: number, from: TotalsCells, fromIndex: number): void {
    this.put(index, from.count(fromIndex), from.total(fromIndex));
  }

  move(from: number, to: number, start: number): void {
    if (from !== to) this.#columns.copyWithin(STRIDE * to, STRIDE * from, STRIDE * (from + 1));
    this.#columns[STRIDE * to] = start;
  }

  truncate(length: number): void {
    this.#length = length;
  }
}
