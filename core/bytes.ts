// The binary primitives of all State encodings: varints, zigzag, numbers; and joining chunks. The writer is for our own use and trusts
// its caller; the reader trusts nobody and throws nothing but DecodeError.

import { assert } from "./assert.ts";
import { DecodeError } from "./handlers/handler.ts";

/** Below this size an integer is written as a varint, from it on as a double: both ways are exact. */
const VARINT_NUMBER_MAX = 2 ** 50;
/** What `number` writes before the eight bytes of a double; integers have even codes. */
const DOUBLE = 1;

/** Whole numbers of either sign as those from 0 on: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** The chunks as one. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Bytes being written, from `begin` to `take`. Grows as needed, and is made once for many encodings. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Bits that do not fill a byte yet: fewer than eight between two calls. */
  #bitBuffer = 0;
  #bitCount = 0;

  get length(): number {
    return this.#length;
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
  varint(value: number): void {
    assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER, "a varint is a whole number from 0 to 2^53 - 1");
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number of either sign, of at most 52 bits. */
  signed(value: number): void {
    this.varint(zigzag(value));
  }

  /** Any finite number: an integer of up to 50 bits as a varint, others as the eight bytes of a double. */
  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < VARINT_NUMBER_MAX) {
      this.varint(2 * zigzag(value));
      return;
    }
    this.#reserve(9);
    this.#bytes[this.#length++] = DOUBLE;
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** The lowest `width` bits of `value`, at most 24, into bytes from their lowest bit on; `alignBits` ends them. */
  bits(value: number, width: number): void {
    let buffer = this.#bitBuffer | ((value & ((1 << width) - 1)) << this.#bitCount);
    let count = this.#bitCount + width;
    if (count >= 8) {
      this.#reserve(4);
      const bytes = this.#bytes;
      let length = this.#length;
      for (; count >= 8; count -= 8) {
        bytes[length++] = buffer;
        buffer >>>= 8;
      }
      this.#length = length;
    }
    this.#bitBuffer = buffer;
    this.#bitCount = count;
  }

  /** Fills the last byte of a row of bits with zeros. */
  alignBits(): void {
    if (this.#bitCount > 0) this.byte(this.#bitBuffer);
    this.#bitBuffer = 0;
    this.#bitCount = 0;
  }

  /** Starts anew, whatever became of what was written before. */
  begin(): void {
    this.#length = 0;
    this.#bitBuffer = 0;
    this.#bitCount = 0;
  }

  /** Forgets what was written after `length`. */
  rewind(length: number): void {
    this.#length = length;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * this.#bytes.length + bytes);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what a ByteWriter wrote, from bytes that may be anything. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #view: DataView | undefined;
  #at = 0;
  #bitBuffer = 0;
  #bitCount = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet: no list can have more elements than this. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw new DecodeError("it ends too early");
    return this.#bytes[this.#at++];
  }

  /** A whole number of at most `max`, in the only form in which the writer writes it. */
  varint(max: number): number {
    const first = this.#bytes[this.#at];
    if (first < 0x80 && first <= max) {
      this.#at++;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw new DecodeError("a number has leading zeros");
        if (value > max) throw new DecodeError(`a number must be at most ${max}: current value is ${value}`);
        return value;
      }
      scale *= 128;
      if (scale > 2 ** 49) throw new DecodeError("a number must have at most 53 bits");
    }
  }

  /** A whole number between `-max` and `max`. */
  signed(max: number): number {
    return unzigzag(this.varint(2 * max));
  }

  /** Any finite number. */
  number(): number {
    const code = this.varint(Number.MAX_SAFE_INTEGER);
    if (code === DOUBLE) return this.#double();
    if (code % 2 !== 0) throw new DecodeError("a number has an unknown form");
    return unzigzag(code / 2);
  }

  /** The next `width` bits, at most 24. */
  bits(width: number): number {
    this.#fillBits(width);
    const value = this.#bitBuffer & ((1 << width) - 1);
    this.#dropBits(width);
    return value;
  }

  /** How many zero bits come before the next one bit, which is read too; `max`, at most 24, where none comes sooner. */
  zeroBits(max: number): number {
    this.#fillBits(1);
    const zeros = this.#bitBuffer === 0 ? 32 : 31 - Math.clz32(this.#bitBuffer & -this.#bitBuffer);
    if (zeros < max && zeros >= this.#bitCount) throw new DecodeError("it ends too early");
    if (zeros >= max) this.#fillBits(max);
    this.#dropBits(Math.min(zeros + 1, max));
    return Math.min(zeros, max);
  }

  /** Ends a row of bits: those left of its last byte must be zero. */
  alignBits(): void {
    if ((this.#bitBuffer & ((1 << (this.#bitCount & 7)) - 1)) !== 0) {
      throw new DecodeError("a row of bits ends wrongly");
    }
    this.#at -= this.#bitCount >> 3;
    this.#bitBuffer = 0;
    this.#bitCount = 0;
  }

  /** Nothing may be left. */
  end(): void {
    if (this.left > 0) throw new DecodeError(`it must end here: ${this.left} bytes are left over`);
  }

  /** Takes bytes in while there is room for another; there must be `needed` bits then. */
  #fillBits(needed: number): void {
    while (this.#bitCount <= 24 && this.#at < this.#bytes.length) {
      this.#bitBuffer |= this.#bytes[this.#at++] << this.#bitCount;
      this.#bitCount += 8;
    }
    if (this.#bitCount < needed) throw new DecodeError("it ends too early");
  }

  #dropBits(width: number): void {
    // A whole number of 32 bits with a sign: that is what engines keep in a word.
    this.#bitBuffer = (this.#bitBuffer >>> width) | 0;
    this.#bitCount -= width;
  }

  #double(): number {
    if (this.left < 8) throw new DecodeError("it ends too early");
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    if (!Number.isFinite(value)) throw new DecodeError(`a number must be finite: current value is ${value}`);
    return value;
  }
}
