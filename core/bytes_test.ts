import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteReader, ByteWriter, unzigzag, zigzag } from "./bytes.ts";
import { DecodeError } from "./handlers/handler.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const whole = fc.oneof(
  fc.maxSafeInteger().map(Math.abs),
  fc.integer({ min: 0, max: 53 }).chain((bits) => fc.constantFrom(2 ** bits - 1, Math.min(2 ** bits, MAX))),
);

/** One thing to write, and how it is read back. */
const part = fc.oneof(
  whole.map((value) => ({
    value,
    write: (writer: ByteWriter) => writer.varint(value),
    read: (reader: ByteReader) => reader.varint(MAX),
  })),
  fc.integer().map((value) => ({
    value,
    write: (writer: ByteWriter) => writer.signed(value),
    read: (reader: ByteReader) => reader.signed(2 ** 31),
  })),
  fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(), fc.integer()).map((value) => ({
    value: value === 0 ? 0 : value, // zero has one sign once it has been written
    write: (writer: ByteWriter) => writer.number(value),
    read: (reader: ByteReader) => reader.number(),
  })),
);

Deno.test("ByteWriter, ByteReader: what is written is read, in any order and number", () => {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(fc.array(part, { size: "+1" }), (parts) => {
      writer.begin();
      for (const { write } of parts) write(writer);
      const reader = new ByteReader(writer.take());
      for (const { value, read } of parts) assertEquals<unknown>(read(reader), value);
      reader.end();
    }),
    { seed: 1, numRuns: 500, endOnFailure: true },
  );
});

Deno.test("ByteReader: a cut anywhere is a DecodeError", () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), fc.nat(), (parts, at) => {
      const writer = new ByteWriter();
      for (const { write } of parts) write(writer);
      const bytes = writer.take();
      if (bytes.length === 0) return;
      const reader = new ByteReader(bytes.subarray(0, at % bytes.length));
      assertThrows(() => {
        for (const { read } of parts) read(reader);
      }, DecodeError);
    }),
    { seed: 2, endOnFailure: true },
  );
});

Deno.test("ByteReader: numbers have one form only, and a bound", () => {
  for (const bytes of [[0x80, 0x00], [0xff, 0x80, 0x00], Array(9).fill(0xff), [5], [0xac, 0x02]]) {
    assertThrows(() => new ByteReader(Uint8Array.from(bytes)).varint(4), DecodeError);
  }
  assertThrows(() => new ByteReader(Uint8Array.from([3])).number(), DecodeError);
  for (const bad of [NaN, Infinity, -Infinity]) {
    const bytes = new Uint8Array([1, ...new Uint8Array(new Float64Array([bad]).buffer)]);
    assertThrows(() => new ByteReader(bytes).number(), DecodeError);
  }
});

Deno.test("zigzag: brings whole numbers of both signs into one row", () => {
  assertEquals([0, -1, 1, -2, 2].map(zigzag), [0, 1, 2, 3, 4]);
  for (const value of [2 ** 51, -(2 ** 51), 123, -123]) assertEquals(unzigzag(zigzag(value)), value);
  assert(Number.isSafeInteger(zigzag(-(2 ** 51))));
});
