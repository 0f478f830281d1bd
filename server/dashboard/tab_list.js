// The list of tabs: a grid of which only the rows in sight exist, with one active row that the keys move.
// @ts-check
/// <reference lib="dom" />

import { element } from "./dom.js";
import { FiguresInSight, figuresOf } from "./figures_in_sight.js";
import { tabHash } from "./route.js";
import { COLUMNS, newTabRow } from "./tab_row.js";
import { VirtualList } from "./virtual_list.js";

/** @typedef {{ active: string | undefined, scrollTop: number }} Place `active`: a name; none for the first row */

export class TabList {
  /** What scrolls, and takes the keys. */
  box;
  #list;
  /** @type {readonly string[]} */
  #names = [];
  /** @type {ReadonlyMap<string, string>} */
  #typeByName = new Map();
  #active = 0;
  #onTop;

  /** @param {{ onTop: () => void, signal: AbortSignal }} options `onTop`: the keys went up from the first row */
  constructor({ onTop, signal }) {
    this.#onTop = onTop;
    const headings = COLUMNS.map(({ heading, className }) =>
      element("div", { class: className, role: "columnheader" }, heading)
    );
    const head = element("div", { class: "row head", role: "row", "aria-rowindex": 1 }, ...headings);
    const space = element("div", { class: "space", role: "rowgroup" });
    const headBox = element("div", { class: "head-box", role: "rowgroup" }, head);
    const grid = { role: "grid", "aria-label": "Tabs", "aria-readonly": "true" };
    this.box = element("div", { class: "list", id: "tabs", tabindex: 0, ...grid }, headBox, space);
    const figures = new FiguresInSight({ onNews: () => this.#list.refresh(), signal });
    this.#list = new VirtualList({
      ...{ box: this.box, space, signal },
      newRow: () => this.#newRow(),
      onSettled: ({ first, end }) => figures.follow(this.#names.slice(first, end)),
    });
    this.box.addEventListener("keydown", (event) => this.#pressed(event));
    space.addEventListener("click", ({ target }) => this.#clicked(target));
  }

  /** How many rows there can be at most of what is shown. */
  get length() {
    return this.#list.length;
  }

  /** As long as nobody has gone to the first row, it is just the first. @returns {Place} */
  get place() {
    const isChosen = this.#active > 0 || this.box.matches(":focus-within");
    return { active: isChosen ? this.#names[this.#active] : undefined, scrollTop: this.box.scrollTop };
  }

  /**
   * Where it stays when it shows other names: what is in sight stands still, but at the very top new ones may come in.
   * @param {readonly string[]} names
   * @returns {Place}
   */
  placeAmong(names) {
    const { active, scrollTop } = this.place;
    const { firstInSight } = this.#list;
    const index = scrollTop > 0 ? names.indexOf(this.#names[firstInSight]) : -1;
    return { active, scrollTop: scrollTop + (index < 0 ? 0 : this.#list.heightOf(index - firstInSight)) };
  }

  /**
   * @param {readonly string[]} names
   * @param {{ typeByName: ReadonlyMap<string, string>, place: Place }} options
   */
  show(names, { typeByName, place }) {
    const isSame = names.length === this.#names.length && names.every((name, index) => name === this.#names[index]);
    this.#names = names;
    this.#typeByName = typeByName;
    this.#active = this.#indexOf(place.active);
    this.box.setAttribute("aria-rowcount", String(names.length + 1)); // and the headings
    this.box.hidden = names.length === 0;
    if (!isSame) this.#list.reset(names.length);
    if (this.box.scrollTop !== place.scrollTop) this.box.scrollTop = place.scrollTop;
    this.#showActive();
  }

  /** The keys are the list's from now on. */
  enter() {
    this.box.focus();
    this.#activate(this.#active);
  }

  #newRow() {
    const { element, show } = newTabRow();
    return {
      element,
      show: (/** @type {number} */ index) => {
        const name = this.#names[index];
        const { shown, path = "" } = figuresOf(name) ?? {};
        const type = this.#typeByName.get(name) ?? "";
        show({ name, type, index, isActive: index === this.#active, path, shown });
      },
    };
  }

  /** Of a name that has gone: the row that comes to stand there. @param {string | undefined} name */
  #indexOf(name) {
    const index = name === undefined ? 0 : this.#names.indexOf(name);
    return index < 0 ? Math.max(0, Math.min(this.#active, this.#names.length - 1)) : index;
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = Math.max(0, Math.min(index, this.length - 1));
    this.#list.reveal(this.#active);
    this.#showActive();
  }

  #showActive() {
    if (this.#names.length > 0) this.box.setAttribute("aria-activedescendant", `tab-${this.#active}`);
    this.#list.refresh();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const active = this.#active;
    const { page } = this.#list;
    const to = {
      ...{ ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page },
      ...{ Home: 0, End: this.length - 1 },
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (event.key === "ArrowUp" && active === 0) this.#onTop();
      else this.#activate(to);
    } else if (event.key === "Enter" && event.target === this.box && this.#names[active] !== undefined) {
      location.hash = tabHash(this.#names[active]);
    }
  }

  /** @param {EventTarget | null} target */
  #clicked(target) {
    // A link goes its own way, perhaps into another window.
    const row = target instanceof Element && target.closest("a") === null ? target.closest(".row") : null;
    const name = row === null ? undefined : this.#names[Number(row.id.replace("tab-", ""))];
    if (name !== undefined) location.hash = tabHash(name);
  }
}
