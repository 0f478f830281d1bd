// The binary primitives of all State encodings: varints, zigzag, numbers; and joining chunks. The writer is for our own
// use and trusts its caller; the reader trusts nobody and throws nothing but DecodeError.

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
  /** Bytes written. Whoever writes into `room` moves it on himself. */
  length = 0;

  byte(byte: number): void {
    this.room(1);
    this.#bytes[this.length++] = byte;
  }

  /** The bytes themselves, with room for `count` more from `length` on; valid until the next call. */
  room(count: number): Uint8Array {
    if (this.length + count > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length + count);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return this.#bytes;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
  varint(value: number): void {
    assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER, "a varint is a whole number from 0 to 2^53 - 1");
    this.room(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.#bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.length++] = rest;
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
    this.room(9);
    this.#bytes[this.length++] = DOUBLE;
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Starts anew, whatever became of what was written before. */
  begin(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

/** Reads what a ByteWriter wrote, from bytes that may be anything. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Bytes read. Whoever reads from `bytes` moves it on himself. */
  at = 0;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Bytes not read yet: no list can have more elements than this. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new DecodeError("it ends too early");
    return this.bytes[this.at++];
  }

  /** A whole number of at most `max`, in the only form in which the writer writes it. */
  varint(max: number): number {
    const first = this.bytes[this.at];
    if (first < 0x80 && first <= max) {
      this.at++;
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

  /** Nothing may be left. */
  end(): void {
    if (this.left > 0) throw new DecodeError(`it must end here: ${this.left} bytes are left over`);
  }

  #double(): number {
    if (this.left < 8) throw new DecodeError("it ends too early");
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    if (!Number.isFinite(value)) throw new DecodeError(`a number must be finite: current value is ${value}`);
    return value;
  }
}
