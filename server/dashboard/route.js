// Which page the address names: `#/` with a search, `#/tab/<name>`, `#/cluster`.
// @ts-check
/// <reference lib="dom" />

/**
 * @typedef {{ readonly page: "tabs", readonly search: Search }
 *   | { readonly page: "tab", readonly name: string }
 *   | { readonly page: "cluster" }} Route
 * @typedef {{ readonly text: string, readonly isPattern: boolean }} Search
 */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function readRoute(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split("?", 2);
  if (path === "/cluster") return { page: "cluster" };
  if (path.startsWith("/tab/")) return { page: "tab", name: decode(path.slice("/tab/".length)) };
  const parameters = new URLSearchParams(query);
  return { page: "tabs", search: { text: parameters.get("q") ?? "", isPattern: parameters.get("re") === "1" } };
}

/** @param {string} name */
export function tabHash(name) {
  return `#/tab/${encodeURIComponent(name)}`;
}

/** @param {Search} search */
export function tabsHash({ text, isPattern }) {
  if (text === "" && !isPattern) return "#/";
  return `#/?q=${encodeURIComponent(text)}${isPattern ? "&re=1" : ""}`;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed a bare %
  }
}
