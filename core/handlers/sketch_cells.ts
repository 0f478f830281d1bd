// The cells of a timeline that keep a sketch each, with or without the total of its values.

import { addTotals, sum } from "./sums.ts";
import { Sketch } from "./sketch.ts";
import type { Cells } from "./timeline.ts";

interface SketchCell {
  start: number;
  readonly sketch: Sketch;
  total: number;
}

/** Cells of (sketch, total). */
export class SketchCells implements Cells<SketchCells> {
  readonly #cells: SketchCell[] = [];
  /** Of cells that were cleared. */
  readonly #spares: Sketch[] = [];

  get length(): number {
    return this.#cells.length;
  }

  start(index: number): number {
    return this.#cells[index].start;
  }

  count(index: number): number {
    return this.#cells[index].sketch.count;
  }

  total(index: number): number {
    return this.#cells[index].total;
  }

  sketch(index: number): Sketch {
    return this.#cells[index].sketch;
  }

  /** Adds one value to a cell. */
  addOne(index: number, value: number): void {
    const cell = this.#cells[index];
    cell.sketch.add(value);
    cell.total = addTotals(cell.total, value);
  }

  /** Adds `values[from]` to `values[to - 1]` to a cell. */
  addAll(index: number, values: Float64Array, options: { readonly from: number; readonly to: number }): void {
    const cell = this.#cells[index];
    cell.sketch.addAll(values, options.from, options.to);
    cell.total = addTotals(cell.total, sum(values, options.from, options.to));
  }

  insert(index: number, start: number): void {
    const cell = { start, sketch: this.#spares.pop() ?? new Sketch(), total: 0 };
    if (index === this.#cells.length) this.#cells.push(cell);
    else this.#cells.splice(index, 0, cell);
  }

  /** Gives an empty cell, whose sketch was read, its total. */
  setTotal(index: number, total: number): void {
    this.#cells[index].total = total;
  }

  /** Empties the store, which keeps its memory. */
  clear(): void {
    for (const { sketch } of this.#cells) {
      sketch.clear();
      this.#spares.push(sketch);
    }
    this.#cells.length = 0;
  }

  add(index: number, from: SketchCells, fromIndex: number): void {
    const cell = this.#cells[index];
    const added = from.#cells[fromIndex];
    cell.sketch.merge(added.sketch);
    cell.total = addTotals(cell.total, added.total);
  }

  move(from: number, to: number, start: number): void {
    const cell = this.#cells[from];
    cell.start = start;
    this.#cells[to] = cell;
  }

  truncate(length: number): void {
    this.#cells.length = length;
  }
}
