// The labels under which Prometheus knows a tab: its base name as `tab`, and its tags. A tag's key that is no legal label
// there, or one that we use ourselves, is written otherwise; then, and wherever labels alone don't tell the tab from all
// others, `full_name` has its whole name, so that no two tabs are ever the same series. Of groups of tabs that have one
// name, `tab_type` tells the types.

import { formatTab, parseTab } from "../../core/names.ts";
import type { Labels } from "../../service/prometheus.ts";

/** Labels with a meaning of their own here. */
const OWN = ["tab", "tab_type", "full_name", "window", "quantile", "value"];
const LEGAL = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function tabLabels(name: string, type?: string): Labels {
  const { base, tags } = parseTab(name);
  const valueByLabel = new Map<string, string>();
  const changed: [key: string, value: string][] = [];
  for (const [key, value] of tags) {
    if (isLabel(key)) valueByLabel.set(key, value);
    else changed.push([key, value]);
  }
  for (const [key, value] of changed) valueByLabel.set(freeLabel(labelOf(key), valueByLabel), value);
  // To Prometheus a label without a value is none, and a name may be written in several ways.
  const isTold = changed.length === 0 && ![...tags.values()].includes("") && formatTab(base, tags) === name;
  return [
    ["tab", base],
    ...type === undefined ? [] : [["tab_type", type] as const],
    ...isTold ? [] : [["full_name", name] as const],
    ...valueByLabel,
  ];
}

/** Names that begin with two underscores are Prometheus's own. */
function isLabel(key: string): boolean {
  return LEGAL.test(key) && !key.startsWith("__") && !OWN.includes(key);
}

/** `http.status` becomes `http_status`, `2xx` and `window` become `tag_2xx` and `tag_window`. */
function labelOf(key: string): string {
  const legal = key.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return isLabel(legal) ? legal : `tag_${legal}`;
}

/** Of the tags of one tab that would have the same label, the later ones are numbered. */
function freeLabel(label: string, taken: ReadonlyMap<string, string>): string {
  if (!taken.has(label)) return label;
  let number = 2;
  while (taken.has(`${label}_${number}`)) number++;
  return `${label}_${number}`;
}
