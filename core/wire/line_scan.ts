// The fast way for the lines that come in masses, numeric events and States in bytes as ndjson_writer.ts writes
// them, scanned without JSON.parse. Whatever looks different in any way is left to line_parser.ts, which defines
// what a line is: where both can read a line they give the same.

import { DEFAULT_TYPE, type Line, type Payload } from "../event.ts";
import { limits } from "../limits.ts";
import { nameProblem } from "../names.ts";
import type { Base64Decoder } from "./base64.ts";
import type { Columns } from "./columns.ts";
import { isCount } from "./json.ts";
import type { LinePlace } from "./line_parser.ts";
import { NumberScan } from "./number_scan.ts";
import { PlainEvents } from "./plain_events.ts";

const TAB = 0x09;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const IS_IN_NAMES = Uint8Array.from({ length: 256 }, (_, byte) => {
  return nameProblem(String.fromCharCode(byte)) === undefined ? 1 : 0;
});

const utf8 = new TextEncoder();
const KEY_TAB = utf8.encode('"tab"');
const KEY_TYPE = utf8.encode('"type"');
const KEY_CLIENT = utf8.encode('"client"');
const KEY_EVENTS = utf8.encode('"events"');
const KEY_N = utf8.encode('"n"');
const KEY_V = utf8.encode('"v"');
const KEY_STATE = utf8.encode('"state"');
const NULL = utf8.encode("null");

const ascii = new TextDecoder();

/** Scans lines. One for each reader: it keeps its place while it scans. */
export class LineScan {
  readonly #number = new NumberScan();
  readonly #plain = new PlainEvents();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  // Of the line before, since most lines of a batch have the same and to compare is cheaper than to decode.
  #type = DEFAULT_TYPE;
  #client = "";

  /** The line that begins at `start` and has a newline at `end`; undefined where it is none that can be scanned. */
  read(bytes: Uint8Array, range: { readonly start: number; readonly end: number }, place: LinePlace): Line | undefined {
    this.#bytes = bytes;
    this.#at = range.start;
    this.#end = range.end;
    if (!this.#take(OPEN_OBJECT) || !this.#takeKey(KEY_TAB)) return undefined;
    const tab = this.#name("");
    let type: string | undefined = DEFAULT_TYPE;
    let client: string | undefined = place.client;
    if (this.#takeNextKey(KEY_TYPE)) type = this.#name(this.#type);
    if (this.#takeNextKey(KEY_CLIENT)) client = this.#name(this.#client);
    if (tab === undefined || type === undefined || client === undefined) return undefined;
    this.#type = type;
    this.#client = client;
    const payload = this.#takeNextKey(KEY_EVENTS) ? this.#events(place.columns) : this.#state(place.base64);
    if (payload === undefined || !this.#take(CLOSE_OBJECT) || this.#at !== this.#end) return undefined;
    return { number: place.number, tab, client, type, payload };
  }

  /** Moves past one byte and the white space behind it. */
  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at = skipSpace(this.#bytes, this.#at + 1);
    return true;
  }

  /** Moves past a word and the white space behind it, if it is this one. */
  #takeWord(word: Uint8Array): boolean {
    const start = this.#at;
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[start + index] !== word[index]) return false;
    }
    this.#at = skipSpace(this.#bytes, start + word.length);
    return true;
  }

  #takeKey(key: Uint8Array): boolean {
    return this.#takeWord(key) && this.#take(COLON);
  }

  /** As `takeKey`, with the comma before it; moves nowhere where it is another. */
  #takeNextKey(key: Uint8Array): boolean {
    const start = this.#at;
    if (this.#take(COMMA) && this.#takeKey(key)) return true;
    this.#at = start;
    return false;
  }

  /** A legal name in quotes; `expected` itself if it is that one. */
  #name(expected: string): string | undefined {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return undefined;
    const start = this.#at + 1;
    let end = start;
    while (IS_IN_NAMES[bytes[end]] === 1) end++;
    const length = end - start;
    if (length === 0 || length > limits.nameCharactersMax || bytes[end] !== QUOTE) return undefined;
    this.#at = skipSpace(bytes, end + 1);
    let same = 0;
    if (length === expected.length) { while (bytes[start + same] === expected.charCodeAt(same)) same++; }
    return same === length ? expected : ascii.decode(bytes.subarray(start, end));
  }

  /** The keys of a State: how many events, in which version, and its bytes. */
  #state(base64: Base64Decoder): Payload | undefined {
    const count = this.#takeNextKey(KEY_N) ? this.#takeNumber() : 0;
    const version = this.#takeNextKey(KEY_V) ? this.#takeNumber() : 0;
    if (!isCount(count) || !isCount(version)) return undefined;
    if (!this.#takeNextKey(KEY_STATE) || this.#bytes[this.#at] !== QUOTE) return undefined;
    const start = this.#at + 1;
    const end = this.#bytes.indexOf(QUOTE, start);
    if (end < 0 || end > this.#end) return undefined;
    this.#at = skipSpace(this.#bytes, end + 1);
    // An escape in between is no base64.
    const encoded = base64.decode(ascii.decode(this.#bytes.subarray(start, end)));
    return encoded === undefined ? undefined : { kind: "state", encoded, version, count };
  }

  #events(columns: Columns): Payload | undefined {
    if (!this.#take(OPEN_ARRAY)) return undefined;
    let count = 0;
    if (this.#bytes[this.#at] !== CLOSE_ARRAY) {
      do {
        if (count === columns.times.length) columns.grow();
        const countBefore = count;
        count = this.#plain.read(this.#bytes, { start: this.#at, columns, count });
        if (count > countBefore) this.#at = skipSpace(this.#bytes, this.#plain.end);
        else if (!this.#event(columns, count++)) return undefined;
      } while (this.#take(COMMA));
    }
    return this.#take(CLOSE_ARRAY) ? columns.events(count) : undefined;
  }

  /** An event of any form. */
  #event({ times, values }: Columns, index: number): boolean {
    if (!this.#take(OPEN_ARRAY)) return false;
    const isUntimed = this.#takeWord(NULL);
    if (isUntimed && !this.#take(COMMA)) return false;
    const first = this.#takeNumber();
    const isTimed = !isUntimed && this.#take(COMMA);
    times[index] = isTimed ? first : NaN;
    values[index] = isTimed ? this.#takeNumber() : first;
    return Number.isFinite(first) && Number.isFinite(values[index]) && this.#take(CLOSE_ARRAY);
  }

  /** A number; NaN where there is none, and then no more can be taken. */
  #takeNumber(): number {
    const number = this.#number.read(this.#bytes, this.#at);
    this.#at = skipSpace(this.#bytes, this.#number.end);
    return number;
  }
}

/** Where the white space of JSON that begins at `at` ends; the newline that ends a line is none. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let index = at;
  while (bytes[index] === SPACE || bytes[index] === TAB || bytes[index] === RETURN) index++;
  return index;
}
