// JSON numbers straight from bytes to doubles, equal to the bit to what JSON.parse gives.
// William D. Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990: a decimal whose digits are below
// 2^53 and whose power of ten is at most 10^22 needs one correctly rounded operation, since both are exact doubles.

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

const EXACT_DIGITS_BELOW = 2 ** 53;
const EXACT_POWER_MAX = 22;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_POWER_MAX + 1 }, (_, power) => Number(`1e${power}`));

const ascii = new TextDecoder();

/** Reads numbers out of bytes; a byte that can't belong to a number must follow in the array. */
export class NumberScan {
  /** Where the number read last ended. */
  end = 0;

  /** The number that begins at `at`; NaN where none does, infinite where it is out of range. */
  read(bytes: Uint8Array, at: number): number {
    let index = at;
    const isNegative = bytes[index] === MINUS;
    if (isNegative) index++;
    let digit = bytes[index] - ZERO;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    // Sums up exactly as long as it stays below 2^53, and never falls below that again.
    let digits = digit;
    const isZero = digit === 0;
    digit = bytes[++index] - ZERO;
    if (isZero && digit >= 0 && digit <= 9) return NaN;
    while (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
      digit = bytes[++index] - ZERO;
    }
    let power = 0;
    if (bytes[index] === DOT) {
      const first = ++index;
      digit = bytes[index] - ZERO;
      while (digit >= 0 && digit <= 9) {
        digits = digits * 10 + digit;
        digit = bytes[++index] - ZERO;
      }
      if (index === first) return NaN;
      power = first - index;
    }
    if (bytes[index] === LOWER_E || bytes[index] === UPPER_E) {
      const exponent = this.#readExponent(bytes, index + 1);
      if (Number.isNaN(exponent)) return NaN;
      power += exponent;
      index = this.end;
    }
    this.end = index;
    if (digits < EXACT_DIGITS_BELOW) {
      if (power <= 0 && power >= -EXACT_POWER_MAX) {
        const value = digits / POWERS_OF_TEN[-power];
        return isNegative ? -value : value;
      }
      if (power > 0 && power <= EXACT_POWER_MAX) {
        const value = digits * POWERS_OF_TEN[power];
        return isNegative ? -value : value;
      }
    }
    return Number(ascii.decode(bytes.subarray(at, index)));
  }

  #readExponent(bytes: Uint8Array, at: number): number {
    let index = at;
    const sign = bytes[index];
    if (sign === PLUS || sign === MINUS) index++;
    const first = index;
    let exponent = 0;
    let digit = bytes[index] - ZERO;
    while (digit >= 0 && digit <= 9) {
      exponent = exponent * 10 + digit;
      digit = bytes[++index] - ZERO;
    }
    this.end = index;
    if (index === first) return NaN;
    return sign === MINUS ? -exponent : exponent;
  }
}
