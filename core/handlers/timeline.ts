// Sums over the past, fine when young and coarser with age: disjoint cells in time, each touched once by an event, from
// which every window is summed. Owns when a cell begins and where it moves; what a cell holds is its Cells' own.

import { assert } from "../assert.ts";
import { addCounts } from "./sums.ts";

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
  /** Cuts off all cells and keeps their memory. */
  clear(): void;
}

/** Times are kept within this many seconds of the epoch (34,865 years), so that all arithmetic on them is exact. */
export const TIME_MAX = 2 ** 40;

/** Where the run of times within `second` that begins at `from` ends. */
export function endOfRun(times: Float64Array, second: number, { from, to }: { from: number; to: number }): number {
  let end = from + 1;
  while (end < to && times[end] >= second && times[end] < second + 1) end++;
  return end;
}

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
  /** Events older than the last level, whether they came too late or grew too old. */
  late = 0;
  #clock = -Infinity;
  /** The last answer of `at`, since most events come from one moment. */
  #recentSecond = NaN;
  #recentIndex = 0;

  constructor(levels: readonly Level[], cells: Store) {
    this.levels = levels;
    this.cells = cells;
  }

  /** As it was in the beginning. */
  clear(): void {
    this.cells.clear();
    this.late = 0;
    this.#clock = -Infinity;
    this.#recentSecond = NaN;
  }

  /** The newest event's second; -Infinity before the first. */
  get clock(): number {
    return this.#clock;
  }

  /**
   * The index of the cell for events of `second`, to which the clock moves on; -1 where that is too old for any cell:
   * then the caller counts them as late. Holds until the next call.
   */
  at(second: number): number {
    if (second === this.#recentSecond) return this.#recentIndex;
    if (second > this.#clock) this.roll(second);
    this.#recentIndex = this.#place(second);
    this.#recentSecond = second;
    return this.#recentIndex;
  }

  /** Moves the clock on to `clock`: cells that have grown too old for their level are added into the next one's. */
  roll(clock: number): void {
    const before = this.#clock;
    assert(clock > before, "a clock only moves on");
    this.#clock = clock;
    this.#recentSecond = NaN;
    const { levels } = this;
    for (let level = 0; level < levels.length; level++) {
      if (horizon(levels, level, clock) === horizon(levels, level, before)) continue;
      this.#settle();
      return;
    }
  }

  /** Adds all that `from` holds; times after `until` count there. */
  merge(from: Timeline<Store>, until = TIME_MAX): void {
    const { cells } = this;
    const clock = Math.min(from.clock, until);
    if (clock > this.#clock) this.roll(clock);
    this.#recentSecond = NaN;
    this.late = addCounts(this.late, from.late);
    let last = -1;
    for (let index = 0; index < from.cells.length; index++) {
      const second = Math.min(from.cells.start(index), until);
      // The first place is looked for from the newest cell down, each other one from the one before it on.
      const place = last < 0 ? this.#place(second) : this.#placeFrom(last, second);
      if (place < 0) this.late = addCounts(this.late, from.cells.count(index));
      else {
        cells.add(place, from.cells, index);
        last = place;
      }
    }
  }

  /** The width of a cell. */
  widthOf(index: number): number {
    return this.levels[levelOf(this.levels, this.#clock, this.cells.start(index))].widthS;
  }

  /** The index of the first cell in the window of `level` at `now`, or at the clock where that is later. */
  windowStart(level: Level, now: number): number {
    const start = aligned(Math.max(secondOf(now), this.#clock), level.widthS) - level.spanS + level.widthS;
    let index = this.cells.length;
    while (index > 0 && this.cells.start(index - 1) >= start) index--;
    return index;
  }

  /** The index of the cell that covers `second`, made where there is none; -1 where there can't be one. */
  #place(second: number): number {
    const { cells } = this;
    const start = this.#startOf(second);
    if (start === -Infinity) return -1;
    let index = cells.length;
    while (index > 0 && cells.start(index - 1) > start) index--;
    if (index > 0 && cells.start(index - 1) === start) return index - 1;
    cells.insert(index, start);
    return index;
  }

  /** The same where the cell is known not to lie before the one at `index`. */
  #placeFrom(index: number, second: number): number {
    const { cells } = this;
    const start = this.#startOf(second);
    let place = index;
    while (place < cells.length && cells.start(place) < start) place++;
    if (place === cells.length || cells.start(place) > start) cells.insert(place, start);
    return place;
  }

  /** Where the cell that covers `second` begins; -Infinity where there can't be one. */
  #startOf(second: number): number {
    const level = levelOf(this.levels, this.#clock, second);
    return level === this.levels.length ? -Infinity : aligned(second, this.levels[level].widthS);
  }

  /** Brings each cell to where it belongs by the clock. */
  #settle(): void {
    const { cells, levels } = this;
    let level = levels.length;
    let kept = 0;
    for (let index = 0; index < cells.length; index++) {
      const start = cells.start(index);
      while (level > 0 && start >= horizon(levels, level - 1, this.#clock)) level--;
      if (level === levels.length) {
        this.late = addCounts(this.late, cells.count(index));
        continue;
      }
      const settled = aligned(start, levels[level].widthS);
      if (kept > 0 && cells.start(kept - 1) === settled) cells.add(kept - 1, cells, index);
      else cells.move(index, kept++, settled);
    }
    cells.truncate(kept);
  }
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

/** H(i): the oldest time that level `index` or a finer one holds when the clock stands at `clock`. */
export function horizon(levels: readonly Level[], index: number, clock: number): number {
  const { widthS } = levels[index + 1 < levels.length ? index + 1 : index];
  return aligned(clock - levels[index].spanS, widthS);
}

/** The level that holds `second`; as many as there are levels where none does. */
function levelOf(levels: readonly Level[], clock: number, second: number): number {
  let level = 0;
  while (level < levels.length && second < horizon(levels, level, clock)) level++;
  return level;
}

function aligned(second: number, widthS: number): number {
  return Math.floor(second / widthS) * widthS;
}
