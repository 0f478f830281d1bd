// The cells of a timeline that keep a count and a total.

import { addCounts, addTotals } from "./sums.ts";
import type { Cells } from "./timeline.ts";

/** Start, count and total of a cell lie side by side in one array: a full timeline has some 350 cells. */
const STRIDE = 3;

/** Cells of (count, total). */
export class TotalsCells implements Cells<TotalsCells> {
  // Most are made for one cell, and a small typed array takes ten times as long to make. With a fraction in it from
  // the beginning the engine keeps plain doubles, whatever comes.
  readonly #columns: number[] = [0.5, 0.5, 0.5];
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
    const columns = this.#columns;
    const end = STRIDE * this.#length++;
    if (end === columns.length) columns.push(0, 0, 0);
    const place = STRIDE * index;
    for (let from = end - 1; from >= place; from--) columns[from + STRIDE] = columns[from];
    columns[place] = start;
    columns[place + 1] = 0;
    columns[place + 2] = 0;
  }

  add(index: number, from: TotalsCells, fromIndex: number): void {
    this.put(index, from.count(fromIndex), from.total(fromIndex));
  }

  move(from: number, to: number, start: number): void {
    const columns = this.#columns;
    columns[STRIDE * to] = start;
    if (from === to) return;
    columns[STRIDE * to + 1] = columns[STRIDE * from + 1];
    columns[STRIDE * to + 2] = columns[STRIDE * from + 2];
  }

  truncate(length: number): void {
    this.#length = length;
  }

  clear(): void {
    this.#length = 0;
  }
}
