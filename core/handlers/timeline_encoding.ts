// The clock of a timeline and the starts of its cells as bytes and back.

import { type ByteReader, type ByteWriter, unzigzag, zigzag } from "../bytes.ts";
import { DecodeError } from "./handler.ts";
import { type Cells, horizon, type Level, TIME_MAX, type Timeline } from "./timeline.ts";

// The clock fixes which cells there can be: numbered from the newest on they are the slots of a timeline. One in steady
// use has a cell in nearly all of its slots, so that few runs say where its cells are: for each run one more than the
// slots left out before it, and one less than its length; a zero ends them.

/** More than any timeline has. */
const SLOTS_MAX = 10_000;

export function writeClock(writer: ByteWriter, clock: number): void {
  writer.varint(clock === -Infinity ? 0 : zigzag(clock) + 1);
}

export function readClock(reader: ByteReader): number {
  const code = reader.varint(2 * TIME_MAX + 1);
  return code === 0 ? -Infinity : unzigzag(code - 1);
}

/** Where the cells are; what they hold is written next, from the newest on. */
export function writeStarts<Store extends Cells<Store>>(writer: ByteWriter, timeline: Timeline<Store>): void {
  const { cells, clock, levels } = timeline;
  let next = 0;
  let index = cells.length - 1;
  if (index >= 0) {
    const slots = new Slots(levels, clock);
    while (index >= 0) {
      const slot = slots.of(cells.start(index));
      writer.varint(slot - next + 1);
      next = slot + 1;
      for (index--; index >= 0 && slots.of(cells.start(index)) === next; index--) next++;
      writer.varint(next - slot - 1);
    }
  }
  writer.varint(0);
}

/** Moves an empty timeline to `clock` and fills it with cells, which are still empty. */
export function readStarts<Store extends Cells<Store>>(
  reader: ByteReader,
  timeline: Timeline<Store>,
  clock: number,
): void {
  const { cells, levels } = timeline;
  if (clock > -Infinity) timeline.roll(clock);
  const starts: number[] = [];
  let slots: Slots | undefined;
  let slot = 0;
  for (;;) {
    const gap = reader.varint(SLOTS_MAX);
    if (gap === 0) break;
    if (clock === -Infinity) throw new DecodeError("a timeline without a clock must have no cells");
    if (gap === 1 && slot > 0) throw new DecodeError("runs of cells must not touch");
    slots ??= new Slots(levels, clock);
    slot += gap - 1;
    for (let left = reader.varint(SLOTS_MAX); left >= 0; left--) starts.push(slots.startOf(slot++));
  }
  for (let index = starts.length - 1; index >= 0; index--) cells.insert(cells.length, starts[index]);
}

/** Numbers the slots of a timeline whose clock stands at `clock`. Is asked for ever older ones. */
class Slots {
  readonly #levels: readonly Level[];
  readonly #clock: number;
  #level = 0;
  /** The number of the level's newest slot, where that ends, and where the level's oldest begins. */
  #first = 0;
  #end: number;
  #oldest: number;

  constructor(levels: readonly Level[], clock: number) {
    const { widthS } = levels[0];
    this.#levels = levels;
    this.#clock = clock;
    this.#end = (Math.floor(clock / widthS) + 1) * widthS;
    this.#oldest = horizon(levels, 0, clock);
  }

  /** The number of the slot that begins at `start`. */
  of(start: number): number {
    while (start < this.#oldest) this.#descend();
    return this.#first + (this.#end - start) / this.#levels[this.#level].widthS - 1;
  }

  /** Where slot `slot` begins. */
  startOf(slot: number): number {
    for (;;) {
      const { widthS } = this.#levels[this.#level];
      const start = this.#end - (slot - this.#first + 1) * widthS;
      if (start >= this.#oldest) return start;
      this.#descend();
    }
  }

  #descend(): void {
    if (this.#level + 1 === this.#levels.length) throw new DecodeError("a cell must not be older than the last level");
    this.#first += (this.#end - this.#oldest) / this.#levels[this.#level].widthS;
    this.#end = this.#oldest;
    this.#level++;
    this.#oldest = horizon(this.#levels, this.#level, this.#clock);
  }
}
