// Which tabs a search finds: all words in the name, or a regular expression that the server matches.
// @ts-check
/// <reference lib="dom" />

import { getTypes } from "./api.js";

/**
 * @typedef {{ names: readonly string[], typeByName: ReadonlyMap<string, string> }} Tabs
 */

/**
 * @param {import("./route.js").Search} search
 * @param {{ all: Tabs, signal: AbortSignal }} options
 * @returns {Promise<readonly string[]>}
 */
export async function find({ text, isPattern }, { all, signal }) {
  if (text.trim() === "") return all.names;
  if (isPattern) return (await getTypes({ pattern: text, signal })).names;
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return all.names.filter((name) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}
