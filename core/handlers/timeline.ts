// Sums over the past, fine when young and coarser with age: disjoint cells in time, each touched once by an event, from
// which every window is summed. Owns when a cell begins and where it moves; what a cell holds is its Cells' own.

import { assert } from "../assert.ts";

/** Cells of `widthS` seconds that cover the last `spanS` seconds at least; a window of that span is asked of them. */
export interface Level {
  readonly widthS: number;
  readonly spanS: number;
}

/** The storage of a timeline: cells by index, in the order of their starts. What a cell sums is up to the Cells. */
export interface Cells<Self> {
  readonly length: number;
  /** When the cell begins, in whole seconds. */
  start(index: number): number;
  /** Events in it. */
  count(index: number): number;
  /** Makes room for an empty cell at `index`. */
  insert(index: number, start: number): void;
  /** Adds what cell `fromIndex` of `from` holds to cell `index`; shares nothing with it afterwards. */
  add(index: number, from: Self, fromIndex: number): void;
  /** Moves cell `from` to the place `to` below it, with a new start. Cell `from` is moved over or cut off next. */
  move(from: number, to: number, start: number): void;
  /** Cuts off the cells from `length` on. */
  truncate(length: number): void;
}

/** Times are kept within this many seconds of the epoch (34,865 years), so that all arithmetic on them is exact. */
export const TIME_MAX = 2 ** 40;

/** A time as a whole second that a timeline can keep. */
export function secondOf(time: number): number {
  return Math.floor(Math.min(Math.max(time, -TIME_MAX), TIME_MAX));
}

/**
 * With c the clock (the newest event's second), level i holds the times from H(i) = floor((c - span i) / width i+1) *
 * width i+1 on (the last level uses its own width) that no finer level holds. So where an event is counted follows from
 * its time and the clock alone, and neither the order of events nor that of merges ever shows.
 */
export class Timeline<Store extends Cells<Store>> {
  readonly levels: readonly Level[];
  readonly cells: Store;
  /** The newest event's second; -Infinity before the first. */
  clock = -Infinity;
  /** Events older than the last level, whether they came too late or grew too old. */
  late = 0;

  constructor(levels: readonly Level[], cells: Store) {
    this.levels = levels;
    this.cells = cells;
  }

  /** The index of the cell for events of `second`, to which the clock moves on; -1 where that is too old for any. */
  at(second: number): number {
    const { cells, levels } = this;
    if (second > this.clock) this.roll(second);
    const start = this.startOf(second);
    if (start === -Infinity) return -1;
    let index = cells.length;
    while (index > 0 && cells.start(index - 1) > start) index--;
    if (index > 0 && cells.start(index - 1) === start) return index - 1;
    cells.insert(index, start);
    assert(levels.length > 0, "a timeline has levels");
    return index;
  }

  /** Where the cell that covers `second` begins, by the clock; -Infinity where none does. */
  startOf(second: number): number {
    const { levels } = this;
    for (let index = 0; index < levels.length; index++) {
      if (second >= horizon(levels, index, this.clock)) return aligned(second, levels[index].widthS);
    }
    return -Infinity;
  }

  /** Moves the clock on to `second`: cells that have grown too old for their level are added into the next one's. */
  roll(second: number): void {
    const { cells } = this;
    this.clock = second;
    let kept = 0;
    for (let index = 0; index < cells.length; index++) {
      const start = this.startOf(cells.start(index));
      if (start === -Infinity) this.late += cells.count(index);
      else if (kept > 0 && cells.start(kept - 1) === start) cells.add(kept - 1, cells, index);
      else cells.move(index, kept++, start);
    }
    cells.truncate(kept);
  }

  /** Adds all that `from` holds; times after `until` count there. */
  merge(from: Timeline<Store>, until = TIME_MAX): void {
    const clock = Math.min(from.clock, until);
    if (clock > this.clock) this.roll(clock);
    this.late += from.late;
    for (let index = 0; index < from.cells.length; index++) {
      const place = this.at(Math.min(from.cells.start(index), until));
      if (place < 0) this.late += from.cells.count(index);
      else this.cells.add(place, from.cells, index);
    }
  }

  /** The width of a cell. */
  widthOf(index: number): number {
    const start = this.cells.start(index);
    return this.levels.find((_, level) => start >= horizon(this.levels, level, this.clock))?.widthS ?? 0;
  }

  /** The index of the first cell in the window of `level` at `now`, or at the clock where that is later. */
  windowStart(level: Level, now: number): number {
    const { cells } = this;
    const start = aligned(Math.max(secondOf(now), this.clock), level.widthS) - level.spanS + level.widthS;
    let index = cells.length;
    while (index > 0 && cells.start(index - 1) >= start) index--;
    return index;
  }
}

/** H(i): the oldest time that level `index` or a finer one holds when the clock stands at `clock`. */
export function horizon(levels: readonly Level[], index: number, clock: number): number {
  const { widthS } = levels[Math.min(index + 1, levels.length - 1)];
  return aligned(clock - levels[index].spanS, widthS);
}

function aligned(second: number, widthS: number): number {
  return Math.floor(second / widthS) * widthS;
}

/** The timeline with its times after `now` counted at `now`, cell by cell: itself where there are none. */
export function clamped<Store extends Cells<Store>>(
  timeline: Timeline<Store>,
  now: number,
  create: () => Timeline<Store>,
): Timeline<Store> {
  const until = secondOf(now);
  if (timeline.clock <= until) return timeline;
  const clamped = create();
  clamped.merge(timeline, until);
  return clamped;
}
