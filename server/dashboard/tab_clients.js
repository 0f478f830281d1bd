// What each client of a tab has in it, the busiest first.
// @ts-check
/// <reference lib="dom" />

import { element, setText, table } from "./dom.js";
import { count, number } from "./format.js";
import { readValue, summary } from "./values.js";

/** More rows tell nobody more. */
const ROWS_MAX = 200;

export function newTabClients() {
  const heading = element("h2", {}, "Clients");
  const note = element("p", { class: "note" });
  const windows = table("Clients", ["Client", ">1 min", ">10 min", ">1 hour", ">1 day", ">Total of the day", ">Share"]);
  const others = table("Clients", ["Client", "Value"]);
  const box = element("section", { "aria-label": "Clients" }, heading, windows.box, others.box, note);
  box.hidden = true;
  return {
    box,
    /** @param {ReadonlyMap<string, unknown>} valueByClient */
    show(valueByClient) {
      const clients = [...valueByClient].map(([client, value]) => ({ client, shown: readValue(value) }));
      const ofWindows = clients.flatMap(({ client, shown }) => shown.kind === "windows" ? [{ client, ...shown }] : []);
      const rest = clients.filter(({ shown }) => shown.kind !== "windows");
      setText(heading, `Clients (${count(clients.length)})`);
      box.hidden = clients.length === 0;
      windows.box.hidden = ofWindows.length === 0;
      others.box.hidden = rest.length === 0;
      const all = ofWindows.reduce((sum, { windows }) => sum + windows["1d"].count, 0);
      ofWindows.sort((a, b) => b.windows["1d"].count - a.windows["1d"].count || (a.client < b.client ? -1 : 1));
      windows.show(
        ofWindows.slice(0, ROWS_MAX).map(({ client, windows: { "1m": m, "10m": t, "1h": h, "1d": d } }) => [
          client,
          ...[m, t, h, d].map(({ count: events }) => count(events)),
          number(d.total),
          share(all === 0 ? 0 : d.count / all),
        ]),
      );
      others.show(rest.slice(0, ROWS_MAX).map(({ client, shown }) => [client, summary(shown)]));
      setText(note, clients.length > ROWS_MAX ? `The first ${ROWS_MAX} are shown; /projection has all.` : "");
    },
  };
}

/** @param {number} part of 1 */
function share(part) {
  const bar = element("span", { class: "share-bar" });
  bar.style.width = `${(part * 100).toFixed(1)}%`;
  const text = `${(part * 100).toFixed(part >= 0.1 ? 0 : 1)} %`;
  return element("span", { class: "share" }, element("span", { class: "share-track" }, bar), text);
}
