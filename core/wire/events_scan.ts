// The fast way for lines that come in masses: a tab, perhaps its type and client, and numeric events, scanned at
// the level of bytes into columns. Whatever looks different in any way is left to line_parser.ts, which defines
// what a line is: where both can read a line they give the same.

import { DEFAULT_TYPE, type Line } from "../event.ts";
import { limits } from "../limits.ts";
import { nameProblem } from "../names.ts";
import type { LinePlace } from "./line_parser.ts";
import { NumberScan } from "./number_scan.ts";

const TAB = 0x09;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LOWER_N = 0x6e;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const IS_IN_NAMES = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte < 128 && nameProblem(String.fromCharCode(byte)) === undefined ? 1 : 0;
});

const KEY_TAB = new TextEncoder().encode('"tab"');
const KEY_TYPE = new TextEncoder().encode('"type"');
const KEY_CLIENT = new TextEncoder().encode('"client"');
const KEY_EVENTS = new TextEncoder().encode('"events"');
const NULL = new TextEncoder().encode("null");

const ascii = new TextDecoder();

/** Scans lines of raw numeric events. One for each reader: it keeps its place while it scans. */
export class EventsScan {
  readonly #number = new NumberScan();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #count = 0;

  /**
   * The line in `bytes` from `start` to `end`, behind which there must be a newline; undefined where it is none of
   * this form.
   */
  read(bytes: Uint8Array, range: { readonly start: number; readonly end: number }, place: LinePlace): Line | undefined {
    this.#bytes = bytes;
    this.#at = range.start;
    if (!this.#take(OPEN_OBJECT) || !this.#takeKey(KEY_TAB)) return undefined;
    const tab = this.#name();
    if (tab === undefined || !this.#take(COMMA)) return undefined;
    let type: string | undefined = DEFAULT_TYPE;
    if (this.#takeKey(KEY_TYPE)) {
      type = this.#name();
      if (type === undefined || !this.#take(COMMA)) return undefined;
    }
    let client: string | undefined = place.client;
    if (this.#takeKey(KEY_CLIENT)) {
      client = this.#name();
      if (client === undefined || !this.#take(COMMA)) return undefined;
    }
    if (!this.#takeKey(KEY_EVENTS) || !this.#takeEvents(place)) return undefined;
    if (!this.#take(CLOSE_OBJECT) || this.#at !== range.end) return undefined;
    return { number: place.number, tab, client, type, payload: place.columns.events(this.#count) };
  }

  /** Moves past one byte and the white space behind it. */
  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at = skipSpace(this.#bytes, this.#at + 1);
    return true;
  }

  #takeKey(key: Uint8Array): boolean {
    const start = this.#at;
    for (let index = 0; index < key.length; index++) {
      if (this.#bytes[start + index] !== key[index]) return false;
    }
    this.#at = skipSpace(this.#bytes, start + key.length);
    return this.#take(COLON);
  }

  #name(): string | undefined {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return undefined;
    const start = this.#at + 1;
    let end = start;
    while (IS_IN_NAMES[bytes[end]] === 1) end++;
    if (end === start || end - start > limits.nameCharactersMax || bytes[end] !== QUOTE) return undefined;
    this.#at = skipSpace(bytes, end + 1);
    return ascii.decode(bytes.subarray(start, end));
  }

  #takeEvents({ columns }: LinePlace): boolean {
    const bytes = this.#bytes;
    const number = this.#number;
    let { times, values } = columns;
    let count = 0;
    if (!this.#take(OPEN_ARRAY)) return false;
    let at = this.#at;
    while (bytes[at] === OPEN_ARRAY) {
      if (count === times.length) {
        columns.grow();
        ({ times, values } = columns);
      }
      at = skipSpace(bytes, at + 1);
      let time = NaN;
      let value: number;
      if (bytes[at] === LOWER_N) {
        if (bytes[at + 1] !== NULL[1] || bytes[at + 2] !== NULL[2] || bytes[at + 3] !== NULL[3]) return false;
        at = skipSpace(bytes, at + 4);
        if (bytes[at] !== COMMA) return false;
        value = number.read(bytes, skipSpace(bytes, at + 1));
      } else {
        value = number.read(bytes, at);
        at = skipSpace(bytes, number.end);
        if (bytes[at] === COMMA) {
          time = value;
          if (!Number.isFinite(time)) return false;
          value = number.read(bytes, skipSpace(bytes, at + 1));
        }
      }
      if (!Number.isFinite(value)) return false;
      at = skipSpace(bytes, number.end);
      if (bytes[at] !== CLOSE_ARRAY) return false;
      times[count] = time;
      values[count] = value;
      count++;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== COMMA) break;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== OPEN_ARRAY) return false;
    }
    this.#at = at;
    this.#count = count;
    return this.#take(CLOSE_ARRAY);
  }
}

/** Where the white space of JSON that begins at `at` ends; the newline that ends a line is none. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  while (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === RETURN) at++;
  return at;
}
