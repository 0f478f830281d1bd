// Asking again and again, while somebody looks.
// @ts-check
/// <reference lib="dom" />

import { Refused, Trouble } from "./api.js";

/** How many times longer than an answer took is waited before the next question: large clusters are asked less often. */
const PATIENCE = 20;
const RETRY_MS = 1000;

/**
 * Does `work` at once and then every `everyMs`, or less often where it takes long, until `signal` aborts; again soon
 * where it meets trouble, and not while the page is hidden.
 * @param {() => Promise<void>} work
 * @param {{ everyMs: number, signal: AbortSignal }} options
 */
export async function repeat(work, { everyMs, signal }) {
  while (!signal.aborted) {
    const begun = performance.now();
    let waitMs = everyMs;
    try {
      await work();
      waitMs = Math.max(everyMs, PATIENCE * (performance.now() - begun));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Trouble || error instanceof Refused)) throw error;
      waitMs = Math.min(everyMs, RETRY_MS);
    }
    await pass(waitMs, signal);
    await seen(signal);
  }
}

/**
 * Resolves after `ms`, or when `signal` aborts.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pass(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

/**
 * Resolves once the page is not hidden, or when `signal` aborts.
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function seen(signal) {
  return new Promise((resolve) => {
    if (!document.hidden || signal.aborted) return resolve();
    const done = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    document.addEventListener("visibilitychange", done);
    signal.addEventListener("abort", done);
  });
}
