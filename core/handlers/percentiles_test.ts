import { assert, assertEquals } from "@std/assert";
import type { Json } from "../event.ts";
import { PERCENTILES } from "./figures.ts";
import { percentileCounter, percentileGroup, type PercentileGroupState } from "./percentiles.ts";

const NOW = 1_763_890_000;

interface Shown {
  readonly count: number;
  readonly total: number;
  readonly pct: readonly number[];
}

function windows(state: PercentileGroupState, now: number): Record<string, Shown> {
  return percentileGroup.render(state, now) as unknown as Record<string, Shown>;
}

Deno.test("PercentileGroup: each window has the percentiles of its own values", () => {
  const state = percentileGroup.create("web-1");
  const all: [time: number, value: number][] = [];
  for (let age = 80_000; age >= 0; age -= 5) all.push([NOW - age, 1 + (age * 7919) % 1000]);
  for (const [time, value] of all) percentileGroup.fold(state, time, value);
  const shown = windows(state, NOW);
  for (
    const [name, widthS, spanS] of [["1m", 15, 60], ["10m", 150, 600], ["1h", 900, 3600], [
      "1d",
      21_600,
      86_400,
    ]] as const
  ) {
    const start = Math.floor(NOW / widthS) * widthS - spanS + widthS;
    const values = all.filter(([time]) => time >= start).map(([, value]) => value).sort((a, b) => a - b);
    assertEquals(shown[name].count, values.length);
    assertEquals(shown[name].total, values.reduce((sum, value) => sum + value, 0));
    PERCENTILES.forEach((q, index) => {
      const exact = values[Math.floor(q * (values.length - 1))];
      assert(Math.abs(shown[name].pct[index] / exact - 1) <= 0.005);
    });
  }
});

Deno.test("PercentileGroup: a day of steady events takes few cells", () => {
  const state = percentileGroup.create("web-1");
  let most = 0;
  for (let time = NOW; time < NOW + 2 * 86_400; time += 5) {
    percentileGroup.fold(state, time, 1);
    most = Math.max(most, state.timeline.cells.length);
  }
  assert(most <= 45, `there were up to ${most} cells`);
});

Deno.test("PercentileGroup, PercentileCounter: small numbers stay readable as text", () => {
  const latencies = [0.00123456, 0.0456789, 12.3456, 7];
  const state = percentileGroup.create("web-1");
  const counter = percentileCounter.create("web-1");
  for (const value of latencies) {
    percentileGroup.fold(state, NOW, value);
    percentileCounter.fold(counter, NOW, value);
  }
  const pct = "[0.001232, 0.04572, 7.004, 7.004, 7.004, 7.004, 7.004]";
  assertEquals(
    percentileGroup.renderText(state, NOW).split("\n")[1],
    `"1m": {"count": 4, "total": 19.39, "pct": ${pct}},`,
  );
  assertEquals(percentileCounter.renderText(counter, NOW), `{\n"count": 4,\n"total": 19.39,\n"pct": ${pct}}`);
});

Deno.test("PercentileGroup, PercentileCounter: nothing has no percentiles", () => {
  const nothing: Json = { count: 0, total: 0, pct: [null, null, null, null, null, null, null] };
  assertEquals(percentileGroup.render(percentileGroup.create(""), NOW), {
    "1m": nothing,
    "10m": nothing,
    "1h": nothing,
    "1d": nothing,
  });
  assertEquals(percentileCounter.render(percentileCounter.create(""), NOW), nothing);
});
