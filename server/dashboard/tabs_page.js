// All tabs: searched, scrolled, each with its curve and its live figures.
// @ts-check
/// <reference lib="dom" />

import { Refused, Trouble } from "./api.js";
import { choices, element, setText } from "./dom.js";
import { count, counted } from "./format.js";
import { repeat } from "./repeat.js";
import { tabsHash } from "./route.js";
import { allTabs, find } from "./search.js";
import { TabList } from "./tab_list.js";

const NAMES_MS = 2000;
const BUSIEST_MS = 3000;
const TYPED_MS = 120;
/** @type {import("./tab_list.js").Place} */
const TOP = { active: undefined, scrollTop: 0 };

/** The list as it was left, to be there again at once on the way back. */
const left = {
  /** @type {import("./search.js").Tabs | undefined} */
  all: undefined,
  hash: "",
  place: TOP,
};

/**
 * @param {HTMLElement} main
 * @param {{ search: import("./route.js").Search, signal: AbortSignal }} options
 */
export function showTabsPage(main, { search, signal }) {
  document.title = "Tabs – Taba";
  const tools = newTools(search);
  const { input, isPattern, wanted } = tools;
  const list = new TabList({ onTop: () => input.focus(), signal });
  const problem = element("p", { id: "problem", class: "problem", role: "alert" });
  const empty = element("div", { class: "empty" });
  empty.hidden = true;
  main.replaceChildren(element("h1", { class: "hidden" }, "Tabs"), tools.box, problem, list.box, empty);

  let { all } = left;
  /** What the list shows; the input may be ahead of it. */
  let applied = search;
  /** @type {import("./tab_list.js").Place | undefined} where it begins, until it is shown */
  let start = left.hash === tabsHash(search) ? left.place : TOP;
  let asked = new AbortController();
  /** @type {typeof applied | undefined} the search that was last asked for and met trouble */
  let missed;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typed;
  const hash = () => tabsHash(wanted());

  const showFound = async () => {
    if (all === undefined) return;
    // Asked again it keeps its signal, and so its trouble stays told until there is an answer.
    if (missed !== applied) {
      asked.abort();
      asked = new AbortController();
    }
    missed = undefined;
    const { signal: within } = asked;
    try {
      const names = await find(applied, { all, signal: within });
      if (within.aborted || signal.aborted) return;
      const { typeByName } = all;
      setText(problem, "");
      // Ranks change all over the list: there it does not follow them.
      list.show(names, { typeByName, place: start ?? (applied.isBusiestFirst ? list.place : list.placeAmong(names)) });
      start = undefined;
      tools.showFound({ found: names.length, shown: list.length, all: typeByName.size });
      empty.hidden = names.length > 0;
      empty.replaceChildren(...names.length > 0 ? [] : typeByName.size > 0 ? nothingFound() : nothingRecorded());
    } catch (error) {
      if (within.aborted) return;
      if (error instanceof Trouble) {
        missed = applied;
        return;
      }
      if (!(error instanceof Refused)) throw error;
      setText(problem, error.message);
      empty.hidden = true;
    }
  };

  const searchNow = async () => {
    clearTimeout(typed);
    typed = undefined;
    applied = wanted();
    start = TOP;
    await showFound();
  };
  const searchSoon = () => {
    history.replaceState(null, "", hash());
    clearTimeout(typed);
    typed = setTimeout(() => void searchNow(), TYPED_MS);
  };
  const enterList = async () => {
    if (typed !== undefined) await searchNow();
    list.enter();
  };
  input.addEventListener("input", searchSoon);
  isPattern.addEventListener("change", searchSoon);
  tools.order.addEventListener("change", searchSoon);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value !== "") {
      input.value = "";
      searchSoon();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      void enterList();
    }
  });
  signal.addEventListener("abort", () => {
    left.hash = hash();
    left.place = start ?? list.place;
    asked.abort();
    clearTimeout(typed);
  });

  void showFound();
  void repeat(async () => {
    const known = await allTabs(all, signal);
    if (known === all && missed === undefined) return;
    all = left.all = known;
    await showFound();
  }, { everyMs: NAMES_MS, signal });
  void repeat(async () => {
    if (applied.isBusiestFirst) await showFound();
  }, { everyMs: BUSIEST_MS, signal });
}

/** @param {import("./route.js").Search} search */
function newTools({ text, ...search }) {
  const input = element("input", {
    ...{ type: "search", id: "search", placeholder: "Search tabs", "aria-label": "Search tabs", autocomplete: "off" },
    ...{ spellcheck: "false", "aria-keyshortcuts": "/", "aria-describedby": "found", enterkeyhint: "search" },
  });
  input.value = text;
  const isPattern = element("input", { type: "checkbox", id: "is-pattern" });
  isPattern.checked = search.isPattern;
  const toggle = element(
    "label",
    { class: "toggle", title: "Regular expression, in the syntax of RE2" },
    isPattern,
    "Regex",
  );
  let { isBusiestFirst } = search;
  const order = choices("Order", {
    texts: [["name", "By name"], ["busiest", "Busiest"]],
    chosen: isBusiestFirst ? "busiest" : "name",
    onChoose: (chosen) => isBusiestFirst = chosen === "busiest",
  });
  order.title = "Busiest: the most events in the last minute first";
  const found = element("p", { id: "found", class: "found", role: "status" });
  return {
    ...{ input, isPattern, order },
    box: element("div", { class: "tools", role: "search" }, input, toggle, order, found),
    wanted: () => ({ text: input.value, isPattern: isPattern.checked, isBusiestFirst }),
    /** @param {{ found: number, shown: number, all: number }} counts */
    showFound({ found: hits, shown, all }) {
      const text = hits === all ? counted(all, "tab") : `${count(hits)} of ${count(all)}`;
      setText(found, shown < hits ? `${text}, the first ${count(shown)} shown` : text);
    },
  };
}

function nothingRecorded() {
  const command = `curl --data-binary '{"tab":"bids_won","events":[[1]]}' ${location.origin}/post`;
  return [
    element("h2", {}, "No tabs yet"),
    element("p", {}, "A tab is there as soon as somebody records into it:"),
    element("pre", { tabindex: 0 }, command),
  ];
}

function nothingFound() {
  return [element("h2", {}, "Nothing found"), element("p", {}, "No tab's name fits the search.")];
}
