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
 * 10^power. NaN where this can't be told: for more than 18 digits, for a power that is not from -22 to 0, and for
 * what lies in the middle between two doubles or within some 2^-98 of it.
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
  // digits = high + low, exactly, with low at most half a unit in the last place of high.
  const shift = POWERS_OF_TEN[Math.max(count - HALF_DIGITS, 0)];
  const product = upper * shift;
  const tail = productError(upper, shift) + lower;
  const high = product + tail;
  const low = tail - (high - product);
  const divisor = POWERS_OF_TEN[-power];
  const quotient = high / divisor;
  const rest = high - quotient * divisor - productError(quotient, divisor) + low;
  const correction = rest / divisor;
  // The sum of both is within some 2^-103 of the true quotient: where it rounds the same a little below and a little
  // above, that is how the true one rounds.
  const doubt = quotient * 2 ** -98;
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
