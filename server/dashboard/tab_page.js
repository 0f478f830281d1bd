// One tab: its live figures, the curves of its windows and percentiles, its clients.
// @ts-check
/// <reference lib="dom" />

import { getClients, getDetailed } from "./api.js";
import { readCells, slotsOf, SPANS } from "./cells.js";
import { newChart } from "./charts.js";
import { choices, element, setText, table } from "./dom.js";
import { count, dateAndTime, number, plain, timeOfDay } from "./format.js";
import { newPercentiles } from "./percentiles.js";
import { repeat } from "./repeat.js";
import { tabsHash } from "./route.js";
import { newTabClients } from "./tab_clients.js";
import { parseTab } from "./tab_name.js";
import { readValue, WINDOW_TEXTS, WINDOWS } from "./values.js";
import { watch } from "./watch.js";

const DETAIL_MS = 1000;
const CLIENTS_MS = 3000;

const METRICS = {
  rate: { label: "Events a second", of: perSecond("count") },
  total: { label: "Total a second", of: perSecond("total") },
  average: {
    label: "Average value",
    of: (/** @type {import("./cells.js").Slot} */ slot) => slot.count === 0 ? null : slot.total / slot.count,
  },
};

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
    const ofWindows = shown.kind === "windows" ? WINDOWS.flatMap((window) => shown.windows[window].pct ?? []) : [];
    const isOfWindows = ofWindows.length > 0;
    const rows = shown.kind === "windows"
      ? isOfWindows ? WINDOWS.map((window) => shown.windows[window].pct ?? []) : shown.pct ? [shown.pct] : []
      : shown.kind === "totals" && shown.figures.pct
      ? [shown.figures.pct]
      : [];
    if (rows.length === 0) return;
    if (percentileView === undefined) {
      percentileView = newPercentiles({ isOfWindows, isOverTime: shown.kind === "windows", signal });
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
    lateDropped ? `${count(lateDropped)} events came too late for any window.` : "",
  ].join(" ").trim();
}

/**
 * @param {import("./values.js").Shown["kind"]} kind
 * @returns {{ box: HTMLElement, show: (shown: import("./values.js").Shown) => void }}
 */
function newFigures(kind) {
  switch (kind) {
    case "windows": {
      const cards = WINDOWS.map((window) => newCard(`Last ${WINDOW_TEXTS[window].replace(/^1 /, "")}`));
      return {
        box: element("div", { class: "cards" }, ...cards.map(({ box }) => box)),
        show(shown) {
          if (shown.kind !== "windows") return;
          WINDOWS.forEach((window, index) => cards[index].show(shown.windows[window], SPANS[window].spanS));
        },
      };
    }
    case "totals": {
      const card = newCard("All time");
      return {
        box: element("div", { class: "cards" }, card.box),
        show: (shown) => shown.kind === "totals" ? card.show(shown.figures) : undefined,
      };
    }
    case "holders": {
      const holders = table("Values", ["Value", ">Clients"]);
      return {
        box: holders.box,
        show(shown) {
          if (shown.kind === "holders") {
            holders.show(shown.holders.map(({ value, clients }) => [value, count(clients)]));
          }
        },
      };
    }
    case "entries": {
      const entries = table("Values", ["Value", "Recorded"]);
      return {
        box: entries.box,
        show(shown) {
          if (shown.kind !== "entries") return;
          entries.show(shown.entries.map(({ value, time }) => [plain(value), dateAndTime(time)]));
        },
      };
    }
    case "trouble":
    case "other": {
      const text = element("pre", { tabindex: 0 });
      return {
        box: text,
        show(shown) {
          if (shown.kind === "trouble") setText(text, shown.message);
          if (shown.kind === "other") setText(text, JSON.stringify(shown.value, undefined, 2) ?? "");
        },
      };
    }
  }
}

/** @param {string} title */
function newCard(title) {
  const events = element("p", { class: "large" });
  const [total, average, rate] = [element("dd"), element("dd"), element("dd")];
  const rateRow = element("div", {}, element("dt", {}, "A second"), rate);
  const box = element(
    "article",
    { class: "card" },
    element("h2", {}, title),
    events,
    element(
      "dl",
      {},
      element("div", {}, element("dt", {}, "Total"), total),
      element("div", {}, element("dt", {}, "Average"), average),
      rateRow,
    ),
  );
  return {
    box,
    /**
     * @param {import("./values.js").Figures} figures
     * @param {number} [spanS]
     */
    show(figures, spanS) {
      setText(events, count(figures.count));
      setText(total, number(figures.total));
      setText(average, number(figures.count === 0 ? undefined : figures.total / figures.count));
      rateRow.hidden = spanS === undefined;
      if (spanS !== undefined) setText(rate, number(figures.count / spanS));
    },
  };
}

const METRIC_NAMES = /** @type {const} */ (["rate", "total", "average"]);

/** The curves of the four windows. @param {AbortSignal} signal */
function newCurves(signal) {
  /** @type {typeof METRIC_NAMES[number]} */
  let metric = "rate";
  /** @type {{ cells: readonly import("./cells.js").Cell[], asOf: number } | undefined} */
  let last;
  const charts = WINDOWS.map((window) =>
    newChart({
      title: WINDOW_TEXTS[window],
      lines: [{ label: "Value", color: "--series-1", isArea: true, isStepped: true }],
      xText: (x, step) => step < 60 ? timeOfDay(x) : timeOfDay(x).slice(0, 5),
      xLabel: "From",
      yText: number,
      signal,
    })
  );
  const draw = () => {
    if (last === undefined) return;
    const { cells, asOf } = last;
    WINDOWS.forEach((window, index) => {
      const { spanS } = SPANS[window];
      const slots = slotsOf(cells, { asOf, ...SPANS[window] });
      const values = slots.map(METRICS[metric].of);
      const end = slots.length === 0 ? asOf : slots[slots.length - 1].start + slots[slots.length - 1].seconds;
      const highest = Math.max(...values.map((value) => value ?? -Infinity));
      charts[index].show({
        x: [...slots.map(({ start }) => start), end],
        lines: [[...values, values.at(-1) ?? null]],
        from: Math.max(end - spanS, slots[0]?.start ?? 0),
        to: end,
        said: `${METRICS[metric].label}, now ${number(values.at(-1))}, at most ${number(highest)}`,
      });
    });
  };
  const choose = choices("What is drawn", {
    texts: METRIC_NAMES.map((key) => [key, METRICS[key].label]),
    chosen: metric,
    onChoose(chosen) {
      metric = chosen;
      draw();
    },
  });
  const grid = element("div", { class: "charts" }, ...charts.map(({ box }) => box));
  return {
    box: element("section", { "aria-label": "Windows" }, element("h2", {}, "Windows"), choose, grid),
    /**
     * @param {readonly import("./cells.js").Cell[]} cells
     * @param {number} asOf
     */
    show(cells, asOf) {
      last = { cells, asOf };
      draw();
    },
  };
}

/** @param {"count" | "total"} what */
function perSecond(what) {
  return (/** @type {import("./cells.js").Slot} */ slot) => slot.seconds > 0 ? slot[what] / slot.seconds : null;
}
