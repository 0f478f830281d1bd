// Numbers for people: counts in full, rates and totals in a few digits, durations in the unit that fits.

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** A whole number with its thousands apart. */
export function formatCount(count: number): string {
  return Number.isInteger(count) ? String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",") : formatNumber(count);
}

/** Any number with at most four digits that count, as in 571.6, 12.35k and 3.2M. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  if (size < 10_000) return String(Number(value.toPrecision(4)));
  const power = Math.min(Math.floor(Math.log10(size) / 3), PREFIXES.length - 1);
  return `${Number((value / 1000 ** power).toPrecision(4))}${PREFIXES[power]}`;
}

/** A duration of some microseconds up to some days. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return "0 s";
  const shown = short(seconds); // a duration is in the unit of what it is rounded to: 1 ms, not 1000 µs
  if (shown < 0.001) return `${short(seconds * 1e6)} µs`;
  if (shown < 1) return `${short(seconds * 1000)} ms`;
  if (shown < 120) return `${shown} s`;
  const minutes = Math.floor(Math.max(seconds, shown) / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function short(value: number): number {
  return Number(value.toPrecision(3));
}

export function formatBytes(bytes: number): string {
  return `${formatNumber(bytes)}B`;
}

/** `1 tab`, `2 tabs`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}
