// How counts and totals add up: like numbers, but never beyond what stays exact or finite.

/** Counts saturate here: the last whole number up to which counting is exact. */
export const COUNT_MAX = Number.MAX_SAFE_INTEGER;

export function addCounts(a: number, b: number): number {
  return Math.min(a + b, COUNT_MAX);
}

/** Totals saturate at the greatest double, so that they stay numbers whatever is added. */
export function addTotals(a: number, b: number): number {
  return Math.min(Math.max(a + b, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/** The sum of `values[from]` to `values[to - 1]`. */
export function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let index = from; index < to; index++) total += values[index];
  if (Number.isFinite(total)) return total;
  // Infinity, or NaN where it met the other one: add again with care.
  total = 0;
  for (let index = from; index < to; index++) total = addTotals(total, values[index]);
  return total;
}
