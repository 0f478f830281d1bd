// Numbers, times and durations as people read them.
// @ts-check

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dateAndClock = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const NOTHING = "–";

/**
 * A count: all its digits as long as they are few.
 * @param {number} value
 */
export function count(value) {
  return value < 1e6 ? whole.format(value) : compact.format(value);
}

/**
 * "1 event", "2,000 events".
 * @param {number} value
 * @param {string} word what is counted, as of one
 */
export function counted(value, word) {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/**
 * Any number, short.
 * @param {number | null | undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= 1e15 || (size < 1e-4 && size > 0)) return value.toExponential(3);
  if (size >= 1e6) return compact.format(value);
  if (size >= 1000) return whole.format(value);
  return fine.format(value);
}

/** @param {number} value */
export function bytes(value) {
  for (const [unit, size] of /** @type {const} */ ([["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]])) {
    if (value >= size) return `${fine.format(Math.round(value / size * 10) / 10)} ${unit}`;
  }
  return `${whole.format(value)} B`;
}

/**
 * A duration in seconds: "3 ms", "2.4 s", "5 min", "3 h 20 min", "4 d 2 h".
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${fine.format(Math.round(seconds * 1e7) / 10)} µs`;
  if (seconds < 1) return `${fine.format(Math.round(seconds * 1e4) / 10)} ms`;
  if (seconds < 60) return `${fine.format(Math.round(seconds * 10) / 10)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

/** @param {number} time in seconds since the epoch */
export function timeOfDay(time) {
  return clock.format(time * 1000);
}

/**
 * A mark of a time axis: with seconds where marks are closer than a minute.
 * @param {number} time in seconds since the epoch
 * @param {number} stepS
 */
export function timeMark(time, stepS) {
  return stepS < 60 ? timeOfDay(time) : timeOfDay(time).slice(0, -":00".length);
}

/** @param {number} time in seconds since the epoch */
export function dateAndTime(time) {
  return Number.isFinite(time) && Math.abs(time) < 8e12 ? dateAndClock.format(time * 1000) : NOTHING;
}

/**
 * Any JSON as a text.
 * @param {unknown} value
 */
export function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
