// Decimals of 16 to 18 digits, as 1763890000.1234567 and 0.30000000000000004 print, to the nearest double without
// the platform's slow way through a string. T. J. Dekker, "A floating-point technique for extending the available
// precision", 1971, for the arithmetic; A. Ziv, "Fast evaluation of elementary mathematical functions", 1991, for
// the test that the rounding is certain.

const ZERO = 0x30;
/** Digits of each of the two halves: products of such stay below 2^63. */
const HALF_DIGITS = 9;
/** All that are exact doubles. */
export const POWERS_OF_TEN = Float64Array.from({ length: 22 + 1 }, (_, power) => Number(`1e${power}`));

/**
 * The double nearest to the digits in `bytes` from `start` to `end` (a point among them is passed over) times
 * 10^power; NaN where this can't be told: more than 18 digits, a power that is not from -22 to 0, and once in some
 * 10^13 numbers that lie too near to the middle between two doubles.
 */
export function nearestLong(
  bytes: Uint8Array,
  { start, end, power }: { readonly start: number; readonly end: number; readonly power: number },
): number {
  if (power > 0 || -power >= POWERS_OF_TEN.length) return NaN;
  let upper = 0;
  let lower = 0;
  let count = 0;
  for (let index = start; index < end; index++) {
    const digit = bytes[index] - ZERO;
    if (digit < 0) continue;
    if (count < HALF_DIGITS) upper = upper * 10 + digit;
    else lower = lower * 10 + digit;
    if (upper > 0) count++;
  }
  if (count > 2 * HALF_DIGITS) return NaN;
  // digits = high + low, exactly.
  const shift = POWERS_OF_TEN[Math.max(count - HALF_DIGITS, 0)];
  const high = upper * shift;
  const low = productError(upper, shift) + lower;
  const divisor = POWERS_OF_TEN[-power];
  const quotient = high / divisor;
  const rest = high - quotient * divisor - productError(quotient, divisor) + low;
  const correction = rest / divisor;
  // Far more than the error that is left in the correction.
  const doubt = quotient * 2 ** -96;
  const least = quotient + (correction - doubt);
  return least === quotient + (correction + doubt) ? least : NaN;
}

/** What rounding took from a · b: a · b = fl(a · b) + this, exactly. */
function productError(a: number, b: number): number {
  const aHigh = upperHalf(a);
  const aLow = a - aHigh;
  const bHigh = upperHalf(b);
  const bLow = b - bHigh;
  return aLow * bLow - (a * b - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** `a` with the upper half of its digits alone. */
function upperHalf(a: number): number {
  const spread = a * (2 ** 27 + 1);
  return spread - (spread - a);
}
