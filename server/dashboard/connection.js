// Whether what is shown is live. Each source of figures says how it is doing; the header shows the worst of it.
// @ts-check
/// <reference lib="dom" />

import { part, setText } from "./dom.js";

/** @type {Map<string, string>} */
const troubleBySource = new Map();
let isHeard = false;

/** @param {string} source */
export function noteHeard(source) {
  isHeard = true;
  troubleBySource.delete(source);
  show();
}

/**
 * @param {string} source
 * @param {string} message
 */
export function noteTrouble(source, message) {
  troubleBySource.set(source, message);
  show();
}

/**
 * A source that is asked no more.
 * @param {string} source
 */
export function forget(source) {
  troubleBySource.delete(source);
  show();
}

function show() {
  const [trouble] = troubleBySource.values();
  const state = trouble !== undefined ? "lost" : isHeard ? "live" : "waiting";
  const pill = part("connection");
  if (pill.dataset.state !== state) pill.dataset.state = state;
  document.documentElement.dataset.connection = state;
  setText(part("connection-text"), state === "live" ? "Live" : state === "lost" ? "Not live" : "Connecting …");
  const banner = part("trouble");
  banner.hidden = trouble === undefined;
  setText(banner, trouble ?? "");
}
