// The grammar of StatsD and DogStatsD, one line at a time: `name:value:value|type|@rate|#tag:value|T time|c:container`.

import type { LineRefusalCode } from "../refusal.ts";
import { NumberScan } from "./number_scan.ts";
import type { TabKey } from "./statsd_tabs.ts";

/** No UDP datagram is longer. */
export const DATAGRAM_BYTES_MAX = 65_535;
/** No line has more, those counted that turn out to be none. */
export const LINE_VALUES_MAX = DATAGRAM_BYTES_MAX;

/** What a line's type becomes. */
export const COUNTER = 0;
export const TIMER = 1;
export const GAUGE = 2;
export const SET = 3;

const NEWLINE = 0x0a;
const HASH = 0x23;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const AT = 0x40;
const UPPER_T = 0x54;
const UNDERSCORE = 0x5f;
const PIPE = 0x7c;
const [LOWER_C, LOWER_D, LOWER_E, LOWER_G, LOWER_H, LOWER_M, LOWER_S] = new TextEncoder().encode("cdeghms");

const NO_KIND = 0xff;
const KIND_BY_BYTE = new Uint8Array(256).fill(NO_KIND);
KIND_BY_BYTE[LOWER_C] = COUNTER;
KIND_BY_BYTE[LOWER_D] = KIND_BY_BYTE[LOWER_H] = KIND_BY_BYTE[LOWER_M] = TIMER;
KIND_BY_BYTE[LOWER_G] = GAUGE;
KIND_BY_BYTE[LOWER_S] = SET;

const EVENT = new TextEncoder().encode("_e{");
const SERVICE_CHECK = new TextEncoder().encode("_sc|");
const CARDINALITY = new TextEncoder().encode("card:");

/** Numbers as senders write them, which is more than JSON knows. Takes linear time: no two parts share digits. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

const ascii = new TextDecoder();

/** Reads the lines in `bytes`, each of which has a newline behind it. What it read last is in its fields. */
export class StatsdLine {
  /** Its name, tags and kind. */
  readonly key: TabKey = { nameStart: 0, nameEnd: 0, tagsStart: 0, tagsEnd: 0, kind: 0 };
  /** The first `count` are its values; of a set they mean nothing. */
  readonly values: Float64Array = new Float64Array(LINE_VALUES_MAX);
  count = 0;
  /** Where its values begin and end as they stand. */
  valuesStart = 0;
  valuesEnd = 0;
  /** In (0, 1]. */
  rate = 1;
  time = 0;
  /** Where its newline is. */
  end = 0;

  readonly #bytes: Uint8Array;
  readonly #number = new NumberScan();
  /** Where each value begins. */
  readonly #starts = new Int32Array(LINE_VALUES_MAX);
  #areNumbers = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads the line that begins at `start`, of the time `now` where it names none, and answers why it can't count. */
  read(start: number, now: number): LineRefusalCode | undefined {
    const bytes = this.#bytes;
    if (bytes[start] === UNDERSCORE && (this.#isAt(start, EVENT) || this.#isAt(start, SERVICE_CHECK))) {
      return "not_a_metric";
    }
    let at = this.#readName(start);
    if (bytes[at] !== COLON) return "line_malformed";
    at = this.#readValues(at + 1);
    if (bytes[at] !== PIPE) return "line_malformed";
    if (!this.#readType(at + 1)) return "type_unknown";
    this.rate = 1;
    this.time = now;
    this.key.tagsStart = this.key.tagsEnd = 0;
    while (bytes[this.end] === PIPE) {
      const refusal = this.#readField(this.end + 1);
      if (refusal !== undefined) return refusal;
    }
    const isSound = this.key.kind === SET ? this.valuesEnd > this.valuesStart : this.#areNumbers;
    return isSound ? undefined : "value_illegal";
  }

  /** Whether a gauge's value is to be added to the one before. */
  isDelta(index: number): boolean {
    const sign = this.#bytes[this.#starts[index]];
    return sign === PLUS || sign === MINUS;
  }

  #readName(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (!isSeparator(bytes[at])) at++;
    this.key.nameStart = start;
    this.key.nameEnd = at;
    return at;
  }

  #readValues(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    let count = 0;
    let areNumbers = true;
    for (;; at++) {
      this.#starts[count] = at;
      const value = this.#readNumber(at);
      areNumbers &&= Number.isFinite(value);
      this.values[count++] = value;
      at = this.end;
      if (bytes[at] !== COLON) break;
    }
    this.count = count;
    this.#areNumbers = areNumbers;
    this.valuesStart = start;
    this.valuesEnd = at;
    return at;
  }

  /** The number from `start` to the next separator, which becomes the `end`; NaN where there is another text. */
  #readNumber(start: number): number {
    const bytes = this.#bytes;
    const hasPlus = bytes[start] === PLUS && bytes[start + 1] !== MINUS;
    const value = this.#number.read(bytes, hasPlus ? start + 1 : start);
    let at = this.#number.end;
    if (!Number.isNaN(value) && isSeparator(bytes[at])) {
      this.end = at;
      return value;
    }
    while (!isSeparator(bytes[at])) at++;
    this.end = at;
    const text = ascii.decode(bytes.subarray(start, at));
    return NUMBER.test(text) ? Number(text) : NaN;
  }

  #readType(start: number): boolean {
    const kind = KIND_BY_BYTE[this.#bytes[start]];
    this.key.kind = kind;
    // Of the types only `ms` has two characters.
    this.end = this.#bytes[start] !== LOWER_M ? start + 1 : this.#bytes[start + 1] === LOWER_S ? start + 2 : start;
    const byte = this.#bytes[this.end];
    return kind !== NO_KIND && (byte === PIPE || byte === NEWLINE);
  }

  /** Reads one field behind the type; its `end` becomes the line's until the next is read. */
  #readField(start: number): LineRefusalCode | undefined {
    const { key } = this;
    switch (this.#bytes[start]) {
      case HASH:
        if (key.tagsStart !== 0) return "line_malformed";
        this.#skipField(start);
        key.tagsStart = start + 1;
        key.tagsEnd = this.end;
        break;
      case AT:
        this.rate = this.#readNumber(start + 1);
        if (!(this.rate > 0 && this.rate <= 1)) return "value_illegal";
        break;
      case UPPER_T:
        this.time = this.#readNumber(start + 1);
        if (!(this.time >= 0 && this.time < Infinity)) return "time_illegal";
        break;
      case LOWER_C: // c:, the sender's container, and card:, which tags Datadog should add
        if (this.#bytes[start + 1] !== COLON && !this.#isAt(start, CARDINALITY)) return "line_malformed";
        this.#skipField(start);
        break;
      case LOWER_E: // e:, where the sender comes from
        if (this.#bytes[start + 1] !== COLON) return "line_malformed";
        this.#skipField(start);
        break;
      default:
        this.end = start; // what is there is malformed, unless nothing is
    }
    const byte = this.#bytes[this.end];
    return byte === PIPE || byte === NEWLINE ? undefined : "line_malformed";
  }

  #skipField(start: number): void {
    let at = start;
    while (this.#bytes[at] !== PIPE && this.#bytes[at] !== NEWLINE) at++;
    this.end = at;
  }

  #isAt(at: number, expected: Uint8Array): boolean {
    return expected.every((byte, index) => this.#bytes[at + index] === byte);
  }
}

function isSeparator(byte: number): boolean {
  return byte === COLON || byte === PIPE || byte === NEWLINE;
}
