// Curves over time or over another axis, drawn by uPlot in the colours of the theme.
// @ts-check
/// <reference lib="dom" />

// @ts-types="uplot"
import uPlot from "./uplot.js";
import { element } from "./dom.js";
import { onThemeChange } from "./theme.js";

/**
 * @typedef {{ label: string, color: string, isArea?: boolean, isStepped?: boolean }} Line `color`: a property of style.css
 * @typedef {readonly (number | null)[]} Column
 * @typedef {{ x: readonly number[], lines: readonly Column[], from: number, to: number, said: string }} Curves
 */

/**
 * @param {{ title: string, lines: readonly Line[], xText: (x: number, step: number) => string, xLabel: string,
 *   yText: (y: number | null | undefined) => string, xSplits?: readonly number[], signal: AbortSignal }} options
 * @returns {{ box: HTMLElement, show: (curves: Curves) => void }}
 */
export function newChart({ title, lines, xText, xLabel, yText, xSplits, signal }) {
  const plot = element("div", { class: lines.length === 1 ? "plot single" : "plot", role: "img", "aria-label": title });
  const box = element("figure", { class: "chart" }, element("figcaption", {}, title), plot);
  // That of a single line stands beside the title.
  const legendHeight = lines.length === 1 ? 0 : LEGEND_PX;
  /** @type {Curves | undefined} */
  let last;
  /** @type {uPlot | undefined} */
  let chart;

  const draw = () => {
    if (last === undefined || plot.clientWidth === 0) return;
    plot.setAttribute("aria-label", `${title}: ${last.said}`);
    /** @type {uPlot.AlignedData} */
    const columns = [[...last.x], ...last.lines.map((line) => [...line])];
    if (chart === undefined) chart = new uPlot(options(), columns, plot);
    else chart.setData(columns);
  };

  /** @returns {uPlot.Options} */
  const options = () => {
    const style = getComputedStyle(document.documentElement);
    const color = (/** @type {string} */ name) => style.getPropertyValue(name);
    const axis = {
      stroke: color("--quiet"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
      font: `12px ${style.fontFamily}`,
    };
    return {
      width: plot.clientWidth,
      height: plot.clientHeight - legendHeight,
      padding: [8, 30, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: () => last === undefined ? [0, 1] : [last.from, last.to] },
        y: { range: (_, low, high) => rangeOf(low, high) },
      },
      axes: [
        {
          ...axis,
          size: 28,
          values: (_, splits) => splits.map((x) => xText(x, (splits[1] ?? x) - splits[0])),
          ...xSplits === undefined ? { incrs: STEPS_S, space: 70 } : { splits: () => [...xSplits] },
        },
        { ...axis, size: 56, space: 32, values: (_, splits) => splits.map((y) => yText(y)) },
      ],
      series: [
        { label: xLabel, value: (_, x) => x === null ? "" : xText(x, 1) },
        ...lines.map((line) => ({
          label: line.label,
          stroke: color(line.color),
          width: 1.5,
          value: (/** @type {uPlot} */ _, /** @type {number | null} */ y) => yText(y),
          points: { show: false },
          ...line.isArea ? { fill: color("--area") } : {},
          ...line.isStepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {},
        })),
      ],
    };
  };

  const observer = new ResizeObserver(() => {
    if (chart === undefined) draw();
    else if (plot.clientWidth > 0) chart.setSize({ width: plot.clientWidth, height: plot.clientHeight - legendHeight });
  });
  observer.observe(plot);
  onThemeChange(() => {
    chart?.destroy();
    chart = undefined;
    draw();
  }, signal);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    chart?.destroy();
  });
  return {
    box,
    show(curves) {
      last = curves;
      draw();
    },
  };
}

/** As style.css has it. */
const LEGEND_PX = 44;

/** Between two marks of a time axis. */
const STEPS_S = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/**
 * From zero, unless there is something below.
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function rangeOf(low, high) {
  const top = Math.max(0, high ?? 0);
  const bottom = Math.min(0, low ?? 0);
  const span = top - bottom;
  return span === 0 ? [0, 1] : [bottom < 0 ? bottom - span * 0.08 : 0, top > 0 ? top + span * 0.08 : 0];
}
