// One row of the list of tabs: its name, its curve and its figures, whatever its type.
// @ts-check
/// <reference lib="dom" />

import { element, setText } from "./dom.js";
import { count, NOTHING, number } from "./format.js";
import { tabHash } from "./route.js";
import { newSparkline } from "./sparkline.js";
import { parseTab } from "./tab_name.js";
import { summary, WINDOWS } from "./values.js";

/**
 * @typedef {{ name: string, type: string, index: number, isActive: boolean, path: string,
 *   shown: import("./values.js").Shown | undefined }} RowContent
 */

export const COLUMNS = /** @type {const} */ ([
  { heading: "Tab", className: "name" },
  { heading: "10 minutes", className: "curve" },
  { heading: "1 min", className: "number" },
  { heading: "10 min", className: "number more" },
  { heading: "1 hour", className: "number more" },
  { heading: "1 day", className: "number" },
  { heading: "Median", className: "number most" },
  { heading: "99 %", className: "number most" },
]);

export function newTabRow() {
  const base = element("span", { class: "base" });
  const tags = element("span", { class: "tags" });
  const link = element("a", { tabindex: -1 }, base, tags);
  const type = element("span", { class: "type" });
  const curve = newSparkline();
  const curveCell = element("div", { class: "curve", role: "gridcell" }, curve.svg);
  const figures = COLUMNS.slice(2).map(({ className }) => element("div", { class: className, role: "gridcell" }));
  const whole = element("div", { class: "whole", role: "gridcell" });
  const nameCell = element("div", { class: "name", role: "rowheader" }, link, type);
  const row = element("div", { class: "row", role: "row" }, nameCell, curveCell, ...figures, whole);
  let known = "";

  /** @param {RowContent} content */
  const show = ({ name, type: typeName, index, isActive, path, shown }) => {
    if (known !== name) {
      known = name;
      const parts = parseTab(name);
      base.textContent = parts.base;
      tags.replaceChildren(...parts.tags.map(({ key, value }) => element("span", { class: "tag" }, `${key}=${value}`)));
      link.href = tabHash(name);
      link.title = name;
    }
    setText(type, typeName);
    row.id = `tab-${index}`;
    row.setAttribute("aria-rowindex", String(index + 2)); // behind the headings
    row.setAttribute("aria-selected", String(isActive));
    row.classList.toggle("active", isActive);
    curve.show(path);
    showValue(shown);
  };

  /** @param {import("./values.js").Shown | undefined} shown */
  const showValue = (shown) => {
    const isWhole = shown !== undefined && shown.kind !== "windows";
    row.classList.toggle("is-whole", isWhole);
    setText(whole, isWhole ? summary(shown) : "");
    whole.title = isWhole ? whole.textContent ?? "" : "";
    const windows = shown?.kind === "windows" ? shown.windows : undefined;
    const pct = shown?.kind === "windows" ? shown.pct ?? shown.windows["1d"].pct : undefined;
    figures.forEach((cell, index) => {
      const text = index < WINDOWS.length
        ? windows === undefined ? NOTHING : count(windows[WINDOWS[index]].count)
        : number(pct?.[index === WINDOWS.length ? 1 : 5]);
      setText(cell, isWhole ? "" : text);
    });
  };

  return { element: row, show };
}
