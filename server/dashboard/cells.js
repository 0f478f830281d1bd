// The cells of a timeline as series to draw: pure.
// @ts-check

import { fields, numberOf } from "./api.js";
import { readPercentiles } from "./values.js";

/**
 * @typedef {{ start: number, width: number, count: number, total: number, pct: import("./values.js").Percentiles | undefined }} Cell
 * @typedef {{ start: number, seconds: number, count: number, total: number }} Slot `seconds`: how many of it have passed
 */

/** Events of the last moments are still on their way: drawn as they are, every line would end in a fall. */
const SETTLED_S = 3;
/** So much of a slot must have passed before its rate says anything; of short ones the half. */
const BEGUN_S = 10;

/** Seconds of each window, and of the finest slot that is drawn of it. */
export const SPANS = /** @type {const} */ ({
  "1m": { spanS: 60, widthS: 1 },
  "10m": { spanS: 600, widthS: 10 },
  "1h": { spanS: 3600, widthS: 30 },
  "1d": { spanS: 86_400, widthS: 900 },
});

/**
 * The cells of a type that has windows, oldest first; none of any other type.
 * @param {unknown} detail
 * @returns {readonly Cell[]}
 */
export function readCells(detail) {
  return cellsOf(fields(detail).cells);
}

/**
 * Cells that have percentiles, which a type may keep beside the others and coarser.
 * @param {unknown} detail
 * @returns {readonly Cell[]}
 */
export function readPercentileCells(detail) {
  const given = fields(detail);
  return cellsOf(Array.isArray(given.pct) ? given.pct : given.cells).filter(({ pct }) => pct !== undefined);
}

/** @param {unknown} given */
function cellsOf(given) {
  /** @type {Cell[]} */
  const cells = [];
  for (const one of Array.isArray(given) ? given : []) {
    const { start, width, count, total, pct } = fields(one);
    const [from, seconds, events] = [numberOf(start), numberOf(width), numberOf(count)];
    if (from === undefined || seconds === undefined || events === undefined || seconds <= 0) continue;
    cells.push({ start: from, width: seconds, count: events, total: numberOf(total) ?? 0, pct: readPercentiles(pct) });
  }
  return cells.sort((a, b) => a.start - b.start);
}

/**
 * A window cut into slots of equal width, oldest first: the finest that the cells in it allow. A coarser cell that
 * reaches into it is spread over its slots.
 * @param {readonly Cell[]} cells
 * @param {{ asOf: number, spanS: number, widthS: number }} window
 * @returns {readonly Slot[]}
 */
export function slotsOf(cells, { asOf, spanS, widthS }) {
  const end = asOf - SETTLED_S;
  const widest = cells.filter(({ start }) => start > asOf - spanS && start < end).map(({ width }) => width);
  const slotS = Math.max(widthS, ...widest);
  const first = Math.floor((end - spanS) / slotS) + 1;
  const last = Math.floor(end / slotS);
  const slots = Array.from({ length: last - first + 1 }, (_, index) => {
    const start = (first + index) * slotS;
    return { start, seconds: Math.min(slotS, end - start), count: 0, total: 0 };
  });
  if (slots.length > 1 && slots[slots.length - 1].seconds < Math.min(BEGUN_S, slotS / 2)) slots.pop();
  for (const { start, width, count, total } of cells) {
    if (start >= end) continue;
    const [from, to] = [Math.floor(start / slotS) - first, Math.ceil((start + width) / slotS) - first];
    for (const slot of slots.slice(Math.max(0, from), Math.max(0, to))) {
      const share = (Math.min(start + width, slot.start + slotS) - Math.max(start, slot.start)) / width;
      slot.count += share * count;
      slot.total += share * total;
    }
  }
  return slots;
}
