// The percentiles of a tab: as figures, as a curve from the 25th to the 99.9th, and over time.
// @ts-check
/// <reference lib="dom" />

import { readPercentileCells, SPANS } from "./cells.js";
import { newChart } from "./charts.js";
import { choices, element, table } from "./dom.js";
import { number, timeMark } from "./format.js";
import { PERCENTILES, WINDOW_TEXTS, WINDOWS } from "./values.js";

/** Those that are drawn over time: the 50th, 90th and 99th. */
const DRAWN = [1, 3, 5];
const COLORS = ["--series-1", "--series-2", "--series-3", "--series-4"];

/**
 * @param {{ isOfWindows: boolean, isOverTime: boolean, signal: AbortSignal }} options whether each window has
 *   percentiles of its own, and whether there are cells
 */
export function newPercentiles({ isOfWindows, isOverTime, signal }) {
  const rowTexts = isOfWindows
    ? WINDOWS.map((name) => WINDOW_TEXTS[name])
    : [isOverTime ? WINDOW_TEXTS["1d"] : "All time"];
  const figures = table("Percentiles", ["", ...PERCENTILES.map((name) => `>${name} %`)]);
  const curve = newChart({
    title: "By percentile",
    lines: rowTexts.map((label, index) => ({ label, color: COLORS[index] })),
    xText: (x) => `${PERCENTILES[x] ?? ""}`,
    xLabel: "Percentile",
    yText: number,
    xSplits: PERCENTILES.map((_, index) => index),
    signal,
  });
  const overTime = newChart({
    title: "Over time",
    lines: DRAWN.map((index, place) => ({ label: `${PERCENTILES[index]} %`, color: COLORS[place], isStepped: true })),
    xText: timeMark,
    xLabel: "From",
    yText: number,
    signal,
  });
  /** @type {import("./values.js").WindowName} */
  let span = isOfWindows ? "1h" : "1d";
  /** @type {{ detail: unknown, asOf: number } | undefined} */
  let last;
  const choose = choices("Percentiles over", {
    texts: WINDOWS.map((name) => [name, WINDOW_TEXTS[name]]),
    chosen: span,
    onChoose(chosen) {
      span = chosen;
      drawCells();
    },
  });
  const drawCells = () => {
    if (last === undefined) return;
    const { detail, asOf } = last;
    const from = asOf - SPANS[span].spanS;
    const cells = readPercentileCells(detail).filter(({ start, width }) => start + width > from);
    const { x, lines } = stepsOf(cells, asOf);
    overTime.show({ x, lines, from: Math.max(from, x[0] ?? from), to: asOf, said: WINDOW_TEXTS[span] });
  };
  const box = element(
    "section",
    { class: "percentiles", "aria-label": "Percentiles" },
    element("h2", {}, "Percentiles"),
    isOfWindows ? choose : undefined,
    element("div", { class: "charts" }, ...isOverTime ? [overTime.box, curve.box] : [curve.box]),
    figures.box,
  );
  return {
    box,
    /** @param {readonly import("./values.js").Percentiles[]} rows one for each line of the table */
    showFigures(rows) {
      figures.show(rows.map((pct, index) => [rowTexts[index], ...PERCENTILES.map((_, place) => number(pct[place]))]));
      curve.show({
        x: PERCENTILES.map((_, index) => index),
        lines: rows,
        from: 0,
        to: PERCENTILES.length - 1,
        said: rows.map((pct, index) => `${rowTexts[index]}: median ${number(pct[1])}, 99 % ${number(pct[5])}`).join(
          "; ",
        ),
      });
    },
    /**
     * @param {unknown} detail
     * @param {number} asOf
     */
    showCells(detail, asOf) {
      last = { detail, asOf };
      drawCells();
    },
  };
}

/**
 * The drawn percentiles of cells, with gaps where there are none.
 * @param {readonly import("./cells.js").Cell[]} cells
 * @param {number} asOf
 */
function stepsOf(cells, asOf) {
  /** @type {number[]} */
  const x = [];
  /** @type {(number | null)[][]} */
  const lines = DRAWN.map(() => []);
  let end = -Infinity;
  /**
   * @param {number} time
   * @param {import("./values.js").Percentiles} pct
   */
  const put = (time, pct) => {
    x.push(time);
    DRAWN.forEach((index, place) => lines[place].push(pct[index] ?? null));
  };
  for (const { start, width, pct = [] } of cells) {
    if (start > end && end > -Infinity) put(end, []);
    put(start, pct);
    end = start + width;
  }
  if (cells.length > 0) put(Math.min(end, asOf), cells[cells.length - 1].pct ?? []);
  return { x, lines };
}
