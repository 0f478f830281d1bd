// What a type's handler renders, told by its shape, so that types of one's own are shown as well as they can be.
// @ts-check

import { fields, numberOf, textOf } from "./api.js";
import { count, counted, number, plain } from "./format.js";

export const WINDOWS = /** @type {const} */ (["1m", "10m", "1h", "1d"]);
export const WINDOW_TEXTS =
  /** @type {const} */ ({ "1m": "1 minute", "10m": "10 minutes", "1h": "1 hour", "1d": "1 day" });
export const PERCENTILES = /** @type {const} */ (["25", "50", "75", "90", "95", "99", "99.9"]);

/**
 * @typedef {typeof WINDOWS[number]} WindowName
 * @typedef {readonly (number | null)[]} Percentiles
 * @typedef {{ readonly count: number, readonly total: number, readonly pct: Percentiles | undefined }} Figures
 * @typedef {{ kind: "windows", windows: Readonly<Record<WindowName, Figures>>, pct: Percentiles | undefined }
 *   | { kind: "totals", figures: Figures }
 *   | { kind: "holders", holders: readonly { value: string, clients: number }[] }
 *   | { kind: "entries", entries: readonly { value: unknown, time: number }[] }
 *   | { kind: "trouble", message: string }
 *   | { kind: "other", value: unknown }} Shown
 */

/**
 * @param {unknown} value
 * @returns {Shown}
 */
export function readValue(value) {
  if (Array.isArray(value)) return readEntries(value);
  if (typeof value !== "object" || value === null) return { kind: "other", value };
  const given = fields(value);
  const error = textOf(given.error);
  if (error !== undefined) return { kind: "trouble", message: error };
  const figures = readFigures(given);
  if (figures !== undefined) return { kind: "totals", figures };
  return readWindows(given) ?? readHolders(given) ?? { kind: "other", value };
}

/**
 * Its percentiles: those of each window, or of the whole, or none.
 * @param {Shown} shown
 * @returns {readonly Percentiles[]}
 */
export function percentilesOf(shown) {
  if (shown.kind === "totals") return shown.figures.pct === undefined ? [] : [shown.figures.pct];
  if (shown.kind !== "windows") return [];
  if (shown.pct !== undefined) return [shown.pct];
  const ofWindows = WINDOWS.map((name) => shown.windows[name].pct ?? []);
  return ofWindows.every((pct) => pct.length > 0) ? ofWindows : [];
}

/**
 * Everything of a value in one line.
 * @param {Shown} shown
 * @returns {string}
 */
export function summary(shown) {
  switch (shown.kind) {
    case "windows":
      return `${counted(shown.windows["1m"].count, "event")} in the last minute`;
    case "totals":
      return `${counted(shown.figures.count, "event")}, total ${number(shown.figures.total)}`;
    case "holders":
      return shown.holders.map(({ value, clients }) => clients === 1 ? value : `${value} × ${count(clients)}`).join(
        ", ",
      );
    case "entries":
      return shown.entries.length === 0 ? "" : `${count(shown.entries.length)}: ${plain(shown.entries[0].value)}`;
    case "trouble":
      return shown.message;
    case "other":
      return shown.value === undefined || shown.value === null ? "" : plain(shown.value);
  }
}

/**
 * @param {unknown} value
 * @returns {Figures | undefined}
 */
function readFigures(value) {
  const given = fields(value);
  const count = numberOf(given.count);
  const total = numberOf(given.total);
  if (count === undefined || total === undefined) return undefined;
  return { count, total, pct: readPercentiles(given.pct) };
}

/**
 * @param {import("./api.js").Fields} given
 * @returns {Shown | undefined}
 */
function readWindows(given) {
  const [minute, tenMinutes, hour, day] = WINDOWS.map((name) => readFigures(given[name]));
  if (!minute || !tenMinutes || !hour || !day) return undefined;
  const windows = { "1m": minute, "10m": tenMinutes, "1h": hour, "1d": day };
  return { kind: "windows", windows, pct: readPercentiles(given.pct) };
}

/**
 * @param {import("./api.js").Fields} given
 * @returns {Shown | undefined}
 */
function readHolders(given) {
  /** @type {{ value: string, clients: number }[]} */
  const holders = [];
  for (const [value, clients] of Object.entries(given)) {
    if (typeof clients !== "number") return undefined;
    holders.push({ value, clients });
  }
  return { kind: "holders", holders: holders.sort((a, b) => b.clients - a.clients) };
}

/**
 * @param {readonly unknown[]} values
 * @returns {Shown}
 */
function readEntries(values) {
  /** @type {{ value: unknown, time: number }[]} */
  const entries = [];
  for (const pair of values) {
    if (!Array.isArray(pair) || typeof pair[1] !== "number") return { kind: "other", value: values };
    entries.push({ value: pair[0], time: pair[1] });
  }
  return { kind: "entries", entries };
}

/**
 * @param {unknown} value
 * @returns {Percentiles | undefined}
 */
export function readPercentiles(value) {
  return Array.isArray(value) ? value.map((one) => numberOf(one) ?? null) : undefined;
}
