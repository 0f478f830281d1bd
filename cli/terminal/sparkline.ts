// A row of points in time as a line of bars, each an eighth of a line higher than the one before.

const BARS = "▁▂▃▄▅▆▇█";

/** One character a value, from zero (or the lowest, below it) to the highest; a gap where there is no value. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  const low = known.reduce((a, b) => Math.min(a, b), 0);
  const high = known.reduce((a, b) => Math.max(a, b), low);
  return values.map((value) => value === undefined ? " " : barOf(value, low, high)).join("");
}

function barOf(value: number, low: number, high: number): string {
  if (high <= low) return BARS[0];
  const share = (value - low) / (high - low);
  // Whatever is more than nothing is seen to be.
  return BARS[share <= 0 ? 0 : Math.max(1, Math.round(share * (BARS.length - 1)))];
}
