// A list of which only the rows in sight exist: as many elements as fit, moved and filled anew while it scrolls.
// @ts-check
/// <reference lib="dom" />

/** Rows kept ready above and below. */
const OVERSCAN = 8;
/** Without a scroll for so long the list has come to rest. */
const SETTLED_MS = 120;
/** Browsers bound the height of an element: rows beyond are not shown. */
const HEIGHT_MAX = 8_000_000;

/**
 * @typedef {{ element: HTMLElement, show: (index: number) => void }} RowView
 * @typedef {{ first: number, end: number }} Range
 */

export class VirtualList {
  /** @type {HTMLElement} */
  #box;
  /** @type {HTMLElement} */
  #space;
  /** @type {() => RowView} */
  #newRow;
  /** @type {(range: Range) => void} */
  #onSettled;
  /** @type {Map<number, RowView>} */
  #viewByIndex = new Map();
  /** @type {RowView[]} */
  #spare = [];
  #length = 0;
  #rowHeight = 1;
  #boxHeight = 0;
  #isPlanned = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /**
   * @param {{ box: HTMLElement, space: HTMLElement, newRow: () => RowView, onSettled: (range: Range) => void,
   *   signal: AbortSignal }} options `box` scrolls, `space` in it holds the rows
   */
  constructor({ box, space, newRow, onSettled, signal }) {
    this.#box = box;
    this.#space = space;
    this.#newRow = newRow;
    this.#onSettled = onSettled;
    box.addEventListener("scroll", () => this.#moved(), { passive: true, signal });
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(box);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      clearTimeout(this.#settling);
    });
  }

  /** How many rows can be shown. */
  get length() {
    return this.#length;
  }

  /** The rows that exist. @returns {Range} */
  get range() {
    const first = Math.max(0, this.firstInSight - OVERSCAN);
    const seen = Math.ceil(this.#boxHeight / this.#rowHeight) + 2 * OVERSCAN;
    return { first, end: Math.min(this.#length, first + seen) };
  }

  get firstInSight() {
    return Math.floor(this.#box.scrollTop / this.#rowHeight);
  }

  /** @param {number} rows */
  heightOf(rows) {
    return rows * this.#rowHeight;
  }

  /** How many rows fit. */
  get page() {
    return Math.max(1, Math.floor(this.#boxHeight / this.#rowHeight) - 1);
  }

  /** All rows may be others now. @param {number} length */
  reset(length) {
    this.#measure();
    this.#length = Math.min(length, Math.floor(HEIGHT_MAX / this.#rowHeight));
    this.#space.style.height = `${this.#length * this.#rowHeight}px`;
    for (const index of [...this.#viewByIndex.keys()]) this.#release(index);
    this.#draw();
    this.#settle(0);
  }

  /** Shows again what the rows in sight stand for. */
  refresh() {
    for (const [index, view] of this.#viewByIndex) view.show(index);
  }

  /** Scrolls no further than needed. @param {number} index */
  reveal(index) {
    const top = index * this.#rowHeight;
    const bottom = top + this.#rowHeight - this.#boxHeight;
    if (this.#box.scrollTop > top) this.#box.scrollTop = top;
    else if (this.#box.scrollTop < bottom) this.#box.scrollTop = bottom;
    this.#draw();
  }

  #moved() {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      requestAnimationFrame(() => {
        this.#isPlanned = false;
        this.#draw();
      });
    }
    this.#settle(SETTLED_MS);
  }

  /** @param {number} ms */
  #settle(ms) {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#sort();
      this.#onSettled(this.range);
    }, ms);
  }

  /** Puts the elements in the order of what they show, for those who read by ear. */
  #sort() {
    const views = [...this.#viewByIndex].sort(([a], [b]) => a - b).map(([, { element }]) => element);
    const { children } = this.#space;
    views.forEach((element, place) => {
      if (children[place] !== element) this.#space.insertBefore(element, children[place] ?? null);
    });
  }

  #resized() {
    if (this.#measure()) this.reset(this.#length);
    else this.#moved();
  }

  #draw() {
    const { first, end } = this.range;
    for (const index of [...this.#viewByIndex.keys()]) if (index < first || index >= end) this.#release(index);
    for (let index = first; index < end; index++) if (!this.#viewByIndex.has(index)) this.#place(index);
    for (const { element } of this.#spare) element.remove();
  }

  /** Whether rows have another height than before, as they do where the page becomes narrow. */
  #measure() {
    this.#boxHeight = this.#box.clientHeight - this.#space.offsetTop; // headings stand above
    const height = parseFloat(getComputedStyle(this.#box).getPropertyValue("--row-height")) || 44;
    const isOther = height !== this.#rowHeight;
    this.#rowHeight = height;
    return isOther;
  }

  /** @param {number} index */
  #place(index) {
    const view = this.#spare.pop() ?? this.#newRow();
    this.#viewByIndex.set(index, view);
    view.element.style.transform = `translateY(${index * this.#rowHeight}px)`;
    view.show(index);
    if (!view.element.isConnected) this.#space.append(view.element);
  }

  /** @param {number} index */
  #release(index) {
    const view = this.#viewByIndex.get(index);
    this.#viewByIndex.delete(index);
    if (view !== undefined) this.#spare.push(view);
  }
}
