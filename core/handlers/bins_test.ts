import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { Bins } from "./bins.ts";
import { valueOf } from "./mapping.ts";
import { COUNT_MAX } from "./sums.ts";

/** The dumb model: a Map, collapsed only when it is looked at. */
class BinsModel {
  readonly #counts = new Map<number, number>();

  add(bin: number, count: number): void {
    this.#counts.set(bin, Math.min((this.#counts.get(bin) ?? 0) + count, COUNT_MAX));
  }

  counts(): Map<number, number> {
    const floor = Math.max(...this.#counts.keys()) - limits.sketchBinsMax + 1;
    const collapsed = new Map<number, number>();
    for (const [bin, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      const place = Math.max(bin, floor);
      collapsed.set(place, Math.min((collapsed.get(place) ?? 0) + count, COUNT_MAX));
    }
    return collapsed;
  }
}

function countsOf(bins: Bins): Map<number, number> {
  const counts = new Map<number, number>();
  bins.scan((bin, count) => counts.set(bin, count));
  const fromHighest: [bin: number, count: number][] = [];
  bins.scanDown((bin, count) => fromHighest.push([bin, count]));
  assertEquals(fromHighest.reverse(), [...counts]);
  return counts;
}

function assertModelled(bins: Bins, model: BinsModel): void {
  const counts = countsOf(bins);
  assertEquals(counts, model.counts());
  assertEquals(
    [bins.lowest, bins.highest],
    counts.size === 0 ? [0, -1] : [Math.min(...counts.keys()), Math.max(...counts.keys())],
  );
  assertEquals(bins.total(), Math.min([...counts.values()].reduce((sum, count) => sum + count, 0), COUNT_MAX));
}

const bin = fc.oneof(
  fc.integer({ min: 70_000, max: 70_030 }),
  fc.integer({ min: 66_000, max: 78_000 }),
  fc.integer({ min: 1, max: 143_220 }),
);
const count = fc.oneof(
  fc.constantFrom(1, 2, 254, 255, 256, 65_534, 65_535, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, COUNT_MAX - 1, COUNT_MAX),
  fc.integer({ min: 1, max: 300 }),
);
const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), bin, count }),
  fc.record({
    kind: fc.constant("run" as const),
    bins: fc.array(bin, { minLength: 1 }),
    times: fc.integer({ min: 1, max: 90 }),
    sign: fc.constantFrom(1 as const, -1 as const),
  }),
);
const steps = fc.array(step);

function run(
  bins: Bins,
  model: BinsModel,
  taken: typeof steps extends fc.Arbitrary<infer Steps> ? Steps : never,
): void {
  for (const each of taken) {
    if (each.kind === "add") {
      bins.add(each.bin, each.count);
      model.add(each.bin, each.count);
      continue;
    }
    const row = Int32Array.from(
      { length: each.times * each.bins.length },
      (_, index) => each.bins[index % each.bins.length],
    );
    for (const one of row) model.add(one, 1);
    const { sign } = each;
    const values = Float64Array.from(row, (one) => sign * valueOf(one));
    for (let from = 0; from < row.length; from++) {
      from = bins.addAll(values, { from, to: row.length, sign });
      if (from < row.length) bins.add(row[from], 1);
    }
  }
}

Deno.test("Bins: counts what a Map counts, whatever is added and merged in whatever order", () => {
  fc.assert(
    fc.property(steps, steps, (a, b) => {
      const [left, right, model] = [new Bins(), new Bins(), new BinsModel()];
      run(left, model, a);
      assertModelled(left, model);
      run(right, new BinsModel(), b);
      left.merge(right);
      run(new Bins(), model, b);
      assertModelled(left, model);
    }),
    { numRuns: 500, seed: 1, endOnFailure: true },
  );
});

Deno.test("Bins: a store that was cleared is as a new one, and fill gives it what was counted", () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const [used, fresh, model] = [new Bins(), new Bins(), new BinsModel()];
      run(used, new BinsModel(), before);
      used.clear();
      run(used, model, after);
      assertModelled(used, model);
      run(fresh, new BinsModel(), after);
      if (fresh.highest < 0) return;
      const row = new Float64Array(fresh.highest - fresh.lowest + 1);
      fresh.copyTo(row);
      used.clear();
      used.fill(fresh.lowest, row);
      assertModelled(used, model);
      // Nothing of before is left where it grows.
      used.merge(fresh);
      used.add(fresh.highest + 1, 1);
      run(used, new BinsModel(), before);
      const doubled = new Bins();
      for (const _ of [1, 2]) doubled.merge(fresh);
      doubled.add(fresh.highest + 1, 1);
      run(doubled, new BinsModel(), before);
      assertEquals(countsOf(used), countsOf(doubled));
    }),
    { numRuns: 200, seed: 2, endOnFailure: true },
  );
});
