// From States to lines ready to be sent, in parts that a server takes as one body. Nothing here knows of batches' ids,
// of compression or of sending.

import type { Folded } from "../core/folded.ts";
import { base64Length } from "../core/wire/base64.ts";
import type { StateLine } from "../core/wire/ndjson.ts";

export interface SealingOptions {
  /** Bytes of lines in a part; a single line may be longer than this. */
  readonly partBytesMax: number;
  readonly partStatesMax: number;
  /** No receiver takes a longer line. */
  readonly lineBytesMax: number;
  /** Told of a State that makes a longer line: it can't be sent, ever. */
  readonly refuseLine: (folded: Folded, bytes: number) => void;
}

/** What is sent as one batch. */
export interface Part {
  readonly lines: readonly StateLine[];
  readonly events: number;
  /** At least as many as its lines will have. */
  readonly bytes: number;
  /** The index of the first State behind it, in the order of the folding. */
  readonly to: number;
}

/** States that are being taken apart. They belong to this and are folded into no more. */
export class Sealing {
  readonly #options: SealingOptions;
  readonly #folded: readonly Folded[];
  /** Up to here they were encoded, or are `#next`. */
  #at: number;
  #next: { readonly line: StateLine; readonly bytes: number; readonly index: number } | undefined;
  #part: Part | undefined;
  #states: number;
  #events = 0;

  /** What lies below `from` was given out before. */
  constructor(folded: readonly Folded[], options: SealingOptions, from = 0) {
    this.#options = options;
    this.#folded = folded;
    this.#at = from;
    this.#states = folded.length - from;
    for (let index = from; index < folded.length; index++) this.#events += folded[index].events;
    this.#advance();
  }

  /** States not yet given out. */
  get states(): number {
    return this.#states;
  }

  /** Events in them. */
  get events(): number {
    return this.#events;
  }

  /** The next part, the same until it is taken; undefined where nothing is left. */
  peek(): Part | undefined {
    if (this.#part !== undefined || this.#next === undefined) return this.#part;
    const { partBytesMax, partStatesMax } = this.#options;
    const lines: StateLine[] = [];
    let [bytes, events] = [0, 0];
    while (this.#next !== undefined) {
      const isFull = bytes + this.#next.bytes > partBytesMax || lines.length === partStatesMax;
      if (isFull && lines.length > 0) break;
      const { line } = this.#next;
      lines.push(line);
      bytes += this.#next.bytes;
      events += line.events;
      this.#advance();
    }
    return this.#part = { lines, bytes, events, to: this.#next?.index ?? this.#folded.length };
  }

  /** Gives the next part out. */
  take(): Part | undefined {
    const part = this.peek();
    if (part === undefined) return undefined;
    this.#part = undefined;
    this.#states -= part.lines.length;
    this.#events -= part.events;
    return part;
  }

  /** Encodes the next State that can be sent. */
  #advance(): void {
    this.#next = undefined;
    while (this.#at < this.#folded.length) {
      const index = this.#at++;
      const line = lineOf(this.#folded[index]);
      const bytes = lineBytes(line, this.#options.lineBytesMax);
      if (bytes <= this.#options.lineBytesMax) {
        this.#next = { line, bytes, index };
        return;
      }
      this.#states--;
      this.#events -= line.events;
      this.#options.refuseLine(this.#folded[index], bytes);
    }
  }
}

/** What an earlier process sent as one part, however large. */
export function partOf(folded: readonly Folded[]): Part {
  const lines = folded.map(lineOf);
  const bytes = lines.reduce((sum, line) => sum + lineBytes(line, 0), 0);
  return { lines, bytes, events: folded.reduce((sum, { events }) => sum + events, 0), to: folded.length };
}

/** Encodes a State as it is sent. */
export function lineOf(folded: Folded): StateLine {
  const { tab, client, handler: { type, version }, events } = folded;
  return { tab, client, type, version, events, encoded: folded.encode() };
}

/** Keys, quotes, numbers and the end of a line. */
const AROUND_BYTES = 128;

/** An upper bound of a line's bytes; exact enough to be held against `exactFrom`, where it is near. */
function lineBytes({ tab, client = "", type, encoded }: StateLine, exactFrom: number): number {
  const around = AROUND_BYTES + 3 * (tab.length + client.length + type.length);
  if (encoded instanceof Uint8Array) return around + base64Length(encoded.length);
  const text = JSON.stringify(encoded);
  // A character of a string takes at most three bytes in UTF-8, and nearly always one.
  const bytes = around + 3 * text.length;
  return bytes <= exactFrom ? bytes : around + new TextEncoder().encode(text).length;
}
