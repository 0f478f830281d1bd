// One tab: its live figures, the curves of its windows and percentiles, its clients.
// @ts-check
/// <reference lib="dom" />

import { getClients, getDetailed } from "./api.js";
import { readCells } from "./cells.js";
import { element, setText } from "./dom.js";
import { counted, number } from "./format.js";
import { newPercentiles } from "./percentiles.js";
import { repeat } from "./repeat.js";
import { tabsHash } from "./route.js";
import { newTabClients } from "./tab_clients.js";
import { newCurves } from "./tab_curves.js";
import { newFigures } from "./tab_figures.js";
import { parseTab } from "./tab_name.js";
import { percentilesOf, readValue } from "./values.js";
import { watch } from "./watch.js";

const DETAIL_MS = 1000;
const CLIENTS_MS = 3000;

/**
 * @param {HTMLElement} main
 * @param {{ name: string, back: string, signal: AbortSignal }} options `back`: the address of the list
 */
export function showTabPage(main, { name, back, signal }) {
  const { base, tags } = parseTab(name);
  document.title = `${base} – Taba`;
  const type = element("span", { class: "type" });
  const notes = element("p", { class: "note" });
  const missing = element("p", { class: "note", role: "status" }, "Nothing has been recorded into this tab so far.");
  missing.hidden = true;
  const figures = element("div", { class: "figures" });
  const curves = element("div");
  const percentiles = element("div");
  const clients = newTabClients();
  main.replaceChildren(element(
    "div",
    { class: "page" },
    element("a", { class: "back", href: back }, "‹ All tabs"),
    element("h1", {}, base, " ", type),
    element(
      "p",
      { class: "tags" },
      ...tags.map(({ key, value, text }) =>
        element(
          "a",
          { class: "tag", href: tabsHash({ text }), title: "Tabs with this tag" },
          `${key}=${value}`,
        )
      ),
    ),
    notes,
    missing,
    figures,
    curves,
    percentiles,
    clients.box,
  ));

  /** @type {((shown: import("./values.js").Shown) => void) | undefined} */
  let showFigures;
  let figuresOf = "";
  let shownAsOf = 0;
  /** @type {ReturnType<typeof newCurves> | undefined} */
  let windowCurves;
  /** @type {ReturnType<typeof newPercentiles> | undefined} */
  let percentileView;

  /**
   * @param {unknown} value
   * @param {number} asOf
   */
  const showValue = (value, asOf) => {
    if (asOf < shownAsOf) return;
    shownAsOf = asOf;
    const shown = readValue(value);
    missing.hidden = true;
    if (figuresOf !== shown.kind) {
      figuresOf = shown.kind;
      const view = newFigures(shown.kind);
      figures.replaceChildren(view.box);
      showFigures = view.show;
    }
    showFigures?.(shown);
    const rows = percentilesOf(shown);
    if (rows.length === 0) return;
    if (percentileView === undefined) {
      percentileView = newPercentiles({ isOfWindows: rows.length > 1, isOverTime: shown.kind === "windows", signal });
      percentiles.replaceChildren(percentileView.box);
    }
    percentileView.showFigures(rows);
  };

  void watch([name], {
    signal,
    onTabs(values, asOf) {
      const value = values.get(name);
      if (value !== undefined) showValue(value, asOf);
    },
  });

  void repeat(async () => {
    const { asOf, rows } = await getDetailed([name], signal);
    const row = rows.get(name);
    missing.hidden = row !== undefined;
    if (row === undefined) return;
    setText(type, row.type);
    showValue(row.value, asOf); // may be newer than the last event
    setText(notes, notesOf(row));
    const cells = readCells(row.detail);
    if (cells.length === 0) return;
    if (windowCurves === undefined) {
      windowCurves = newCurves(signal);
      curves.replaceChildren(windowCurves.box);
    }
    windowCurves.show(cells, asOf);
    percentileView?.showCells(row.detail, asOf);
  }, { everyMs: DETAIL_MS, signal });

  void repeat(async () => clients.show(await getClients(name, signal)), { everyMs: CLIENTS_MS, signal });
}

/** @param {import("./api.js").Detailed} row */
function notesOf({ relativeError, lateDropped }) {
  return [
    relativeError === undefined ? "" : `Percentiles are within ${number(relativeError * 100)} % of the true values.`,
    lateDropped ? `${counted(lateDropped, "event")} came too late for any window.` : "",
  ].join(" ").trim();
}
