// A tab's name taken apart: its base, and the tags behind it.
// @ts-check

/**
 * @param {string} name
 * @returns {{ base: string, tags: readonly { key: string, value: string, text: string }[] }} `text` as in the name
 */
export function parseTab(name) {
  const [base, ...pairs] = name.split(";");
  const tags = pairs.filter((pair) => pair.includes("=")).map((text) => {
    const equals = text.indexOf("=");
    return { key: unescape(text.slice(0, equals)), value: unescape(text.slice(equals + 1)), text };
  });
  return { base, tags };
}

/**
 * `~` and two hex digits stand for a byte of UTF-8.
 * @param {string} text
 */
function unescape(text) {
  try {
    return decodeURIComponent(text.replace(/%/g, "%25").replace(/~([0-9A-Fa-f]{2})/g, "%$1"));
  } catch {
    return text; // others may have written a `~` that means nothing
  }
}
