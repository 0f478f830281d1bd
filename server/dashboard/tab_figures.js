// What a tab holds now, as its type has it: cards of windows, tables of values, or plain JSON.
// @ts-check
/// <reference lib="dom" />

import { SPANS } from "./cells.js";
import { element, setText, table } from "./dom.js";
import { count, dateAndTime, number, plain } from "./format.js";
import { WINDOW_TEXTS, WINDOWS } from "./values.js";

/**
 * @param {import("./values.js").Shown["kind"]} kind
 * @returns {{ box: HTMLElement, show: (shown: import("./values.js").Shown) => void }}
 */
export function newFigures(kind) {
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
