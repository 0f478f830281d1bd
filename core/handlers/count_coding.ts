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
const TOO_EARLY = "it ends too early";

/** Bytes that a count takes at most: FAR zero bits, its width, and 53 bits. */
const COUNT_BYTES_MAX = 10;

// Bits fill bytes from the lowest bit on. Those that are on their way are in two local numbers, `bits` and how many
// there are: a call for each count would take longer than all the rest.

export function writeCounts(writer: ByteWriter, counts: Float64Array): void {
  const bytes = writer.room(COUNT_BYTES_MAX * counts.length + 1);
  let at = writer.length;
  let bits = 0;
  let held = 0;
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
    if (high >= FAR || near === NEAR) {
      held += FAR;
      for (; held >= 8; held -= 8, bits >>>= 8) bytes[at++] = bits;
      let left = widthOf(count);
      bits |= left << held;
      held += FAR_WIDTH_BITS;
      for (let rest = count; left > 0; left -= 24, rest = Math.floor(rest / 2 ** 24)) {
        for (; held >= 8; held -= 8, bits >>>= 8) bytes[at++] = bits;
        bits |= (rest % 2 ** 24) << held;
        held += Math.min(left, 24);
      }
      for (; held >= 8; held -= 8, bits >>>= 8) bytes[at++] = bits;
    } else {
      const low = difference & ((1 << width) - 1);
      if (high + width < 16) {
        bits |= ((low << 1 | 1) << high) << held;
        held += high + 1 + width;
      } else {
        bits |= (1 << high) << held;
        held += high + 1;
        for (; held >= 8; held -= 8, bits >>>= 8) bytes[at++] = bits;
        bits |= low << held;
        held += width;
        for (; held >= 8; held -= 8, bits >>>= 8) bytes[at++] = bits;
      }
      // Two bytes at once: what decides it is hard to foresee, and so is best asked seldom.
      if (held >= 16) {
        bytes[at] = bits;
        bytes[at + 1] = bits >>> 8;
        at += 2;
        bits >>>= 16;
        held -= 16;
      }
    }
    followed = follow(followed, difference);
    beforeLast = last;
    last = near;
  }
  for (; held > 0; held -= 8, bits >>>= 8) bytes[at++] = bits;
  writer.length = at;
}

/** Reads as many counts as `counts` is long. */
export function readCounts(reader: ByteReader, counts: Float64Array): void {
  const { bytes } = reader;
  const end = bytes.length;
  let at = reader.at;
  let bits = 0;
  let held = 0;
  let followed = FOLLOWED_FIRST;
  let last = 0;
  let beforeLast = 0;
  for (let index = 0; index < counts.length; index++) {
    if (held < 16) {
      if (at + 1 < end) {
        bits |= (bytes[at] | bytes[at + 1] << 8) << held;
        at += 2;
        held += 16;
      } else if (at < end) {
        bits |= bytes[at++] << held;
        held += 8;
      }
    }
    const width = parameter(followed);
    const high = bits === 0 ? 32 : 31 - Math.clz32(bits & -bits);
    let near: number;
    let difference: number;
    if (high < FAR) {
      bits = (bits >>> (high + 1)) | 0;
      held -= high + 1;
      for (; held < width && at < end; held += 8) bits |= bytes[at++] << held;
      if (held < width) throw new DecodeError(TOO_EARLY);
      difference = (high << width) | (bits & ((1 << width) - 1));
      bits = (bits >>> width) | 0;
      held -= width;
      near = ((last + beforeLast) >> 1) + ((difference >>> 1) ^ -(difference & 1)) | 0;
      if (near < 0) throw new DecodeError(`a count must not be negative: current value is ${near}`);
      counts[index] = near;
      if (near > NEAR) near = NEAR;
    } else {
      for (; held <= 24 && at < end; held += 8) bits |= bytes[at++] << held;
      if (held < FAR + FAR_WIDTH_BITS) throw new DecodeError(TOO_EARLY);
      let left = (bits >>> FAR) & (2 ** FAR_WIDTH_BITS - 1);
      bits = (bits >>> (FAR + FAR_WIDTH_BITS)) | 0;
      held -= FAR + FAR_WIDTH_BITS;
      let count = 0;
      for (let scale = 1; left > 0; left -= 24, scale *= 2 ** 24) {
        const piece = Math.min(left, 24);
        for (; held < piece && at < end; held += 8) bits |= bytes[at++] << held;
        if (held < piece) throw new DecodeError(TOO_EARLY);
        count += (bits & ((1 << piece) - 1)) * scale;
        bits = (bits >>> piece) | 0;
        held -= piece;
      }
      if (count > COUNT_MAX) throw new DecodeError(`a count must be at most ${COUNT_MAX}: current value is ${count}`);
      counts[index] = count;
      near = count < NEAR ? count | 0 : NEAR;
      const signed = near - ((last + beforeLast) >> 1) | 0;
      difference = (signed << 1) ^ (signed >> 31);
    }
    followed = follow(followed, difference);
    beforeLast = last;
    last = near;
  }
  // What is left of the last byte must be zero, as there is one form only.
  if ((bits & ((1 << (held & 7)) - 1)) !== 0) throw new DecodeError("a row of bits ends wrongly");
  reader.at = at - (held >> 3);
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
