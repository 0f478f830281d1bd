import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { keyOf, valueOf } from "./mapping.ts";
import { Sketch } from "./sketch.ts";
import { readSketch, writeSketch } from "./sketch_encoding.ts";
import { COUNT_MAX } from "./sums.ts";

/** Uniform in (0, 1), the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

const random = seeded(20_251_123);
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

const distributions: Readonly<Record<string, () => number>> = {
  uniform: () => 100 * random(),
  normal: () => 1000 + 50 * normal(),
  lognormal: () => Math.exp(1.5 * normal()),
  Pareto: () => random() ** (-1 / 1.2),
  bimodal: () => random() < 0.3 ? 0.02 + 0.001 * normal() : 30 + normal(),
  constant: () => 3.25,
  negative: () => -Math.exp(2 * normal()),
  mixed: () => [() => normal(), () => -1e6 * random(), () => 0, () => 1e-9 * random()][Math.floor(4 * random())](),
  "whole numbers": () => Math.floor(-40 * Math.log(random())),
  tiny: () => 1e-300 * random(),
  huge: () => -1e308 * random(),
};

const QS = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

/** Every quantile is within 0.5 % of the exact one at its rank. */
function assertAccurate(sketch: Sketch, values: readonly number[]): void {
  const sorted = Float64Array.from(values).sort();
  assertEquals(sketch.count, sorted.length);
  sketch.quantiles(QS).forEach((answer, index) => {
    const exact = sorted[Math.floor(QS[index] * (sorted.length - 1))];
    assert(answer !== null);
    const error = Math.abs(answer - exact);
    // Up to the rounding of this very comparison.
    assert(
      error <= 0.005 * Math.abs(exact) * (1 + 1e-12),
      `quantile ${QS[index]} is ${answer} where ${exact} is exact`,
    );
  });
}

for (const [name, draw] of Object.entries(distributions)) {
  Deno.test(`Sketch: quantiles of ${name} data are within 0.5 %, added one by one, in runs, by 1,000 merges`, () => {
    const values = Array.from({ length: 20_000 }, draw);
    const oneByOne = new Sketch();
    for (const value of values) oneByOne.add(value);
    assertAccurate(oneByOne, values);

    const inRuns = new Sketch();
    const column = Float64Array.from(values);
    for (let from = 0, run = 1; from < column.length; from += run, run = 1 + (run * 7) % 600) {
      inRuns.addAll(column, from, Math.min(from + run, column.length));
    }
    assertEquals(bytesOf(inRuns), bytesOf(oneByOne));

    const parts = Array.from({ length: 1001 }, () => new Sketch());
    for (const value of values) parts[Math.floor(random() * parts.length)].add(value);
    while (parts.length > 1) {
      const [from] = parts.splice(Math.floor(random() * parts.length), 1);
      parts[Math.floor(random() * parts.length)].merge(from);
    }
    assertAccurate(parts[0], values);
    assertEquals(bytesOf(parts[0]), bytesOf(oneByOne));
  });
}

Deno.test("Sketch: small sets have exact ranks", () => {
  for (let count = 1; count <= 40; count++) {
    const sketch = new Sketch();
    const values = Array.from({ length: count }, (_, index) => (index - 7) * 10);
    for (const value of values.toReversed()) sketch.add(value);
    assertAccurate(sketch, values);
  }
  assertEquals(new Sketch().quantiles([0, 0.5, 1]), [null, null, null]);
});

Deno.test("Sketch: beyond 4,096 bins a store the values nearest to zero collapse, the others stay accurate", () => {
  for (const sign of [1, -1]) {
    const values = Array.from({ length: 60 * 70 }, (_, index) => sign * valueOf(60_000 + 2 * index));
    const sketch = new Sketch();
    for (const value of values) sketch.add(value);
    const kept = values.slice(-2048);
    const sorted = Float64Array.from(kept).sort();
    for (const rank of [100, 1000, 2000]) {
      const place = sign > 0 ? values.length - kept.length + rank : rank;
      const [answer] = sketch.quantiles([(place + 0.5) / (values.length - 1)]);
      assert(answer !== null && Math.abs(answer / sorted[rank] - 1) <= 0.005);
    }
    assertEquals(sketch.count, values.length);
  }
});

Deno.test("Sketch: counts are exact beyond 2^32 and saturate at 2^53 - 1", () => {
  const sketch = new Sketch();
  for (const [index, value] of [-3, 0, 5].entries()) sketch.addKey(keyOf(value), 2 ** 40 + index);
  assertEquals(sketch.count, 3 * 2 ** 40 + 3);
  for (let value = 1; value < 100; value++) sketch.add(value);
  for (let doubling = 0; doubling < 5; doubling++) sketch.merge(copyOf(sketch));
  assertEquals(sketch.count, 32 * (3 * 2 ** 40 + 3 + 99));
  assertEquals(bytesOf(copyOf(sketch)), bytesOf(sketch));
  for (let doubling = 0; doubling < 20; doubling++) sketch.merge(copyOf(sketch));
  assertEquals(sketch.count, COUNT_MAX);
  assertEquals(bytesOf(copyOf(sketch)), bytesOf(sketch));
});

Deno.test("writeSketch, readSketch: any values come back, and take few bytes where they are few", () => {
  const value = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: 1, max: 9, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(value, { size: "medium", maxLength: 300 }), (values) => {
      const sketch = new Sketch();
      sketch.addAll(Float64Array.from(values), 0, values.length);
      const copy = copyOf(sketch);
      assertEquals(bytesOf(copy), bytesOf(sketch));
      assertEquals(copy.quantiles(QS), sketch.quantiles(QS));
    }),
    { seed: 4, endOnFailure: true },
  );
  const one = new Sketch();
  one.add(3.25);
  assertEquals(bytesOf(one).length / 2, 3);
});

function bytesOf(sketch: Sketch): string {
  const writer = new ByteWriter();
  writeSketch(writer, sketch);
  return Array.from(writer.take(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function copyOf(sketch: Sketch): Sketch {
  const writer = new ByteWriter();
  writeSketch(writer, sketch);
  const reader = new ByteReader(writer.take());
  const copy = new Sketch();
  readSketch(reader, copy);
  reader.end();
  return copy;
}
