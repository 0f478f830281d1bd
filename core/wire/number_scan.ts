// JSON numbers straight from bytes to doubles, equal to the bit to what JSON.parse gives.
// William D. Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990: where the digits as a whole number
// are below 2^53 and the power of ten is at most 10^22, both are exact doubles, and one operation rounds correctly.

import { nearestLong, POWERS_OF_TEN } from "./long_decimal.ts";

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

/** Digits that an int32 holds, whatever they are. */
const INT32_DIGITS = 9;
const EXACT_BELOW = 2 ** 53;
const EXACT_POWER_MAX = POWERS_OF_TEN.length - 1;

const ascii = new TextDecoder();

/** Reads numbers out of bytes. Behind the last number there must be a byte that can't belong to one. */
export class NumberScan {
  /** Where the number read last ended. */
  end = 0;

  /** The number that begins at `at`: NaN where none does, infinite where it is out of range. */
  read(bytes: Uint8Array, at: number): number {
    const isNegative = bytes[at] === MINUS;
    const first = isNegative ? at + 1 : at;
    let digits = this.#digits(bytes, first);
    const length = this.end - first;
    if (length === 0 || length > 1 && bytes[first] === ZERO) return NaN;
    let power = 0;
    if (bytes[this.end] === DOT) {
      const start = this.end + 1;
      const fraction = this.#digits(bytes, start);
      power = start - this.end;
      if (power === 0) return NaN;
      // Once a step goes beyond 2^53 and is rounded, the sum never comes out below it again.
      digits = power >= -EXACT_POWER_MAX ? digits * POWERS_OF_TEN[-power] + fraction : Infinity;
    }
    const digitsEnd = this.end;
    if (bytes[digitsEnd] === LOWER_E || bytes[digitsEnd] === UPPER_E) {
      const exponent = this.#exponent(bytes, digitsEnd + 1);
      if (Number.isNaN(exponent)) return NaN;
      power += exponent;
    }
    let value = scale(digits, power);
    if (Number.isNaN(value)) value = nearestLong(bytes, { start: first, end: digitsEnd, power });
    if (Number.isNaN(value)) return Number(ascii.decode(bytes.subarray(at, this.end)));
    return isNegative ? -value : value;
  }

  /** The digits from `at` on as a whole number, exact where it is below 2^53; 0 where there are none. */
  #digits(bytes: Uint8Array, at: number): number {
    let index = at;
    let digit = bytes[index] - ZERO;
    let short = 0;
    const shortEnd = at + INT32_DIGITS;
    while (digit >= 0 && digit <= 9 && index < shortEnd) {
      short = (Math.imul(short, 10) + digit) | 0;
      digit = bytes[++index] - ZERO;
    }
    let value = short;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = bytes[++index] - ZERO;
    }
    this.end = index;
    return value;
  }

  #exponent(bytes: Uint8Array, at: number): number {
    const sign = bytes[at];
    const first = sign === PLUS || sign === MINUS ? at + 1 : at;
    const exponent = this.#digits(bytes, first);
    if (this.end === first) return NaN;
    return sign === MINUS ? -exponent : exponent;
  }
}

/** digits · 10^power in one exact operation; NaN where that takes more than one. */
function scale(digits: number, power: number): number {
  if (digits >= EXACT_BELOW) return NaN;
  // -0 as an index throws V8's optimized code away, each time anew.
  if (power === 0) return digits;
  if (power < 0 && power >= -EXACT_POWER_MAX) return digits / POWERS_OF_TEN[-power];
  if (power > 0 && power <= EXACT_POWER_MAX) return digits * POWERS_OF_TEN[power];
  return NaN;
}
