// The live values of some tabs, over the server's /watch: one event a second.
// @ts-check
/// <reference lib="dom" />

import { fields, missingOf, nameParameter, numberOf, textOf } from "./api.js";
import { forgetWith, noteHeard, noteTrouble } from "./connection.js";
import { pass, seen } from "./repeat.js";

/** What /watch takes at most. */
export const WATCHED_MAX = 1000;

const SOURCE = "/watch";
/** Events come every second: after so long without one the connection is taken for dead. */
const SILENCE_MS = 10_000;
const RETRY_MS = 1000;

/** @typedef {(tabs: ReadonlyMap<string, unknown>, asOf: number) => void} OnTabs */

/**
 * Watches until `signal` aborts, and starts anew when the connection is lost; rests while the page is hidden.
 * @param {readonly string[]} names at most WATCHED_MAX
 * @param {{ onTabs: OnTabs, signal: AbortSignal }} options
 */
export async function watch(names, { onTabs, signal }) {
  forgetWith(signal, SOURCE);
  const url = `${SOURCE}?name=${nameParameter(names)}`;
  while (!signal.aborted) {
    await seen(signal);
    if (!signal.aborted) await once(url, { onTabs, signal });
    await pass(RETRY_MS, signal);
  }
}

/**
 * One connection, until it ends or the page is hidden.
 * @param {string} url
 * @param {{ onTabs: OnTabs, signal: AbortSignal }} options
 * @returns {Promise<void>}
 */
function once(url, { onTabs, signal }) {
  return new Promise((resolve) => {
    const events = new EventSource(url);
    let silence = setTimeout(lost, SILENCE_MS);
    const ended = new AbortController();
    const end = () => {
      events.close();
      clearTimeout(silence);
      ended.abort();
      resolve();
    };
    function lost() {
      noteTrouble(SOURCE, "No live figures come from the server. Trying again …");
      end();
    }
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(lost, SILENCE_MS);
    };
    events.addEventListener("tabs", ({ data }) => {
      heard();
      const moment = JSON.parse(data);
      const { asOf, tabs } = fields(moment);
      const lack = missingOf(moment);
      if (lack === undefined) noteHeard(SOURCE);
      else noteTrouble(SOURCE, lack);
      onTabs(new Map(Object.entries(fields(tabs))), numberOf(asOf) ?? 0);
    });
    events.addEventListener("trouble", ({ data }) => {
      heard();
      noteTrouble(
        SOURCE,
        `The server has trouble: ${textOf(fields(JSON.parse(data)).error) ?? "unknown"}. Trying again …`,
      );
    });
    events.addEventListener("error", lost);
    signal.addEventListener("abort", end, { signal: ended.signal });
    document.addEventListener("visibilitychange", () => document.hidden && end(), { signal: ended.signal });
  });
}
