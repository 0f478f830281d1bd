// How long many things took: percentiles, and a histogram as lines of text. Memory does not grow with their number.

import { valueOf } from "../../core/handlers/mapping.ts";
import { Sketch } from "../../core/handlers/sketch.ts";
import { formatCount, formatSeconds } from "../numbers.ts";
import type { Style } from "../terminal/style.ts";
import { type Column, layOutTable } from "../terminal/table.ts";
import { padEnd, padStart } from "../terminal/text_width.ts";

const SHOWN = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 } as const;

/** Times up to twice `fromS`. */
export interface Step {
  readonly fromS: number;
  readonly count: number;
}

export class Latencies {
  readonly #sketch = new Sketch();
  #total = 0;

  add(seconds: number): void {
    this.#sketch.add(Math.max(0, seconds));
    this.#total += seconds;
  }

  get count(): number {
    return this.#sketch.count;
  }

  /** In seconds; empty where nothing was measured. */
  summary(): Readonly<Record<string, number>> {
    if (this.count === 0) return {};
    const quantiles = this.#sketch.quantiles(Object.values(SHOWN));
    const named = Object.keys(SHOWN).map((name, index) => [name, quantiles[index] ?? 0] as const);
    return { mean: this.#total / this.count, ...Object.fromEntries(named) };
  }

  /** Counts in steps that double, from the shortest time to the longest, without holes. */
  steps(): readonly Step[] {
    const countByPower = new Map<number, number>();
    this.#sketch.scan((key, count) => {
      const power = Math.floor(Math.log2(Math.max(valueOf(key), 1e-6)));
      countByPower.set(power, (countByPower.get(power) ?? 0) + count);
    });
    const powers = [...countByPower.keys()];
    if (powers.length === 0) return [];
    const [low, high] = [Math.min(...powers), Math.max(...powers)];
    return Array.from({ length: high - low + 1 }, (_, index) => {
      return { fromS: 2 ** (low + index), count: countByPower.get(low + index) ?? 0 };
    });
  }
}

const BAR_WIDTH_MAX = 40;

/** A line a step: its beginning, a bar, its count. */
export function histogram(steps: readonly Step[], width: number): readonly string[] {
  const labels = steps.map(({ fromS }) => `${formatSeconds(fromS)} …`);
  const counts = steps.map(({ count }) => formatCount(count));
  const most = steps.reduce((most, { count }) => Math.max(most, count), 0);
  const labelWidth = Math.max(0, ...labels.map((label) => label.length));
  const countWidth = Math.max(0, ...counts.map((count) => count.length));
  const barWidth = Math.max(1, Math.min(BAR_WIDTH_MAX, width - labelWidth - countWidth - 4));
  return steps.map(({ count }, index) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((count / most) * barWidth));
    return `${padStart(labels[index], labelWidth)}  ${padStart(counts[index], countWidth)}  ${"█".repeat(length)}`;
  });
}

const COLUMNS: Readonly<Record<string, Column>> = {
  mean: { title: "MEAN", align: "right", leaveOut: 3 },
  p50: { title: "P50", align: "right" },
  p90: { title: "P90", align: "right", leaveOut: 4 },
  p99: { title: "P99", align: "right" },
  p999: { title: "P99.9", align: "right", leaveOut: 2 },
  max: { title: "MOST", align: "right", leaveOut: 1 },
};

/** The titles, and a line with the times; nothing where nothing was measured. */
export function summaryTable(
  summary: Readonly<Record<string, number>>,
  options: { readonly width: number; readonly style: Style },
): readonly string[] {
  const shown = Object.entries(summary);
  if (shown.length === 0) return [];
  const columns = [{ title: "A POST" }, ...shown.map(([name]) => COLUMNS[name])];
  return layOutTable(columns, [["took", ...shown.map(([, seconds]) => formatSeconds(seconds))]], options);
}

/** `[######----]` */
export function progressBar(share: number, width: number): string {
  const done = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${padEnd("#".repeat(done), width).replaceAll(" ", "-")}]`;
}
