// TotalsCounter: the all-time count and total of numbers.

import { ByteWriter } from "../bytes.ts";
import { COUNT_MAX } from "./sums.ts";
import { layOut, significant } from "./figures.ts";
import type { Handler } from "./handler.ts";
import { numberProblem, opened } from "./numbers.ts";
import { addCounts, addTotals, sum } from "./sums.ts";

const writer = new ByteWriter();

export interface TotalsState {
  count: number;
  total: number;
}

export const totalsCounter: Handler<TotalsState, number> = {
  type: "TotalsCounter",
  version: 0,

  create: () => ({ count: 0, total: 0 }),

  check: numberProblem,

  fold(state, _time, value) {
    add(state, 1, value);
  },

  foldNumbers(state, _times, values, count) {
    add(state, count, sum(values, 0, count));
  },

  reduce(into, from) {
    add(into, from.count, from.total);
  },

  clamp: () => false,

  encode({ count, total }) {
    writer.begin();
    writer.varint(count);
    if (count > 0) writer.number(total);
    return writer.take();
  },

  decode(encoded, version) {
    const reader = opened(encoded, version);
    const count = reader.varint(COUNT_MAX);
    const total = count > 0 ? reader.number() : 0;
    reader.end();
    return { count, total };
  },

  lend: (encoded, version) => totalsCounter.decode(encoded, version),

  render: ({ count, total }) => ({ count, total, average: average(count, total) }),

  renderText({ count, total }) {
    return layOut([
      ["count", String(count)],
      ["total", significant(total)],
      ["average", significant(average(count, total))],
    ]);
  },

  detail: ({ count, total }) => ({ count, total, average: average(count, total) }),

  isEmpty: ({ count }) => count === 0,
};

function add(state: TotalsState, count: number, total: number): void {
  state.count = addCounts(state.count, count);
  state.total = addTotals(state.total, total);
}

function average(count: number, total: number): number | null {
  return count === 0 ? null : total / count;
}
