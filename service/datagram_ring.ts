// A queue of datagrams in memory that two threads share: one puts them in, one takes them out, and neither waits for the
// other. What finds no room is counted.

import { assert } from "../core/assert.ts";

/** In front of the datagrams: where the next one is written and read, as far as both have come, and how many had no room. */
const TAIL = 0;
const HEAD = 1;
const DROPPED = 2;
const FRONT_BYTES = 16;
/** In front of each: its length. */
const LENGTH_BYTES = 4;
/** In place of a length: the next datagram is at the beginning, as it did not fit here. */
const SKIP = -1;

export class DatagramRing {
  /** To be given to the other thread. */
  readonly buffer: SharedArrayBuffer;
  readonly #front: Int32Array<SharedArrayBuffer>;
  readonly #lengths: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;

  /** A new one for so many bytes, a power of two, or the one in a buffer that another thread has given. */
  constructor(from: number | SharedArrayBuffer) {
    this.buffer = typeof from === "number" ? new SharedArrayBuffer(FRONT_BYTES + from) : from;
    this.#front = new Int32Array(this.buffer, 0, FRONT_BYTES / 4);
    this.#lengths = new Int32Array(this.buffer, FRONT_BYTES);
    this.#bytes = new Uint8Array(this.buffer, FRONT_BYTES);
    const { length } = this.#bytes;
    assert(length >= 8 && (length & (length - 1)) === 0, "positions wrap around with whole numbers of 32 bits");
  }

  /** Datagrams that found no room. */
  get dropped(): number {
    return Atomics.load(this.#front, DROPPED) >>> 0;
  }

  /** Copies a datagram in. For one thread only. */
  put(datagram: Uint8Array): void {
    const { length: size } = this.#bytes;
    const tail = Atomics.load(this.#front, TAIL);
    const at = tail & (size - 1);
    const bytes = roomOf(datagram.length);
    const skipped = size - at < bytes ? size - at : 0;
    const used = (tail - Atomics.load(this.#front, HEAD)) >>> 0;
    if (used + skipped + bytes > size) {
      Atomics.add(this.#front, DROPPED, 1);
      return;
    }
    if (skipped > 0) this.#lengths[at / LENGTH_BYTES] = SKIP;
    const start = skipped > 0 ? 0 : at;
    this.#lengths[start / LENGTH_BYTES] = datagram.length;
    this.#bytes.set(datagram, start + LENGTH_BYTES);
    Atomics.store(this.#front, TAIL, (tail + skipped + bytes) | 0);
  }

  /**
   * Gives `take` up to `max` datagrams in turn, each its own only until it returns, and answers how many that were. For
   * one thread only.
   */
  take(take: (datagram: Uint8Array) => void, max: number): number {
    const { length: size } = this.#bytes;
    const tail = Atomics.load(this.#front, TAIL);
    let head = Atomics.load(this.#front, HEAD);
    let count = 0;
    while (head !== tail && count < max) {
      const at = head & (size - 1);
      const length = this.#lengths[at / LENGTH_BYTES];
      if (length === SKIP) head = (head + size - at) | 0;
      else {
        take(this.#bytes.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length));
        head = (head + roomOf(length)) | 0;
        count++;
      }
      Atomics.store(this.#front, HEAD, head);
    }
    return count;
  }
}

/** What a datagram takes: lengths stand at multiples of their own size. */
function roomOf(length: number): number {
  return LENGTH_BYTES + Math.ceil(length / LENGTH_BYTES) * LENGTH_BYTES;
}
