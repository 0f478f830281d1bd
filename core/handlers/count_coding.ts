// Rows of counts as bits: neighbouring bins of a sketch hold about as much, and how much that varies changes slowly.

import type { ByteReader, ByteWriter } from "../bytes.ts";
import { DecodeError } from "./handler.ts";
import { COUNT_MAX } from "./sums.ts";

// Each count is predicted by the mean of the two before it, and what it differs by is written in a Golomb-Rice code
// whose parameter follows the differences so far, as in JPEG-LS (Weinberger, Seroussi, Sapiro: "LOCO-I", 2000). On
// counts drawn from smooth distributions that takes about a bit a count more than their entropy.

/** So many zero bits announce a count that is written out, since it is too far from the prediction or not `NEAR`. */
const FAR = 16;
const FAR_WIDTH_BITS = 6;
/** Counts are below this where they are predicted, and predict as if they were: all is arithmetic on words then. */
const NEAR = 2 ** 29;
/** A difference weighs at most this much in the mean that the parameter follows. */
const FOLLOWED_MAX = 2 ** 24;
/** Eight times the mean difference that a row is taken to start with. */
const FOLLOWED_FIRST = 8;

export function writeCounts(writer: ByteWriter, counts: Float64Array): void {
  let followed = FOLLOWED_FIRST;
  let last = 0;
  let beforeLast = 0;
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index];
    const near = count < NEAR ? count | 0 : NEAR;
    const signed = near - ((last + beforeLast) >> 1) | 0;
    const difference = (signed << 1) ^ (signed >> 31);
    const width = parameter(followed);
    const high = difference >>> width;
    if (high >= FAR || near === NEAR) writeFar(writer, count);
    else if (high + width < 24) {
      const low = difference & ((1 << width) - 1);
      writer.bits((low << (high + 1)) | (1 << high), high + 1 + width);
    } else {
      writer.bits(1 << high, high + 1);
      writer.bits(difference, width);
    }
    followed = follow(followed, difference);
    beforeLast = last;
    last = near;
  }
  writer.alignBits();
}

/** Reads as many counts as `counts` is long. */
export function readCounts(reader: ByteReader, counts: Float64Array): void {
  let followed = FOLLOWED_FIRST;
  let last = 0;
  let beforeLast = 0;
  for (let index = 0; index < counts.length; index++) {
    const predicted = (last + beforeLast) >> 1;
    const width = parameter(followed);
    const high = reader.zeroBits(FAR);
    let near: number;
    let difference: number;
    if (high < FAR) {
      difference = (high << width) | (width > 0 ? reader.bits(width) : 0);
      near = predicted + ((difference >>> 1) ^ -(difference & 1)) | 0;
      if (near < 0) throw new DecodeError(`a count must not be negative: current value is ${near}`);
      counts[index] = near;
      near = Math.min(near, NEAR);
    } else {
      const count = readFar(reader);
      counts[index] = count;
      near = count < NEAR ? count | 0 : NEAR;
      const signed = near - predicted | 0;
      difference = (signed << 1) ^ (signed >> 31);
    }
    followed = follow(followed, difference);
    beforeLast = last;
    last = near;
  }
  reader.alignBits();
}

function writeFar(writer: ByteWriter, count: number): void {
  const width = widthOf(count);
  writer.bits(0, FAR);
  writer.bits(width, FAR_WIDTH_BITS);
  let rest = count;
  for (let left = width; left > 0; left -= 24) {
    writer.bits(rest % 2 ** 24, Math.min(left, 24));
    rest = Math.floor(rest / 2 ** 24);
  }
}

function readFar(reader: ByteReader): number {
  const width = reader.bits(FAR_WIDTH_BITS);
  let count = 0;
  let scale = 1;
  for (let left = width; left > 0; left -= 24) {
    count += reader.bits(Math.min(left, 24)) * scale;
    scale *= 2 ** 24;
  }
  if (count > COUNT_MAX) throw new DecodeError(`a count must be at most ${COUNT_MAX}: current value is ${count}`);
  return count;
}

/** The bits of a whole number. */
function widthOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));
}

/** The width of a difference's low part: the bits of 0.69 times the mean difference so far, as 11 / 128 ≈ 0.69 / 8. */
function parameter(followed: number): number {
  return 32 - Math.clz32(Math.imul(followed, 11) >> 7);
}

/** Eight times the mean difference, the newest weighing an eighth. */
function follow(followed: number, difference: number): number {
  return followed + (difference < FOLLOWED_MAX ? difference : FOLLOWED_MAX) - (followed >> 3) | 0;
}
