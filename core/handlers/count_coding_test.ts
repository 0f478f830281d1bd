import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { readCounts, writeCounts } from "./count_coding.ts";
import { DecodeError } from "./handler.ts";
import { COUNT_MAX } from "./sums.ts";

function assertComesBack(counts: Float64Array): void {
  // Between others, so that it is seen where it ends.
  const writer = new ByteWriter();
  writer.byte(0xff);
  writeCounts(writer, counts);
  writer.byte(0xff);
  const reader = new ByteReader(writer.take());
  const read = new Float64Array(counts.length);
  assertEquals(reader.byte(), 0xff);
  readCounts(reader, read);
  assertEquals(reader.byte(), 0xff);
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

Deno.test("readCounts: a row that was cut, or whose last byte has a bit too many, is a DecodeError", () => {
  for (const row of [[1], [3, 0, 0, 0, 9, 1], [0, 0, 2 ** 40, 5], [70_000, 2 ** 29, 2 ** 53 - 1]]) {
    const writer = new ByteWriter();
    writeCounts(writer, Float64Array.from(row));
    const bytes = writer.take();
    const into = new Float64Array(row.length);
    for (let length = 0; length < bytes.length; length++) {
      assertThrows(() => readCounts(new ByteReader(bytes.subarray(0, length)), into), DecodeError);
    }
    const dirty = Uint8Array.from(bytes);
    dirty[dirty.length - 1] |= 0x80;
    if (dirty[dirty.length - 1] === bytes[bytes.length - 1]) continue;
    assertThrows(() => readCounts(new ByteReader(dirty), into), DecodeError, "ends wrongly");
  }
});
