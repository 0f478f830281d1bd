// The clock of a timeline and the starts of its cells as bytes and back.

import type { ByteReader, ByteWriter } from "../bytes.ts";
import { COUNT_MAX } from "./sums.ts";
import { DecodeError } from "./handler.ts";
import { type Cells, horizon, type Level, TIME_MAX, type Timeline } from "./timeline.ts";

// The clock fixes which cells there can be: numbered from the newest on they are the slots of a timeline, some 350 of
// them. The cells that there are form runs of slots, mostly one.

/** Clock, late count and starts; what the cells hold is written next, from the newest on. */
export function writeTimeline<Store extends Cells<Store>>(writer: ByteWriter, timeline: Timeline<Store>): void {
  const { cells, clock, levels, late } = timeline;
  if (clock === -Infinity) {
    writer.varint(0);
    return;
  }
  const runs: { gap: number; length: number }[] = [];
  let next = 0;
  for (let index = cells.length - 1; index >= 0; index--) {
    const slot = slotOf(levels, clock, cells.start(index));
    if (slot === next && runs.length > 0) runs[runs.length - 1].length++;
    else runs.push({ gap: slot - next, length: 1 });
    next = slot + 1;
  }
  writer.varint(runs.length + 1);
  writer.signed(clock);
  writer.varint(late);
  for (const { gap, length } of runs) {
    writer.varint(gap);
    writer.varint(length - 1);
  }
}

/** Fills an empty timeline with cells that are still empty. */
export function readTimeline<Store extends Cells<Store>>(reader: ByteReader, timeline: Timeline<Store>): void {
  const { cells, levels } = timeline;
  const runs = reader.varint(Number.MAX_SAFE_INTEGER) - 1;
  if (runs < 0) return;
  timeline.clock = reader.signed(TIME_MAX);
  timeline.late = reader.varint(COUNT_MAX);
  const slots = slotCount(levels, timeline.clock);
  const starts: number[] = [];
  let slot = 0;
  for (let run = 0; run < runs; run++) {
    slot += reader.varint(slots);
    const end = slot + reader.varint(slots) + 1;
    if (end > slots) throw new DecodeError(`a timeline must have at most ${slots} cells: one has number ${end}`);
    for (; slot < end; slot++) starts.push(startOfSlot(levels, timeline.clock, slot));
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

function startOfSlot(levels: readonly Level[], clock: number, slot: number): number {
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
