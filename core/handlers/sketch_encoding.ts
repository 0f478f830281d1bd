// A Sketch as bytes and back. Equal sketches have equal bytes, however they came about.

import type { ByteReader, ByteWriter } from "../bytes.ts";
import { COUNT_MAX } from "./bins.ts";
import { DecodeError } from "./handler.ts";
import { limits } from "../limits.ts";
import { BIN_MAX, BIN_OF_ONE, Sketch } from "./sketch.ts";

export function writeSketch(writer: ByteWriter, sketch: Sketch): void {
  const bins = [...sketch.bins()];
  writer.varint(bins.length);
  let last = 0;
  for (const [key, count] of bins) {
    writer.signed(key - last);
    writer.varint(count);
    last = key;
  }
}

export function readSketch(reader: ByteReader): Sketch {
  const sketch = new Sketch();
  const bins = reader.varint(reader.left);
  let key = 0;
  for (let index = 0; index < bins; index++) {
    key += reader.signed(2 * BIN_MAX);
    sketch.addKey(key, reader.varint(COUNT_MAX));
  }
  return sketch;
}
