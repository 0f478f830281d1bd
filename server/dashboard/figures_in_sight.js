// Live figures and curves of the tabs in sight, and of no others. What was in sight before is remembered, so that it
// shows at once when it comes back.
// @ts-check
/// <reference lib="dom" />

import { askable, getDetailed } from "./api.js";
import { readCells } from "./cells.js";
import { repeat } from "./repeat.js";
import { pathOf } from "./sparkline.js";
import { readValue } from "./values.js";
import { watch, WATCHED_MAX } from "./watch.js";

const CURVES_MS = 10_000;
const REMEMBERED_MAX = 4000;

/**
 * @typedef {{ shown: import("./values.js").Shown | undefined, path: string, drawnAt: number }} Figures
 *   `path`: the curve, as sparkline.js draws it
 */

/** Those seen last are at the end. Outlives the page that the list is on. @type {Map<string, Figures>} */
const figuresByName = new Map();

/** @param {string} name */
export function figuresOf(name) {
  return figuresByName.get(name);
}

export class FiguresInSight {
  #onNews;
  #signal;
  #following = new AbortController();
  #followed = "";

  /** @param {{ onNews: () => void, signal: AbortSignal }} options */
  constructor({ onNews, signal }) {
    this.#onNews = onNews;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#following.abort());
  }

  /** From now on these, and those before no more. @param {readonly string[]} names */
  follow(names) {
    const inSight = askable(names.slice(0, WATCHED_MAX));
    const key = inSight.toSorted().join();
    if (key === this.#followed || this.#signal.aborted) return;
    this.#followed = key;
    this.#following.abort();
    this.#following = new AbortController();
    forgetOldest();
    if (inSight.length === 0) return;
    const { signal } = this.#following;
    void watch(inSight, {
      signal,
      onTabs: (values) => {
        for (const [name, value] of values) remember(name, { shown: readValue(value) });
        this.#onNews();
      },
    });
    void repeat(() => this.#drawCurves(inSight, signal), { everyMs: CURVES_MS, signal });
  }

  /**
   * @param {readonly string[]} names
   * @param {AbortSignal} signal
   */
  async #drawCurves(names, signal) {
    const now = performance.now();
    const stale = names.filter((name) => now - (figuresByName.get(name)?.drawnAt ?? -Infinity) > CURVES_MS / 2);
    if (stale.length === 0) return;
    const { asOf, rows } = await getDetailed(stale, signal);
    for (const [name, { value, detail }] of rows) {
      const shown = figuresByName.get(name)?.shown ?? readValue(value);
      remember(name, { shown, path: pathOf(readCells(detail), asOf), drawnAt: now });
    }
    this.#onNews();
  }
}

/**
 * @param {string} name
 * @param {Partial<Figures>} news
 */
function remember(name, news) {
  const known = figuresByName.get(name) ?? { shown: undefined, path: "", drawnAt: -Infinity };
  figuresByName.delete(name);
  figuresByName.set(name, { ...known, ...news });
}

function forgetOldest() {
  for (const name of figuresByName.keys()) {
    if (figuresByName.size <= REMEMBERED_MAX) return;
    figuresByName.delete(name);
  }
}
