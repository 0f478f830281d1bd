// Whether what is shown is live. Each source of figures says how it is doing; the header shows the worst of it.
// @ts-check
/// <reference lib="dom" />

import { part, setText } from "./dom.js";

export const UNANSWERED = "The server does not answer. Trying again …";

/** @type {Map<string, string>} */
const troubleBySource = new Map();
/** Since the last trouble that was taken back without an answer. */
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

/** @type {WeakMap<AbortSignal, Set<string>>} */
const sourcesBySignal = new WeakMap();

/**
 * Once `signal` aborts the source is asked no more, and has no trouble either. Whether it would answer by now is not
 * known: nothing is live until something is heard.
 * @param {AbortSignal} signal
 * @param {string} source
 */
export function forgetWith(signal, source) {
  const sources = sourcesBySignal.get(signal) ?? new Set();
  if (sources.has(source)) return;
  sourcesBySignal.set(signal, sources.add(source));
  signal.addEventListener("abort", () => {
    if (troubleBySource.delete(source)) isHeard = false;
    show();
  }, { once: true });
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
