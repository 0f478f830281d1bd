// Sketch, Timeline and States: what adding, merging, encoding and decoding cost, beside @datadog/sketches-js on the
// same values in the same run. Sizes of encodings are reported as well.

import { DDSketch } from "@datadog/sketches-js";
import { counterGroup } from "../core/handlers/counter_group.ts";
import type { Handler } from "../core/handlers/handler.ts";
import { percentileCounter, percentileGroup } from "../core/handlers/percentiles.ts";
import { Sketch } from "../core/handlers/sketch.ts";
import { totalsCounter } from "../core/handlers/totals_counter.ts";
import { measure, report, title } from "./harness.ts";

const NOW = 1_763_890_000;
const RUN = 500;
const VALUES = lognormal(2 ** 17);

title(`Sketch, relative accuracy 0.5 %, ${VALUES.length} lognormal values over three decades`);
await measure("add one by one", {
  unit: "values",
  work: () => {
    const sketch = new Sketch();
    for (let round = 0; round < 16; round++) for (const value of VALUES) sketch.add(value);
    return 16 * VALUES.length;
  },
});
await measure(`addAll, ${RUN} in a row`, { unit: "values", work: () => addRuns(RUN) });
await measure("addAll, 8 in a row", { unit: "values", work: () => addRuns(8) });
await measure("sketches-js: accept one by one", {
  unit: "values",
  work: () => {
    const sketch = new DDSketch({ relativeAccuracy: 0.005 });
    for (const value of VALUES) sketch.accept(value);
    return VALUES.length;
  },
});

const SKETCHES = 64;
const ours = Array.from({ length: SKETCHES }, (_, index) => {
  const sketch = new Sketch();
  sketch.addAll(VALUES, index * 2000, (index + 1) * 2000);
  return sketch;
});
const theirs = Array.from({ length: SKETCHES }, (_, index) => {
  const sketch = new DDSketch({ relativeAccuracy: 0.005 });
  for (const value of VALUES.subarray(index * 2000, (index + 1) * 2000)) sketch.accept(value);
  return sketch;
});
title(`Sketches of 2,000 such values each`);
await measure("merge", {
  unit: "sketches",
  work: () => {
    const into = new Sketch();
    for (let round = 0; round < 256; round++) for (const sketch of ours) into.merge(sketch);
    return 256 * SKETCHES;
  },
});
await measure("sketches-js: merge", {
  unit: "sketches",
  work: () => {
    const into = new DDSketch({ relativeAccuracy: 0.005 });
    for (let round = 0; round < 256; round++) for (const sketch of theirs) into.merge(sketch);
    return 256 * SKETCHES;
  },
});
await measure("seven quantiles", {
  unit: "sketches",
  work: () => {
    for (let round = 0; round < 64; round++) {
      for (const sketch of ours) sketch.quantiles([0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]);
    }
    return 64 * SKETCHES;
  },
});
await measure("sketches-js: seven quantiles", {
  unit: "sketches",
  work: () => {
    for (const sketch of theirs) {
      for (const q of [0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]) sketch.getValueAtQuantile(q);
    }
    return SKETCHES;
  },
});

const handlers: readonly Handler<unknown, number>[] = [counterGroup, percentileGroup, percentileCounter, totalsCounter];
for (const handler of handlers) {
  title(handler.type);
  await measure(`fold, events one by one, ${RUN} a second`, { unit: "events", work: () => foldOneByOne(handler) });
  for (const run of [RUN, 8]) {
    await measure(`foldNumbers, ${run} events a call, ${RUN} a second`, {
      unit: "events",
      work: () => foldRuns(handler, run),
    });
  }
  await measure("create, foldNumbers of 1 event, encode", { unit: "States", work: () => createAndEncode(handler, 1) });
  await measure("create, foldNumbers of 10 events, encode", {
    unit: "States",
    work: () => createAndEncode(handler, 10),
  });
  for (const events of [10, 1000, 100_000, 10_000_000]) {
    const state = busyDay(handler, events);
    const encoded = handler.encode(state);
    const size = encoded instanceof Uint8Array ? encoded.length : 0;
    report(`${events} events over a day: encoded`, `${size} bytes`);
    if (events === 1000) continue;
    const rounds = Math.ceil(2e6 / (size + 50));
    await measure(`... encode`, { unit: "States", work: () => repeat(rounds, () => handler.encode(state)) });
    await measure(`... decode`, { unit: "States", work: () => repeat(rounds, () => handler.decode(encoded, 0)) });
    const into = handler.decode(encoded, 0);
    await measure(`... reduce into its like`, {
      unit: "States",
      work: () => repeat(rounds, () => handler.reduce(into, state)),
    });
  }
  const full = busyDay(handler, 100_000);
  const fresh = handler.create("web-1");
  handler.fold(fresh, NOW, 3.25);
  await measure("reduce a State of one event into a full one", {
    unit: "States",
    work: () => repeat(200_000, () => handler.reduce(full, fresh)),
  });
  await measure("render a full one", { unit: "States", work: () => repeat(1000, () => handler.render(full, NOW)) });
}

function addRuns(run: number): number {
  const sketch = new Sketch();
  for (let round = 0; round < 16; round++) {
    for (let from = 0; from + run <= VALUES.length; from += run) sketch.addAll(VALUES, from, from + run);
  }
  return 16 * VALUES.length;
}

function foldOneByOne(handler: Handler<unknown, number>): number {
  const state = handler.create("web-1");
  for (let index = 0; index < VALUES.length; index++) handler.fold(state, NOW + index / RUN, VALUES[index]);
  return VALUES.length;
}

function foldRuns(handler: Handler<unknown, number>, run: number): number {
  const state = handler.create("web-1");
  const times = new Float64Array(run);
  const values = new Float64Array(run);
  for (let round = 0; round < 4; round++) {
    for (let from = 0; from + run <= VALUES.length; from += run) {
      for (let index = 0; index < run; index++) times[index] = NOW + (round * VALUES.length + from + index) / RUN;
      values.set(VALUES.subarray(from, from + run));
      handler.foldNumbers?.(state, times, values, run);
    }
  }
  return 4 * VALUES.length;
}

function createAndEncode(handler: Handler<unknown, number>, events: number): number {
  const times = new Float64Array(events).fill(NOW);
  const states = 20_000;
  for (let index = 0; index < states; index++) {
    const state = handler.create("web-1");
    handler.foldNumbers?.(state, times, VALUES.subarray(index, index + events), events);
    handler.encode(state);
  }
  return states;
}

/** A State of so many events, evenly over the last day and, so that every cell is in use, the last hour once more. */
function busyDay(handler: Handler<unknown, number>, events: number): unknown {
  const state = handler.create("web-1");
  const chunk = Math.min(events, 1000);
  const times = new Float64Array(chunk);
  for (let from = 0; from < events; from += chunk) {
    for (let index = 0; index < chunk; index++) times[index] = NOW - 86_400 + (from + index) / events * 86_400;
    const start = from % (VALUES.length - chunk);
    handler.foldNumbers?.(state, times, VALUES.subarray(start, start + chunk), chunk);
  }
  if (events >= 1000) { for (let age = 4500; age >= 0; age--) handler.fold(state, NOW - age, VALUES[age]); }
  return state;
}

function repeat(rounds: number, work: () => void): number {
  for (let round = 0; round < rounds; round++) work();
  return rounds;
}

/** 99.9 % of them within three decades around 1; from a fixed seed (a linear congruential generator and Box-Muller). */
function lognormal(count: number): Float64Array {
  let seed = 20_251_123;
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0, (seed + 0.5) / 2 ** 32);
  const sigma = Math.log(1000) / 2 / 3.29;
  return Float64Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(random()));
    return Math.exp(sigma * radius * Math.cos(2 * Math.PI * random()));
  });
}
