// CounterGroup: counts and totals of numbers over the last minute, ten minutes, hour and day, and percentiles of the day.

import { type ByteReader, ByteWriter } from "../bytes.ts";
import type { Json } from "../event.ts";
import { inline, layOut, list, PERCENTILES, twoDecimals, WINDOWS } from "./figures.ts";
import type { Handler } from "./handler.ts";
import { RELATIVE_ERROR } from "./mapping.ts";
import { numberProblem, opened } from "./numbers.ts";
import { Sketch } from "./sketch.ts";
import { SketchCells } from "./sketch_cells.ts";
import { readSketch, writeSketch } from "./sketch_encoding.ts";
import { clamped, endOfRun, type Level, secondOf, Timeline } from "./timeline.ts";
import { readClock, readStarts, writeClock, writeStarts } from "./timeline_encoding.ts";
import { addCounts, addTotals, COUNT_MAX, sum } from "./sums.ts";
import { TotalsCells } from "./totals_cells.ts";

const LEVELS: readonly Level[] = [
  { widthS: 1, spanS: 60 },
  { widthS: 10, spanS: 600 },
  { widthS: 30, spanS: 3600 },
  { widthS: 900, spanS: 86_400 },
];
const SKETCH_LEVELS: readonly Level[] = [{ widthS: 21_600, spanS: 86_400 }];

const writer = new ByteWriter();

export interface CounterGroupState {
  totals: Timeline<TotalsCells>;
  sketches: Timeline<SketchCells>;
}

export const counterGroup: Handler<CounterGroupState, number> = {
  type: "CounterGroup",
  version: 0,
  relativeError: RELATIVE_ERROR,

  create: () => ({ totals: newTotals(), sketches: newSketches() }),

  check: numberProblem,

  fold(state, time, value) {
    const second = secondOf(time);
    const place = state.totals.at(second);
    if (place < 0) state.totals.late = addCounts(state.totals.late, 1);
    else state.totals.cells.put(place, 1, value);
    const sketch = state.sketches.at(second);
    if (sketch >= 0) state.sketches.cells.sketch(sketch).add(value);
  },

  foldNumbers(state, times, values, count) {
    for (let from = 0; from < count;) {
      const second = secondOf(times[from]);
      const to = endOfRun(times, second, { from, to: count });
      const place = state.totals.at(second);
      if (place < 0) state.totals.late = addCounts(state.totals.late, to - from);
      else state.totals.cells.put(place, to - from, sum(values, from, to));
      const sketch = state.sketches.at(second);
      if (sketch >= 0) state.sketches.cells.sketch(sketch).addAll(values, from, to);
      from = to;
    }
  },

  reduce(into, from) {
    into.totals.merge(from.totals);
    into.sketches.merge(from.sketches);
  },

  clamp(state, now) {
    if (Math.max(state.totals.clock, state.sketches.clock) <= secondOf(now)) return false;
    state.totals = clamped(state.totals, now, newTotals);
    state.sketches = clamped(state.sketches, now, newSketches);
    return true;
  },

  encode({ totals, sketches }) {
    writer.begin();
    writeClock(writer, totals.clock);
    writer.varint(totals.late);
    writeStarts(writer, totals);
    for (let index = totals.cells.length - 1; index >= 0; index--) writer.varint(totals.cells.count(index));
    for (let index = totals.cells.length - 1; index >= 0; index--) writer.number(totals.cells.total(index));
    writeStarts(writer, sketches);
    for (let index = sketches.cells.length - 1; index >= 0; index--) writeSketch(writer, sketches.cells.sketch(index));
    return writer.take();
  },

  decode(encoded, version) {
    return read(opened(encoded, version), counterGroup.create(""));
  },

  lend(encoded, version) {
    lent.totals.clear();
    lent.sketches.clear();
    return read(opened(encoded, version), lent);
  },

  render(state, now) {
    const windows = windowsOf(state.totals, now);
    return {
      "1m": windows[0],
      "10m": windows[1],
      "1h": windows[2],
      "1d": windows[3],
      pct: lastDay(state, now).quantiles(PERCENTILES),
    };
  },

  renderText(state, now) {
    const entries = windowsOf(state.totals, now).map(({ count, total }, index) =>
      [WINDOWS[index], inline([["count", String(count)], ["total", twoDecimals(total)]])] as const
    );
    const pct = lastDay(state, now).quantiles(PERCENTILES);
    return layOut([...entries, ["pct", list(pct.map(twoDecimals))]]);
  },

  detail({ totals, sketches }) {
    return { late: totals.late, cells: totalsDetail(totals), pct: sketchesDetail(sketches) };
  },

  isEmpty({ totals }, now) {
    return totals.windowStart(LEVELS[LEVELS.length - 1], now) === totals.cells.length;
  },
};

/** What \`lend\` lends. */
const lent: CounterGroupState = { totals: newTotals(), sketches: newSketches() };

function read(reader: ByteReader, into: CounterGroupState): CounterGroupState {
  const { totals, sketches } = into;
  const clock = readClock(reader);
  totals.late = reader.varint(COUNT_MAX);
  readStarts(reader, totals, clock);
  const { cells } = totals;
  for (let index = cells.length - 1; index >= 0; index--) cells.put(index, reader.varint(COUNT_MAX), 0);
  for (let index = cells.length - 1; index >= 0; index--) cells.put(index, 0, reader.number());
  readStarts(reader, sketches, clock);
  for (let index = sketches.cells.length - 1; index >= 0; index--) readSketch(reader, sketches.cells.sketch(index));
  reader.end();
  return into;
}

function newTotals(): Timeline<TotalsCells> {
  return new Timeline(LEVELS, new TotalsCells());
}

function newSketches(): Timeline<SketchCells> {
  return new Timeline(SKETCH_LEVELS, new SketchCells());
}

function windowsOf(totals: Timeline<TotalsCells>, now: number): { count: number; total: number }[] {
  return LEVELS.map((level) => {
    const window = { count: 0, total: 0 };
    for (let index = totals.windowStart(level, now); index < totals.cells.length; index++) {
      window.count = addCounts(window.count, totals.cells.count(index));
      window.total = addTotals(window.total, totals.cells.total(index));
    }
    return window;
  });
}

function lastDay({ sketches }: CounterGroupState, now: number): Sketch {
  const day = new Sketch();
  for (let index = sketches.windowStart(SKETCH_LEVELS[0], now); index < sketches.cells.length; index++) {
    day.merge(sketches.cells.sketch(index));
  }
  return day;
}

function totalsDetail(totals: Timeline<TotalsCells>): Json {
  return Array.from({ length: totals.cells.length }, (_, index) => ({
    start: totals.cells.start(index),
    width: totals.widthOf(index),
    count: totals.cells.count(index),
    total: totals.cells.total(index),
  }));
}

function sketchesDetail(sketches: Timeline<SketchCells>): Json {
  return Array.from({ length: sketches.cells.length }, (_, index) => ({
    start: sketches.cells.start(index),
    width: sketches.widthOf(index),
    count: sketches.cells.count(index),
    pct: sketches.cells.sketch(index).quantiles(PERCENTILES),
  }));
}
