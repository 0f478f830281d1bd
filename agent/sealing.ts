// From States to lines ready to be sent, in parts that a server takes as one body. Nothing here knows of batches' ids,
// of compression or of sending.

import type { Folded, Folding } from "../core/folding.ts";
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
}

/** A Folding that is being taken apart. It belongs to this and is folded into no more. */
export class Sealing {
  readonly #options: SealingOptions;
  readonly #rest: Iterator<Folded>;
  #next: { readonly line: StateLine; readonly bytes: number } | undefined;
  #states: number;
  #events: number;

  constructor(folding: Folding, options: SealingOptions) {
    this.#options = options;
    this.#rest = folding[Symbol.iterator]();
    this.#states = folding.size;
    this.#events = folding.events;
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

  /** The next part; undefined where nothing is left. */
  take(): Part | undefined {
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
      this.#leave(line.events);
      this.#advance();
    }
    return lines.length === 0 ? undefined : { lines, bytes, events };
  }

  /** Encodes the next State that can be sent. */
  #advance(): void {
    this.#next = undefined;
    for (;;) {
      const next = this.#rest.next();
      if (next.done) return;
      const line = lineOf(next.value);
      const bytes = lineBytes(line, this.#options.lineBytesMax);
      if (bytes <= this.#options.lineBytesMax) {
        this.#next = { line, bytes };
        return;
      }
      this.#leave(line.events);
      this.#options.refuseLine(next.value, bytes);
    }
  }

  #leave(events: number): void {
    this.#states--;
    this.#events -= events;
  }
}

function lineOf({ tab, client, handler, state, events }: Folded): StateLine {
  return { tab, client, type: handler.type, version: handler.version, events, encoded: handler.encode(state) };
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
