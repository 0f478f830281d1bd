import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { clamped, type Level, secondOf, TIME_MAX, Timeline } from "./timeline.ts";
import { readClock, readStarts, writeClock, writeStarts } from "./timeline_encoding.ts";
import { TotalsCells } from "./totals_cells.ts";

const NOW = 1_763_890_000;

const counterLevels: readonly Level[] = [
  { widthS: 1, spanS: 60 },
  { widthS: 10, spanS: 600 },
  { widthS: 30, spanS: 3600 },
  { widthS: 900, spanS: 86_400 },
];
const percentileLevels: readonly Level[] = [
  { widthS: 15, spanS: 60 },
  { widthS: 150, spanS: 600 },
  { widthS: 900, spanS: 3600 },
  { widthS: 3600, spanS: 7200 },
  { widthS: 21_600, spanS: 86_400 },
];

interface Event {
  readonly time: number;
  readonly total: number;
}

interface Window {
  readonly count: number;
  readonly total: number;
}

/** The dumb model: a moving array for each window, as the original's PyramidCounter had, from nothing but the events. */
function movingArray(events: readonly Event[], { widthS, spanS }: Level, now: number): Window {
  const cells = new Map<number, Window>();
  for (const { time, total } of events) {
    // In two steps, as the tiniest times would round to zero.
    const cell = Math.floor(Math.floor(time) / widthS);
    const { count, total: before } = cells.get(cell) ?? { count: 0, total: 0 };
    cells.set(cell, { count: count + 1, total: before + total });
  }
  const newest = Math.floor(Math.floor(now) / widthS);
  let window: Window = { count: 0, total: 0 };
  for (let cell = newest - spanS / widthS + 1; cell <= newest; cell++) {
    const { count, total } = cells.get(cell) ?? { count: 0, total: 0 };
    window = { count: window.count + count, total: window.total + total };
  }
  return window;
}

function windowOf(timeline: Timeline<TotalsCells>, level: Level, now: number): Window {
  const window = { count: 0, total: 0 };
  for (let index = timeline.windowStart(level, now); index < timeline.cells.length; index++) {
    window.count += timeline.cells.count(index);
    window.total += timeline.cells.total(index);
  }
  return window;
}

function add(timeline: Timeline<TotalsCells>, { time, total }: Event): void {
  const place = timeline.at(secondOf(time));
  if (place < 0) timeline.late++;
  else timeline.cells.put(place, 1, total);
}

/** All windows as the model has them, no event lost, and each cell where the design wants it. */
function assertModelled(timeline: Timeline<TotalsCells>, events: readonly Event[], now: number): void {
  const { cells, clock, late, levels } = timeline;
  const seen = Math.max(now, clock);
  for (const level of levels) assertEquals(windowOf(timeline, level, now), movingArray(events, level, seen));
  let count = late;
  for (let index = 0; index < cells.length; index++) {
    count += cells.count(index);
    assertEquals(cells.start(index) % timeline.widthOf(index), 0);
    assert(cells.count(index) > 0, "no cell is empty");
    if (index > 0) {
      assert(cells.start(index) >= cells.start(index - 1) + timeline.widthOf(index - 1), "cells are disjoint");
    }
  }
  assertEquals(count, events.length);
  assertEquals(clock, events.length === 0 ? -Infinity : Math.floor(Math.max(...events.map(({ time }) => time))));
}

type Step =
  | { readonly kind: "events"; readonly ages: readonly number[]; readonly apart: boolean }
  | { readonly kind: "wait"; readonly s: number }
  | { readonly kind: "merge" };

const age = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 0.5, 1, 2) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 100, noNaN: true }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(59, 60, 61, 69, 70, 599, 600, 601, 3599, 3600, 4500, 86_399, 86_400, 87_300),
  },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 200_000, noNaN: true }) },
  // Ahead of the receiver's clock, which counts it at its now.
  { weight: 1, arbitrary: fc.double({ min: -100_000, max: 0, noNaN: true }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("events" as const), ages: fc.array(age), apart: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      s: fc.oneof(
        fc.constantFrom(0.25, 1, 9, 10, 15, 59, 60, 150, 900, 21_600),
        fc.double({ min: 0, max: 90_000, noNaN: true }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "merge" as const }) },
);
const start = fc.oneof(fc.constantFrom(NOW, 0, 1, -1, -NOW, 5e-324), fc.double({ min: -1e6, max: 3e9, noNaN: true }));

for (const [name, levels] of [["CounterGroup", counterLevels], ["PercentileGroup", percentileLevels]] as const) {
  Deno.test(`Timeline: windows of ${name}'s levels equal moving arrays, through late and future events and merges`, () => {
    fc.assert(
      fc.property(start, fc.array(step, { size: "medium" }), (first, steps) => {
        let timeline = new Timeline(levels, new TotalsCells());
        let apart = new Timeline(levels, new TotalsCells());
        const events: Event[] = [];
        const eventsApart: Event[] = [];
        let now = first;
        for (const taken of steps) {
          if (taken.kind === "wait") now += taken.s;
          else if (taken.kind === "events") {
            taken.ages.forEach((age, index) => {
              const event = { time: Math.min(now - age, now), total: (index % 7) - 2 };
              add(taken.apart ? apart : timeline, event);
              (taken.apart ? eventsApart : events).push(event);
            });
          } else {
            // Merging either into the other must be the same.
            const [into, from] = events.length % 2 === 0 ? [timeline, apart] : [apart, timeline];
            into.merge(from);
            timeline = into;
            apart = new Timeline(levels, new TotalsCells());
            events.push(...eventsApart.splice(0));
          }
          assertModelled(timeline, events, now);
          assertModelled(apart, eventsApart, now);
        }
      }),
      { numRuns: 300, seed: 2, endOnFailure: true },
    );
  });
}

Deno.test("Timeline: late counts what is older than the last level, whether it came too late or grew too old", () => {
  const timeline = new Timeline(counterLevels, new TotalsCells());
  add(timeline, { time: NOW - 100_000, total: 1 });
  assertEquals([timeline.cells.length, timeline.late], [1, 0]);
  add(timeline, { time: NOW, total: 1 });
  assertEquals([timeline.cells.length, timeline.late], [1, 1]);
  add(timeline, { time: NOW - 100_000, total: 1 });
  assertEquals([timeline.cells.length, timeline.late], [1, 2]);
});

Deno.test("Timeline: a day of steady events takes some 350 cells", () => {
  const timeline = new Timeline(counterLevels, new TotalsCells());
  let most = 0;
  for (let time = NOW; time < NOW + 2 * 86_400; time++) {
    add(timeline, { time, total: 1 });
    most = Math.max(most, timeline.cells.length);
  }
  assert(most >= 330 && most <= 370, `there were up to ${most} cells`);
});

Deno.test("Timeline: ten events a second over a day count exactly in each window", () => {
  const timeline = new Timeline(counterLevels, new TotalsCells());
  for (let tenth = 0; tenth < 10 * 90_000; tenth++) add(timeline, { time: NOW + tenth / 10, total: 0.5 });
  const now = NOW + 89_999;
  const counts = counterLevels.map((level) => windowOf(timeline, level, now).count);
  assertEquals(counts, counterLevels.map(({ widthS, spanS }) => 10 * (spanS - widthS + 1 + now % widthS)));
});

Deno.test("Timeline: times beyond all calendars are kept at the bound, and windows stay exact", () => {
  const timeline = new Timeline(counterLevels, new TotalsCells());
  for (const time of [-Number.MAX_VALUE, -1e300, -5e-324, 5e-324, 1e300, Number.MAX_VALUE]) {
    add(timeline, { time, total: 1 });
  }
  assertEquals(timeline.clock, TIME_MAX);
  assertEquals(windowOf(timeline, counterLevels[0], NOW), { count: 2, total: 2 });
  assertEquals(timeline.late, 4);
});

Deno.test("clamped: counts cells after now at now and leaves those before", () => {
  const timeline = new Timeline(counterLevels, new TotalsCells());
  for (const ahead of [-3, 0, 5, 7]) add(timeline, { time: NOW + ahead, total: ahead });
  const create = () => new Timeline(counterLevels, new TotalsCells());
  const before = clamped(timeline, NOW + 0.5, create);
  assertEquals(before.clock, NOW);
  assertEquals(windowOf(before, counterLevels[0], NOW), { count: 4, total: 9 });
  assertEquals([before.cells.length, before.cells.count(1)], [2, 3]);
  assert(clamped(before, NOW, create) === before, "where nothing lies after now there is nothing to do");
});

Deno.test("clamped: a clock far ahead can't roll windows away for good", () => {
  const timeline = new Timeline(counterLevels, new TotalsCells());
  add(timeline, { time: NOW - 50, total: 1 });
  add(timeline, { time: NOW + 80_000, total: 2 });
  const { cells, late } = clamped(timeline, NOW, () => new Timeline(counterLevels, new TotalsCells()));
  assertEquals([cells.length, cells.total(0), cells.total(1), late], [2, 1, 2, 0]);
  // The older one had been counted in a coarser cell already, and stands where that began.
  assertEquals(cells.start(1), NOW);
  assert(cells.start(0) <= NOW - 50 && cells.start(0) > NOW - 50 - 900);
});

Deno.test("writeStarts, readStarts: give the same cells back, and run by run", () => {
  fc.assert(
    fc.property(start, fc.array(age, { size: "+1" }), (now, ages) => {
      const timeline = new Timeline(counterLevels, new TotalsCells());
      for (const each of ages) add(timeline, { time: now - each, total: 1 });
      const writer = new ByteWriter();
      writeClock(writer, timeline.clock);
      writeStarts(writer, timeline);
      const reader = new ByteReader(writer.take());
      const read = new Timeline(counterLevels, new TotalsCells());
      readStarts(reader, read, readClock(reader));
      reader.end();
      assertEquals(read.clock, timeline.clock);
      const startsOf = ({ cells }: Timeline<TotalsCells>) =>
        Array.from({ length: cells.length }, (_, index) => cells.start(index));
      assertEquals(startsOf(read), startsOf(timeline));
    }),
    { seed: 3, endOnFailure: true },
  );
  const steady = new Timeline(counterLevels, new TotalsCells());
  for (let time = NOW; time < NOW + 90_000; time++) add(steady, { time, total: 1 });
  const writer = new ByteWriter();
  writeStarts(writer, steady);
  assert(writer.take().length <= 5, "cells without a gap are one run");
});
