// All tabs: searched, scrolled, each with its curve and its live figures. Only what is in sight is asked for.
// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

import { getDetailed, getTypes, Refused, Trouble } from "./api.js";
import { readCells } from "./cells.js";
import { element, setText } from "./dom.js";
import { count } from "./format.js";
import { repeat } from "./repeat.js";
import { tabHash, tabsHash } from "./route.js";
import { find } from "./search.js";
import { pathOf } from "./sparkline.js";
import { COLUMNS, newTabRow } from "./tab_row.js";
import { readValue } from "./values.js";
import { VirtualList } from "./virtual_list.js";
import { watch, WATCHED_MAX } from "./watch.js";

const NAMES_MS = 2000;
const CURVES_MS = 10_000;
const TYPED_MS = 120;
/** Figures of rows that were in sight before: shown at once when they come back. */
const REMEMBERED_MAX = 4000;

/** The list as it was left, to be there again at once on the way back. */
const left = {
  /** @type {import("./search.js").Tabs | undefined} */
  all: undefined,
  /** @type {Map<string, { shown?: import("./values.js").Shown, path?: string, pathAt?: number }>} */
  memory: new Map(),
  ...{ hash: "", active: 0, scrollTop: 0 },
};

/**
 * @param {HTMLElement} main
 * @param {{ search: import("./route.js").Search, signal: AbortSignal }} options
 */
export function showTabsPage(main, { search, signal }) {
  document.title = "Tabs – Taba";
  const input = element("input", {
    ...{ type: "search", id: "search", placeholder: "Search tabs", "aria-label": "Search tabs", autocomplete: "off" },
    ...{ spellcheck: "false", "aria-keyshortcuts": "/", "aria-describedby": "found", enterkeyhint: "search" },
  });
  input.value = search.text;
  const isPattern = element("input", { type: "checkbox", id: "is-pattern" });
  isPattern.checked = search.isPattern;
  const found = element("p", { id: "found", class: "found", role: "status" });
  const problem = element("p", { id: "problem", class: "problem", role: "alert" });
  const space = element("div", { class: "space", role: "rowgroup" });
  const headings = COLUMNS.map(({ heading, className }) =>
    element("div", { class: className, role: "columnheader" }, heading)
  );
  const head = element("div", { class: "row head", role: "row", "aria-rowindex": 1 }, ...headings);
  const box = element(
    "div",
    { class: "list", role: "grid", id: "tabs", tabindex: 0, "aria-label": "Tabs", "aria-readonly": "true" },
    element("div", { class: "head-box", role: "rowgroup" }, head),
    space,
  );
  const empty = element("div", { class: "empty", hidden: "" });
  const toggle = element(
    "label",
    { class: "toggle", title: "Regular expression (RE2)" },
    isPattern,
    " Regular expression",
  );
  main.replaceChildren(
    element("h1", { class: "hidden" }, "Tabs"),
    element("div", { class: "tools", role: "search" }, input, toggle, found),
    problem,
    box,
    empty,
  );

  let all = left.all;
  /** @type {readonly string[]} */
  let names = [];
  let active = 0;
  const { memory } = left;
  const hash = () => tabsHash({ text: input.value, isPattern: isPattern.checked });
  let asked = new AbortController();
  let askedFor = "";
  let applied = search;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typed;
  let watching = new AbortController();

  const newRow = () => {
    const row = newTabRow();
    return {
      element: row.element,
      /** @param {number} index */
      show(index) {
        const name = names[index];
        const { shown, path = "" } = memory.get(name) ?? {};
        row.show({ name, type: all?.typeByName.get(name) ?? "", index, isActive: index === active, path, shown });
      },
    };
  };
  const list = new VirtualList({ box, space, newRow, onSettled: ({ first, end }) => follow(first, end), signal });

  /** @param {string} name */
  const remembered = (name) => {
    const known = memory.get(name) ?? {};
    memory.delete(name);
    memory.set(name, known);
    return known;
  };

  /**
   * Live figures and curves for the rows in sight, and no others.
   * @param {number} first
   * @param {number} end
   */
  const follow = (first, end) => {
    const inSight = names.slice(first, Math.min(end, first + WATCHED_MAX));
    const key = inSight.join();
    if (key === askedFor || signal.aborted) return;
    askedFor = key;
    watching.abort();
    watching = new AbortController();
    for (const name of memory.keys()) {
      if (memory.size <= REMEMBERED_MAX) break;
      memory.delete(name);
    }
    if (inSight.length === 0) return;
    const within = watching.signal;
    void watch(inSight, {
      signal: within,
      onTabs(values) {
        for (const [name, value] of values) remembered(name).shown = readValue(value);
        list.refresh();
      },
    });
    void repeat(() => drawCurves(inSight, within), { everyMs: CURVES_MS, signal: within });
  };

  /**
   * @param {readonly string[]} inSight
   * @param {AbortSignal} within
   */
  const drawCurves = async (inSight, within) => {
    const now = performance.now();
    const stale = inSight.filter((name) => now - (memory.get(name)?.pathAt ?? -Infinity) > CURVES_MS / 2);
    if (stale.length === 0) return;
    const { asOf, rows } = await getDetailed(stale, within);
    for (const [name, { value, detail }] of rows) {
      const known = remembered(name);
      known.shown ??= readValue(value);
      known.path = pathOf(readCells(detail), asOf);
      known.pathAt = now;
    }
    list.refresh();
  };

  /** @param {{ isNew: boolean }} options */
  const showFound = async ({ isNew }) => {
    if (all === undefined) return;
    asked.abort();
    asked = new AbortController();
    const within = asked.signal;
    if (isNew) applied = { text: input.value, isPattern: isPattern.checked };
    try {
      const next = await find(applied, { all, signal: within });
      if (within.aborted || signal.aborted) return;
      const isSame = next.length === names.length && next.every((name, index) => name === names[index]);
      names = next;
      problem.textContent = "";
      if (isNew) active = 0;
      active = Math.max(0, Math.min(active, names.length - 1));
      if (!isSame || isNew) list.reset(names.length);
      if (isNew) box.scrollTop = 0;
    } catch (error) {
      if (within.aborted || error instanceof Trouble) return;
      if (!(error instanceof Refused)) throw error;
      problem.textContent = error.message;
    }
    describe();
  };

  const describe = () => {
    const total = all?.names.length ?? 0;
    const cut = names.length > list.length ? `, the first ${count(list.length)} shown` : "";
    const text = names.length === total
      ? `${count(total)} ${total === 1 ? "tab" : "tabs"}`
      : `${count(names.length)} of ${count(total)}`;
    setText(found, text + cut);
    box.setAttribute("aria-rowcount", String(names.length + 1));
    box.hidden = names.length === 0;
    empty.hidden = names.length > 0;
    if (names.length === 0) empty.replaceChildren(...(total === 0 ? nothingRecorded() : nothingFound()));
    showActive();
  };

  const showActive = () => {
    if (names.length > 0) box.setAttribute("aria-activedescendant", `tab-${active}`);
    list.refresh();
  };

  /** @param {number} index */
  const activate = (index) => {
    active = Math.max(0, Math.min(index, list.length - 1));
    list.reveal(active);
    showActive();
  };

  const searched = () => {
    history.replaceState(null, "", hash());
    clearTimeout(typed);
    typed = setTimeout(() => void searchNow(), TYPED_MS);
  };
  const searchNow = async () => {
    clearTimeout(typed);
    typed = undefined;
    await showFound({ isNew: true });
  };
  const enterList = async () => {
    if (typed !== undefined) await searchNow();
    box.focus();
    activate(active);
  };
  input.addEventListener("input", searched);
  isPattern.addEventListener("change", searched);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value !== "") {
      input.value = "";
      searched();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      void enterList();
    }
  });
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") {
      if (event.target === box && names[active] !== undefined) location.hash = tabHash(names[active]);
      return;
    }
    const to = {
      ...{ ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + list.page, PageUp: active - list.page },
      ...{ Home: 0, End: names.length - 1 },
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (event.key === "ArrowUp" && active === 0) input.focus();
    else activate(to);
  });
  space.addEventListener("click", ({ target }) => {
    // A link goes its own way, perhaps into another window.
    const row = target instanceof Element && target.closest("a") === null ? target.closest(".row") : null;
    const name = row === null ? undefined : names[Number(row.id.replace("tab-", ""))];
    if (name !== undefined) location.hash = tabHash(name);
  });

  const restore = async () => {
    const { active: wasActive, scrollTop } = left.hash === hash() ? left : { active: 0, scrollTop: 0 };
    await showFound({ isNew: true });
    if (signal.aborted || names.length === 0) return;
    active = wasActive;
    box.scrollTop = scrollTop;
    showActive();
  };

  signal.addEventListener("abort", () => {
    Object.assign(left, { hash: hash(), active });
    asked.abort();
    watching.abort();
    clearTimeout(typed);
  });
  box.addEventListener("scroll", () => Object.assign(left, { hash: hash(), scrollTop: box.scrollTop }), {
    passive: true,
    signal,
  });
  void restore();
  void repeat(async () => {
    all = left.all = await getTypes({ signal });
    await showFound({ isNew: false });
  }, { everyMs: NAMES_MS, signal });
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
