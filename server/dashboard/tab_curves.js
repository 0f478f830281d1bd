// The curves of a tab's four windows: events, totals or averages.
// @ts-check
/// <reference lib="dom" />

import { slotsOf, SPANS } from "./cells.js";
import { newChart } from "./charts.js";
import { choices, element } from "./dom.js";
import { number, timeMark } from "./format.js";
import { WINDOW_TEXTS, WINDOWS } from "./values.js";

const METRICS = {
  rate: { label: "Events a second", of: perSecond("count") },
  total: { label: "Total a second", of: perSecond("total") },
  average: {
    label: "Average value",
    of: (/** @type {import("./cells.js").Slot} */ slot) => slot.count === 0 ? null : slot.total / slot.count,
  },
};

const METRIC_NAMES = /** @type {const} */ (["rate", "total", "average"]);

/** @param {AbortSignal} signal */
export function newCurves(signal) {
  /** @type {typeof METRIC_NAMES[number]} */
  let metric = "rate";
  /** @type {{ cells: readonly import("./cells.js").Cell[], asOf: number } | undefined} */
  let last;
  const charts = WINDOWS.map((window) =>
    newChart({
      title: WINDOW_TEXTS[window],
      lines: [{ label: "Value", color: "--series-1", isArea: true, isStepped: true }],
      xText: timeMark,
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
