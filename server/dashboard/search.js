// Which tabs there are, and which of them a search finds, in which order: by all words in the name, or by a regular
// expression.
// @ts-check
/// <reference lib="dom" />

import { fields, get, getDetailedText, WHOLE } from "./api.js";

/** @typedef {{ names: readonly string[], typeByName: ReadonlyMap<string, string>, rows: string }} Tabs names: sorted */

const ROWS = '"rows":';

/**
 * All tabs; `known` itself where they are the same, which costs next to nothing, or where some can't be read now.
 * @param {Tabs | undefined} known
 * @param {AbortSignal} signal
 * @returns {Promise<Tabs>}
 */
export async function allTabs(known, signal) {
  const answer = await getDetailedText("/types", signal);
  // What stands before them is when they were read.
  const rows = answer.slice(answer.indexOf(ROWS));
  if (known !== undefined && (rows === known.rows || !answer.endsWith(WHOLE))) return known;
  const types = Object.entries(fields(fields(JSON.parse(answer)).rows));
  const typeByName = new Map(types.map(([name, type]) => [name, String(type)]));
  return { names: [...typeByName.keys()].sort(), typeByName, rows };
}

/** The most that /top names. */
const BUSIEST_MAX = 1000;

/**
 * @param {import("./route.js").Search} search
 * @param {{ all: Tabs, signal: AbortSignal }} options
 * @returns {Promise<readonly string[]>}
 */
export async function find({ text, isPattern, isBusiestFirst }, { all, signal }) {
  // The server matches whole names; it takes linear time whatever the pattern, which no browser promises.
  const pattern = isPattern && text !== "" ? `&re=1&name=${encodeURIComponent(`.*(?:${text}).*`)}` : "";
  const words = isPattern ? [] : text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const names = isBusiestFirst
    ? await busiest(pattern, signal)
    : pattern !== ""
    ? await matching(pattern, signal)
    : all.names;
  if (words.length === 0) return names;
  return names.filter((name) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}

/**
 * @param {string} pattern
 * @param {AbortSignal} signal
 */
async function matching(pattern, signal) {
  const names = await get(`/names?${pattern.slice(1)}`, { signal });
  return Array.isArray(names) ? names.map(String).sort() : [];
}

/**
 * Those with the most events in the last minute.
 * @param {string} pattern
 * @param {AbortSignal} signal
 */
async function busiest(pattern, signal) {
  const { rows } = fields(await get(`/top?of=tabs&window=1m&by=count&limit=${BUSIEST_MAX}${pattern}`, { signal }));
  return Array.isArray(rows) ? rows.map((row) => String(fields(row).name)) : [];
}
