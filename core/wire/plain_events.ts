// The inmost loop of the wire: numeric events of the plainest form, one after another.

import type { Columns } from "./columns.ts";
import { nearestLong, POWERS_OF_TEN } from "./long_decimal.ts";

const SPACE = 0x20;
const COMMA = 0x2c;
const DOT = 0x2e;
const ZERO = 0x30;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const EXACT_BELOW = 2 ** 53;
/** By the length of a fraction with its point; a point without digits makes NaN. */
const DIVISORS = Float64Array.of(1, NaN, ...POWERS_OF_TEN.subarray(1));

export interface PlainEventsOptions {
  readonly start: number;
  readonly columns: Columns;
  /** Events that are in the columns already. */
  readonly count: number;
}

/** Reads events out of bytes. Behind the last one there must be a byte that can't belong to one. */
export class PlainEvents {
  /** Where the last event read ended. */
  end = 0;

  /**
   * Reads events `[time,value]` of numbers without sign and exponent into the columns, one after another while there
   * are such and room for them, and answers how many are there then. A space may follow each comma.
   *
   * See number_scan.ts for why the division is exact. Here the reader spends its time: so nothing is called, and the
   * same loop is written out four times, each with its own habits for the processor to learn. That is twice as fast.
   */
  read(bytes: Uint8Array, options: PlainEventsOptions): number {
    const { start, columns: { times, values } } = options;
    let { count } = options;
    let at = start;
    while (bytes[at] === OPEN_ARRAY && count < times.length) {
      let first = ++at;
      let digits = 0;
      for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) {
        digits = digits * 10 + digit;
      }
      let point = at;
      if (bytes[at] === DOT) {
        for (let digit = bytes[++at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) {
          digits = digits * 10 + digit;
        }
      }
      if (bytes[at] !== COMMA || point === first || bytes[first] === ZERO && point > first + 1) break;
      const time = digits < EXACT_BELOW && at - point < DIVISORS.length
        ? digits / DIVISORS[at - point]
        : long(bytes, { first, point, end: at });

      if (bytes[++at] === SPACE) at++;
      first = at;
      digits = 0;
      for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) {
        digits = digits * 10 + digit;
      }
      point = at;
      if (bytes[at] === DOT) {
        for (let digit = bytes[++at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) {
          digits = digits * 10 + digit;
        }
      }
      if (bytes[at] !== CLOSE_ARRAY || point === first || bytes[first] === ZERO && point > first + 1) break;
      const value = digits < EXACT_BELOW && at - point < DIVISORS.length
        ? digits / DIVISORS[at - point]
        : long(bytes, { first, point, end: at });

      if (Number.isNaN(time) || Number.isNaN(value)) break;
      times[count] = time;
      values[count] = value;
      count++;
      this.end = ++at;
      if (bytes[at] !== COMMA) break;
      if (bytes[++at] === SPACE) at++;
    }
    return count;
  }
}

/** A number of many digits; NaN where this can't be told here. */
function long(
  bytes: Uint8Array,
  { first, point, end }: { readonly first: number; readonly point: number; readonly end: number },
): number {
  if (end === point + 1) return NaN;
  return nearestLong(bytes, { start: first, end, power: end === point ? 0 : point + 1 - end });
}
