// Cuts a stream of bytes into lines, whatever its chunks are. Lines within a chunk are not copied; only the piece
// that a chunk's end leaves over is, up to the limit for a line.

import { assert } from "../assert.ts";

const NEWLINE = 0x0a;
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * A cursor over lines: after `feed` or `finish`, each `next()` that answers true has moved on to a line, which lies
 * in `bytes` from `start` to `end` until the next call. There is always a newline at `bytes[end]`, also behind a
 * last line that came without one, so that a scan needs no check for the end.
 */
export class LineSplitter {
  bytes = NOTHING;
  start = 0;
  end = 0;
  /** Of the current line, from 1. */
  number = 0;
  /** The current line is longer than the limit: it is not in `bytes`, and all up to its newline is passed over. */
  isTooLong = false;

  readonly #lineBytesMax: number;
  #chunk = NOTHING;
  #at = 0;
  /** The beginning of a line whose end has not come yet. */
  #carry = NOTHING;
  #carried = 0;
  #isSkipping = false;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The next bytes, once `next()` has answered false for those before. They must stay unchanged until then. */
  feed(chunk: Uint8Array): void {
    assert(this.#at === this.#chunk.length, "a chunk is read to its end before the next is taken");
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** No more bytes will come: what is left over is the last line. */
  finish(): void {
    this.feed(this.#carried > 0 ? Uint8Array.of(NEWLINE) : NOTHING);
  }

  next(): boolean {
    if (this.#isSkipping && !this.#skip()) return false;
    if (this.#at === this.#chunk.length) return false;
    const newline = this.#chunk.indexOf(NEWLINE, this.#at);
    const end = newline < 0 ? this.#chunk.length : newline;
    if (this.#carried + end - this.#at > this.#lineBytesMax) return this.#refuse();
    if (newline < 0) {
      this.#keep(end);
      return false;
    }
    if (this.#carried > 0) this.#takeCarried(newline);
    else this.#take(this.#chunk, this.#at, newline);
    this.#at = newline + 1;
    return true;
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.number++;
    this.isTooLong = false;
  }

  #takeCarried(newline: number): void {
    this.#keep(newline + 1);
    this.#take(this.#carry, 0, this.#carried - 1);
    this.#carried = 0;
  }

  #refuse(): true {
    this.#take(NOTHING, 0, 0);
    this.isTooLong = true;
    this.#carried = 0;
    this.#isSkipping = true;
    return true;
  }

  /** Passes over the rest of a line that is too long; false where its end has not come yet. */
  #skip(): boolean {
    const newline = this.#chunk.indexOf(NEWLINE, this.#at);
    this.#at = newline < 0 ? this.#chunk.length : newline + 1;
    this.#isSkipping = newline < 0;
    return newline >= 0;
  }

  /** Copies the chunk up to `end` behind what is carried. */
  #keep(end: number): void {
    const needed = this.#carried + end - this.#at;
    if (needed > this.#carry.length) {
      // Doubling, so that a line that comes byte by byte costs no more than its length; the one is for its newline.
      const grown = new Uint8Array(Math.min(Math.max(needed, 2 * this.#carry.length, 1024), this.#lineBytesMax + 1));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(this.#chunk.subarray(this.#at, end), this.#carried);
    this.#carried = needed;
    this.#at = end;
  }
}
