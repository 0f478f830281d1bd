import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { readCounts, writeCounts } from "./count_coding.ts";
import { COUNT_MAX } from "./sums.ts";

function assertComesBack(counts: Float64Array): void {
  const writer = new ByteWriter();
  writeCounts(writer, counts);
  const reader = new ByteReader(writer.take());
  const read = new Float64Array(counts.length);
  readCounts(reader, read);
  reader.end();
  assertEquals(read, counts);
}

Deno.test("writeCounts, readCounts: counts of every size come back, one after another and mixed", () => {
  const size = fc.double({ min: 0, max: 53, noNaN: true });
  const count = size.map((bits) => Math.min(Math.floor(2 ** bits) - 1, COUNT_MAX));
  const near = fc.integer({ min: 0, max: 300 });
  const rows = fc.array(fc.oneof(near, count), { maxLength: 100 });
  fc.assert(fc.property(rows, (row) => assertComesBack(Float64Array.from(row))), { seed: 1, numRuns: 2000 });
});

Deno.test("writeCounts, readCounts: each power of two comes back behind each other", () => {
  for (let first = 0; first <= 53; first++) {
    for (let second = 0; second <= 53; second++) {
      const row = [2 ** first - 1, 2 ** second - 1, 2 ** first - 1, 0, 2 ** second - 1];
      assertComesBack(Float64Array.from(row, (count) => Math.min(count, COUNT_MAX)));
    }
  }
});
