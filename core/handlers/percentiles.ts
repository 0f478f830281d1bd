// PercentileGroup: count, total and percentiles of numbers over the last minute, ten minutes, hour and day.
// PercentileCounter: the same over all time.

import { type ByteReader, ByteWriter } from "../bytes.ts";
import type { Json } from "../event.ts";
import { inline, layOut, list, PERCENTILES, significant, WINDOWS } from "./figures.ts";
import type { Handler } from "./handler.ts";
import { RELATIVE_ERROR } from "./mapping.ts";
import { numberProblem, opened } from "./numbers.ts";
import { Sketch } from "./sketch.ts";
import { SketchCells } from "./sketch_cells.ts";
import { readSketch, writeSketch } from "./sketch_encoding.ts";
import { clamped, endOfRun, type Level, secondOf, Timeline } from "./timeline.ts";
import { readClock, readStarts, writeClock, writeStarts } from "./timeline_encoding.ts";
import { addCounts, addTotals, COUNT_MAX, sum } from "./sums.ts";

// The level of one hour has no window of its own: it only halves the number of cells.
const LEVELS: readonly Level[] = [
  { widthS: 15, spanS: 60 },
  { widthS: 150, spanS: 600 },
  { widthS: 900, spanS: 3600 },
  { widthS: 3600, spanS: 7200 },
  { widthS: 21_600, spanS: 86_400 },
];
const WINDOW_LEVELS = [LEVELS[0], LEVELS[1], LEVELS[2], LEVELS[4]];

const writer = new ByteWriter();

/** Values of which count, total and percentiles are asked. */
interface Distribution {
  readonly sketch: Sketch;
  total: number;
}

export interface PercentileGroupState {
  timeline: Timeline<SketchCells>;
}

export const percentileGroup: Handler<PercentileGroupState, number> = {
  type: "PercentileGroup",
  version: 0,
  relativeError: RELATIVE_ERROR,

  create: () => ({ timeline: newTimeline() }),

  check: numberProblem,

  fold({ timeline }, time, value) {
    const place = timeline.at(secondOf(time));
    if (place < 0) timeline.late = addCounts(timeline.late, 1);
    else timeline.cells.addOne(place, value);
  },

  foldNumbers({ timeline }, times, values, count) {
    for (let from = 0; from < count;) {
      const second = secondOf(times[from]);
      const to = endOfRun(times, second, { from, to: count });
      const place = timeline.at(second);
      if (place < 0) timeline.late = addCounts(timeline.late, to - from);
      else timeline.cells.addAll(place, values, { from, to });
      from = to;
    }
  },

  reduce(into, from) {
    into.timeline.merge(from.timeline);
  },

  clamp(state, now) {
    if (state.timeline.clock <= secondOf(now)) return false;
    state.timeline = clamped(state.timeline, now, newTimeline);
    return true;
  },

  encode({ timeline }) {
    writer.begin();
    writeClock(writer, timeline.clock);
    writer.varint(timeline.late);
    writeStarts(writer, timeline);
    for (let index = timeline.cells.length - 1; index >= 0; index--) {
      writeDistribution({ sketch: timeline.cells.sketch(index), total: timeline.cells.total(index) });
    }
    return writer.take();
  },

  decode(encoded, version) {
    return read(opened(encoded, version), percentileGroup.create(""));
  },

  lend(encoded, version) {
    lentGroup.timeline.clear();
    return read(opened(encoded, version), lentGroup);
  },

  render({ timeline }, now) {
    const [minute, tenMinutes, hour, day] = WINDOW_LEVELS.map((level) => rendered(windowOf(timeline, level, now)));
    return { "1m": minute, "10m": tenMinutes, "1h": hour, "1d": day };
  },

  renderText({ timeline }, now) {
    return layOut(WINDOW_LEVELS.map((level, index) => [WINDOWS[index], inline(texts(windowOf(timeline, level, now)))]));
  },

  detail({ timeline }) {
    const { cells } = timeline;
    return {
      late: timeline.late,
      cells: Array.from({ length: cells.length }, (_, index) => ({
        start: cells.start(index),
        width: timeline.widthOf(index),
        count: cells.count(index),
        total: cells.total(index),
        pct: cells.sketch(index).quantiles(PERCENTILES),
      })),
    };
  },

  isEmpty({ timeline }, now) {
    return timeline.windowStart(LEVELS[LEVELS.length - 1], now) === timeline.cells.length;
  },
};

export const percentileCounter: Handler<Distribution, number> = {
  type: "PercentileCounter",
  version: 0,
  relativeError: RELATIVE_ERROR,

  create: () => ({ sketch: new Sketch(), total: 0 }),

  check: numberProblem,

  fold(state, _time, value) {
    state.sketch.add(value);
    state.total = addTotals(state.total, value);
  },

  foldNumbers(state, _times, values, count) {
    state.sketch.addAll(values, 0, count);
    state.total = addTotals(state.total, sum(values, 0, count));
  },

  reduce(into, from) {
    into.sketch.merge(from.sketch);
    into.total = addTotals(into.total, from.total);
  },

  clamp: () => false,

  encode(state) {
    writer.begin();
    writeDistribution(state);
    return writer.take();
  },

  decode(encoded, version) {
    return readWhole(opened(encoded, version), percentileCounter.create(""));
  },

  lend(encoded, version) {
    lentDistribution.sketch.clear();
    return readWhole(opened(encoded, version), lentDistribution);
  },

  render: rendered,

  renderText: (state) => layOut(texts(state)),

  detail: rendered,

  isEmpty: ({ sketch }) => sketch.isEmpty,
};

/** What the two lend. */
const lentGroup: PercentileGroupState = { timeline: newTimeline() };
const lentDistribution: Distribution = { sketch: new Sketch(), total: 0 };

function newTimeline(): Timeline<SketchCells> {
  return new Timeline(LEVELS, new SketchCells());
}

function windowOf(timeline: Timeline<SketchCells>, level: Level, now: number): Distribution {
  const { cells } = timeline;
  const window: Distribution = { sketch: new Sketch(), total: 0 };
  for (let index = timeline.windowStart(level, now); index < cells.length; index++) {
    window.sketch.merge(cells.sketch(index));
    window.total = addTotals(window.total, cells.total(index));
  }
  return window;
}

function rendered({ sketch, total }: Distribution): { readonly [key: string]: Json } {
  return { count: sketch.count, total, pct: sketch.quantiles(PERCENTILES) };
}

function texts({ sketch, total }: Distribution): [string, string][] {
  return [
    ["count", String(sketch.count)],
    ["total", significant(total)],
    ["pct", list(sketch.quantiles(PERCENTILES).map(significant))],
  ];
}

function writeDistribution({ sketch, total }: Distribution): void {
  writeSketch(writer, sketch);
  writer.number(total);
}

function readDistribution(reader: ByteReader, sketch: Sketch): number {
  readSketch(reader, sketch);
  return reader.number();
}

function readWhole(reader: ByteReader, into: Distribution): Distribution {
  into.total = readDistribution(reader, into.sketch);
  reader.end();
  return into;
}

function read(reader: ByteReader, into: PercentileGroupState): PercentileGroupState {
  const { timeline } = into;
  const clock = readClock(reader);
  timeline.late = reader.varint(COUNT_MAX);
  readStarts(reader, timeline, clock);
  const { cells } = timeline;
  for (let index = cells.length - 1; index >= 0; index--) {
    cells.setTotal(index, readDistribution(reader, cells.sketch(index)));
  }
  reader.end();
  return into;
}
