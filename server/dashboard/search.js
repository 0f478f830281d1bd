// Which tabs there are, and which of them a search finds: all words in the name, or a regular expression.
// @ts-check
/// <reference lib="dom" />

import { fields, get, getText } from "./api.js";

/** @typedef {{ names: readonly string[], typeByName: ReadonlyMap<string, string>, answer: string }} Tabs names: sorted */

/**
 * All tabs; `known` itself where they are the same, which costs next to nothing.
 * @param {Tabs | undefined} known
 * @param {AbortSignal} signal
 * @returns {Promise<Tabs>}
 */
export async function allTabs(known, signal) {
  const answer = await getText("/types", signal);
  if (answer === known?.answer) return known;
  const typeByName = new Map(Object.entries(fields(JSON.parse(answer))).map(([name, type]) => [name, String(type)]));
  return { names: [...typeByName.keys()].sort(), typeByName, answer };
}

/**
 * @param {import("./route.js").Search} search
 * @param {{ all: Tabs, signal: AbortSignal }} options
 * @returns {Promise<readonly string[]>}
 */
export async function find({ text, isPattern }, { all, signal }) {
  if (text.trim() === "") return all.names;
  if (isPattern) {
    // The server matches whole names; it takes linear time whatever the pattern, which no browser promises.
    const found = await get(`/names?re=1&name=${encodeURIComponent(`.*(?:${text}).*`)}`, { signal });
    return Array.isArray(found) ? found.map(String).sort() : [];
  }
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return all.names.filter((name) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}
