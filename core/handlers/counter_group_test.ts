import { assert, assertEquals, assertThrows } from "@std/assert";
import { counterGroup, type CounterGroupState } from "./counter_group.ts";
import { DecodeError } from "./handler.ts";

const NOW = 1_763_890_000;

function folded(events: Iterable<readonly [time: number, value: number]>): CounterGroupState {
  const state = counterGroup.create("web-1");
  for (const [time, value] of events) counterGroup.fold(state, time, value);
  return state;
}

function sizeOf(state: CounterGroupState): number {
  const encoded = counterGroup.encode(state);
  assert(encoded instanceof Uint8Array);
  return encoded.length;
}

/** 99.9 % of them within three decades around 1, from a fixed seed. */
function lognormal(count: number): Float64Array {
  let seed = 20_251_123;
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0, (seed + 0.5) / 2 ** 32);
  const sigma = Math.log(1000) / 2 / 3.29;
  return Float64Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(random()));
    return Math.exp(sigma * radius * Math.cos(2 * Math.PI * random()));
  });
}

Deno.test("CounterGroup: the text form is the original's, to the letter", () => {
  const state = folded([[NOW - 0.5, 1.5], [NOW - 30, 0.25], [NOW - 300, 4], [NOW - 2000, 100.005], [NOW - 50_000, -2]]);
  assertEquals(
    counterGroup.renderText(state, NOW),
    `{
"1m": {"count": 2, "total": 1.75},
"10m": {"count": 3, "total": 5.75},
"1h": {"count": 4, "total": 105.75},
"1d": {"count": 5, "total": 103.75},
"pct": [0.25, 1.51, 4.02, 4.02, 4.02, 4.02, 4.02]}`,
  );
  assertEquals(
    counterGroup.renderText(counterGroup.create(""), NOW),
    `{
"1m": {"count": 0, "total": 0.00},
"10m": {"count": 0, "total": 0.00},
"1h": {"count": 0, "total": 0.00},
"1d": {"count": 0, "total": 0.00},
"pct": [null, null, null, null, null, null, null]}`,
  );
});

Deno.test("CounterGroup: windows empty one after another as time goes on", () => {
  const state = folded([[NOW, 2]]);
  const counts = (now: number) =>
    Object.values(counterGroup.render(state, now) as Record<string, { count?: number }>).map(({ count }) => count)
      .slice(0, 4);
  assertEquals(counts(NOW - 1000), [1, 1, 1, 1]); // a query whose clock lags sees what was accepted
  assertEquals(counts(NOW + 59), [1, 1, 1, 1]);
  assertEquals(counts(NOW + 60), [0, 1, 1, 1]);
  assertEquals(counts(NOW + 600), [0, 0, 1, 1]);
  assertEquals(counts(NOW + 3600), [0, 0, 0, 1]);
  assert(!counterGroup.isEmpty(state, NOW + 85_000));
  assertEquals(counts(NOW + 87_300), [0, 0, 0, 0]);
  assert(counterGroup.isEmpty(state, NOW + 87_300));
});

Deno.test("CounterGroup: detail lists cells and what is older than all of them", () => {
  const state = folded([[NOW, 2], [NOW - 1, 3], [NOW - 100, 4], [NOW - 200_000, 5]]);
  const { pct, ...rest } = counterGroup.detail(state, NOW) as Record<string, { start: number; count: number }[]>;
  assertEquals<unknown>(rest, {
    late: 1,
    cells: [
      { start: NOW - 100, width: 10, count: 1, total: 4 },
      { start: NOW - 1, width: 1, count: 1, total: 3 },
      { start: NOW, width: 1, count: 1, total: 2 },
    ],
  });
  assertEquals(pct.map(({ start, count }) => [start % 21_600, count]), [[0, 3]]);
});

Deno.test("CounterGroup: a State of ten events takes less than 300 bytes, most less than 150", () => {
  const values = lognormal(10);
  const sameSecond = folded(Array.from(values, (value) => [NOW, value] as const));
  const everyMinute = folded(Array.from(values, (value, index) => [NOW - 60 * index, value] as const));
  const wholeNumbers = folded(Array.from(values, (_, index) => [NOW - index, index] as const));
  const scattered = folded(
    Array.from(values, (value, index) => [NOW - 9000 * index, 1e12 * value * (index % 2 - 0.5)] as const),
  );
  const sizes = [sameSecond, everyMinute, wholeNumbers, scattered].map(sizeOf);
  assert(Math.max(...sizes) < 300, `they take ${sizes} bytes`);
  assert(Math.max(...sizes.slice(0, 3)) < 160, `they take ${sizes} bytes`);
  assert(sizeOf(folded([[NOW, 1]])) <= 20);
});

Deno.test("CounterGroup: with every cell in use and values over three decades a State takes less than 10 KiB", () => {
  const values = lognormal(100_000);
  for (const events of [100_000, 10_000_000]) {
    const state = counterGroup.create("web-1");
    const times = new Float64Array(values.length);
    for (let from = 0; from < events; from += values.length) {
      for (let index = 0; index < times.length; index++) times[index] = NOW - 86_400 * (1 - (from + index) / events);
      counterGroup.foldNumbers?.(state, times, values, values.length);
    }
    for (let age = 4600; age >= 0; age--) counterGroup.fold(state, NOW - age, values[age]);
    assert(state.totals.cells.length >= 325 && state.sketches.cells.length === 5);
    assert(sizeOf(state) < 10 * 1024, `with ${events} events it takes ${sizeOf(state)} bytes`);
  }
});

Deno.test("CounterGroup: totals saturate and never stop being numbers", () => {
  const state = folded([[NOW, Number.MAX_VALUE], [NOW, Number.MAX_VALUE], [NOW - 20, Number.MAX_VALUE]]);
  const windows = counterGroup.render(state, NOW) as Record<string, { total: number }>;
  assertEquals([windows["1m"].total, windows["1d"].total], [Number.MAX_VALUE, Number.MAX_VALUE]);
  counterGroup.foldNumbers?.(
    state,
    Float64Array.of(NOW, NOW),
    Float64Array.of(-Number.MAX_VALUE, -Number.MAX_VALUE),
    2,
  );
  assert(Number.isFinite((counterGroup.render(state, NOW) as Record<string, { total: number }>)["1m"].total));
  counterGroup.decode(counterGroup.encode(state), 0);
});

Deno.test("CounterGroup: decode refuses cells that no clock allows, and takes no room for them", () => {
  const clock = [0xa1, 0x9c, 0xa4, 0x92, 0x0d];
  for (
    const bad of [
      [0, 0, 1, 0, 0], // cells without a clock
      [...clock, 0, 1, 0xf0, 0x4d, 0], // a run of 9,969 cells
      [...clock, 0, 0xf0, 0x4d, 0, 0], // a cell far older than the last level
      [...clock, 0, 1, 0, 1, 0, 0], // two runs that are one
      [...clock, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], // 2^53 cells
    ]
  ) {
    assertThrows(() => counterGroup.decode(Uint8Array.from(bad), 0), DecodeError);
  }
  assertThrows(() => counterGroup.decode([], 0), DecodeError);
  assertThrows(() => counterGroup.decode(counterGroup.encode(counterGroup.create("")), 1), DecodeError);
});

Deno.test("CounterGroup: check takes finite numbers alone", () => {
  for (const value of [0, -1.5, 1e308, 5e-324]) assertEquals(counterGroup.check(value), undefined);
  for (const value of [null, "3", true, [3], { a: 1 }]) {
    assert(counterGroup.check(value)?.startsWith("must be a finite number: current value is "));
  }
});
