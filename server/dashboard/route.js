// Which page the address names: `#/` with a search, `#/tab/<name>`, `#/cluster`.
// @ts-check
/// <reference lib="dom" />

/**
 * @typedef {{ readonly page: "tabs", readonly search: Search }
 *   | { readonly page: "tab", readonly name: string }
 *   | { readonly page: "cluster" }} Route
 * @typedef {{ readonly text: string, readonly isPattern: boolean, readonly isBusiestFirst: boolean }} Search
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
  const text = parameters.get("q") ?? "";
  const [isPattern, isBusiestFirst] = [parameters.get("re") === "1", parameters.get("by") === "busiest"];
  return { page: "tabs", search: { text, isPattern, isBusiestFirst } };
}

/** @param {string} name */
export function tabHash(name) {
  return `#/tab/${encodeURIComponent(name)}`;
}

/** @param {Partial<Search>} search */
export function tabsHash({ text = "", isPattern = false, isBusiestFirst = false }) {
  const parameters = new URLSearchParams([
    ...text === "" ? [] : [["q", text]],
    ...isPattern ? [["re", "1"]] : [],
    ...isBusiestFirst ? [["by", "busiest"]] : [],
  ]);
  return parameters.size === 0 ? "#/" : `#/?${parameters}`;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed a bare %
  }
}
