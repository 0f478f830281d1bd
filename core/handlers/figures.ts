// How the numbers of a rendered State are shown: the percentiles that all types share, and the text form.

import type { Json } from "../event.ts";

/** The percentiles of every `pct`. */
export const PERCENTILES = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const;

/** The windows of the numeric types, by name. */
export const WINDOWS = ["1m", "10m", "1h", "1d"] as const;

/** `{` and one entry a line, as every type's text form is laid out. */
export function layOut(entries: readonly (readonly [key: string, text: string])[]): string {
  if (entries.length === 0) return "{}";
  return `{\n${entries.map(([key, text]) => `${JSON.stringify(key)}: ${text}`).join(",\n")}}`;
}

/** `{"count": 3, "total": 7.50}` on one line. */
export function inline(entries: readonly (readonly [key: string, text: string])[]): string {
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}: ${text}`).join(", ")}}`;
}

export function list(texts: readonly string[]): string {
  return `[${texts.join(", ")}]`;
}

/** A number with two decimals, as in the original's text form. */
export function twoDecimals(value: number | null): string {
  if (value === null) return "null";
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text;
}

/** A number of any size: whole numbers as they are, others with at least four significant digits. */
export function significant(value: number | null): string {
  if (value === null) return "null";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 10 ? value.toFixed(2) : String(Number(value.toPrecision(4)));
}

/** An object whose keys may be any text, `__proto__` included. */
export function record(entries: Iterable<readonly [string, Json]>): { readonly [key: string]: Json } {
  return Object.fromEntries(entries);
}
