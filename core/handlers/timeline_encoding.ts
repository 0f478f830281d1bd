// The clock of a timeline and the starts of its cells as bytes and back.

import { type ByteReader, type ByteWriter, unzigzag, zigzag } from "../bytes.ts";
import { DecodeError } from "./handler.ts";
import { type Cells, horizon, type Level, TIME_MAX, type Timeline } from "./timeline.ts";

// The clock fixes which cells there can be: numbered from the newest on they are the slots of a timeline. A timeline in
// steady use has a cell in nearly all of its slots, so that few runs of slots say where its cells are.

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
  const runs: { readonly gap: number; length: number }[] = [];
  let next = 0;
  for (let index = cells.length - 1; index >= 0; index--) {
    const slot = slotOf(levels, clock, cells.start(index));
    if (slot === next && runs.length > 0) runs[runs.length - 1].length++;
    else runs.push({ gap: slot - next, length: 1 });
    next = slot + 1;
  }
  writer.varint(runs.length);
  for (const { gap, length } of runs) {
    writer.varint(gap);
    writer.varint(length - 1);
  }
}

/** Moves an empty timeline to `clock` and fills it with cells, which are still empty. */
export function readStarts<Store extends Cells<Store>>(
  reader: ByteReader,
  timeline: Timeline<Store>,
  clock: number,
): void {
  const { cells, levels } = timeline;
  const runs = reader.varint(reader.left);
  if (clock === -Infinity) {
    if (runs > 0) throw new DecodeError("a timeline without a clock must have no cells");
    return;
  }
  timeline.roll(clock);
  const slots = slotCount(levels, clock);
  const starts: number[] = [];
  let slot = 0;
  for (let run = 0; run < runs; run++) {
    const gap = reader.varint(slots);
    if (run > 0 && gap === 0) throw new DecodeError("runs of cells must not touch");
    slot += gap;
    const end = slot + reader.varint(slots) + 1;
    if (end > slots) throw new DecodeError(`a timeline must have at most ${slots} cells: one has number ${end}`);
    for (; slot < end; slot++) starts.push(startOf(levels, clock, slot));
  }
  for (const start of starts.reverse()) cells.insert(cells.length, start);
}

function slotOf(levels: readonly Level[], clock: number, start: number): number {
  let slot = 0;
  let end = endOf(levels, clock);
  for (let index = 0;; index++) {
    const { widthS } = levels[index];
    const oldest = horizon(levels, index, clock);
    if (start >= oldest || index === levels.length - 1) return slot + (end - start) / widthS - 1;
    slot += (end - oldest) / widthS;
    end = oldest;
  }
}

function startOf(levels: readonly Level[], clock: number, slot: number): number {
  let first = 0;
  let end = endOf(levels, clock);
  for (let index = 0;; index++) {
    const { widthS } = levels[index];
    const oldest = horizon(levels, index, clock);
    const slots = (end - oldest) / widthS;
    if (slot < first + slots) return end - (slot - first + 1) * widthS;
    first += slots;
    end = oldest;
  }
}

function slotCount(levels: readonly Level[], clock: number): number {
  return slotOf(levels, clock, horizon(levels, levels.length - 1, clock)) + 1;
}

/** Where the cell of the clock ends. */
function endOf(levels: readonly Level[], clock: number): number {
  const { widthS } = levels[0];
  return (Math.floor(clock / widthS) + 1) * widthS;
}
