// A small curve without axes: one path of SVG, which follows the theme by itself and costs nothing to scroll.
// @ts-check
/// <reference lib="dom" />

import { slotsOf, SPANS } from "./cells.js";
import { svgElement } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 28;
const { spanS, widthS } = SPANS["10m"];

export function newSparkline() {
  const area = svgElement("path", { class: "area" });
  const line = svgElement("path", { class: "line" });
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  const svg = svgElement("svg", { class: "sparkline", viewBox, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(area, line);
  return {
    svg,
    /** @param {string} path as pathOf makes it; empty for none */
    show(path) {
      line.setAttribute("d", path);
      area.setAttribute("d", path === "" ? "" : `${path}V${HEIGHT}H0Z`);
    },
  };
}

/**
 * Events a second over the last ten minutes.
 * @param {readonly import("./cells.js").Cell[]} cells
 * @param {number} asOf
 */
export function pathOf(cells, asOf) {
  const rates = slotsOf(cells, { asOf, spanS, widthS }).map(({ count, seconds }) => count / seconds);
  const highest = Math.max(...rates);
  if (!(highest > 0)) return "";
  const step = WIDTH / rates.length;
  const height = (/** @type {number} */ rate) => (HEIGHT - 1 - rate / highest * (HEIGHT - 3)).toFixed(1);
  // As steps: what lies between two measurements is not known.
  return `M0 ${height(rates[0])}${
    rates.map((rate, index) => `V${height(rate)}H${((index + 1) * step).toFixed(1)}`).join("")
  }`;
}
