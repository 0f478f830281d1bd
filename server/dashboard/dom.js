// Making elements. Texts go in as texts, never as markup: values may hold anything.
// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** @typedef {Node | string | undefined} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {readonly Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  for (const child of children) if (child !== undefined) made.append(child);
  return made;
}

/**
 * @param {string} tag
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {readonly Node[]} children
 */
export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * Sets a text only where it is another, so that nothing is laid out anew for nothing.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * An element that index.html has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html must have #${id}`);
  return found;
}

/**
 * A table with a caption for screen readers, in a box that scrolls where it is too wide.
 * @param {string} caption
 * @param {readonly string[]} headings those that begin with ">" stand over numbers
 * @returns {{ box: HTMLElement, show: (rows: readonly (readonly Child[])[]) => void }}
 */
export function table(caption, headings) {
  const isNumber = headings.map((heading) => heading.startsWith(">"));
  const body = element("tbody");
  const heads = headings.map((heading, index) =>
    element("th", { scope: "col", class: isNumber[index] ? "number" : "" }, heading.replace(/^>/, ""))
  );
  const made = element("table", {}, element("caption", { class: "hidden" }, caption));
  made.append(element("thead", {}, element("tr", {}, ...heads)), body);
  const box = element("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": caption }, made);
  return {
    box,
    show(rows) {
      while (body.rows.length > rows.length) body.deleteRow(-1);
      rows.forEach((cells, place) => showCells(body.rows[place] ?? body.insertRow(), cells));
    },
  };

  /**
   * @param {HTMLTableRowElement} row
   * @param {readonly Child[]} cells
   */
  function showCells(row, cells) {
    cells.forEach((cell, index) => {
      const attributes = { class: isNumber[index] ? "number" : "" };
      if (row.cells[index] === undefined) {
        row.append(index === 0 ? element("th", { scope: "row", ...attributes }) : element("td", attributes));
      }
      showIn(row.cells[index], cell ?? "");
    });
  }
}

/**
 * Leaves what is the same already, so that focus and selection stay.
 * @param {HTMLElement} holder
 * @param {Node | string} content
 */
function showIn(holder, content) {
  if (typeof content === "string") setText(holder, content);
  else if (holder.firstChild === null || !content.isEqualNode(holder.firstChild)) holder.replaceChildren(content);
}

/** Names with their values, in columns. */
export function figureList() {
  const box = element("dl", { class: "figure-list" });
  return {
    box,
    /** @param {readonly (readonly [name: string, text: string])[]} figures */
    show(figures) {
      while (box.childElementCount > figures.length) box.lastElementChild?.remove();
      figures.forEach(([name, text], place) => {
        if (box.children[place] === undefined) box.append(element("div", {}, element("dt"), element("dd")));
        const [term, value] = box.children[place].children;
        setText(term, name);
        setText(value, text);
      });
    },
  };
}

/**
 * One of several, by radio buttons.
 * @template {string} Key
 * @param {string} label what is chosen
 * @param {{ texts: readonly (readonly [Key, string])[], chosen: Key, onChoose: (key: Key) => void }} options
 */
export function choices(label, { texts, chosen, onChoose }) {
  const name = label.toLowerCase().replace(/[^a-z]+/g, "-");
  return element(
    "div",
    { class: "choices", role: "radiogroup", "aria-label": label },
    ...texts.map(([key, text]) => {
      const input = element("input", { type: "radio", name, value: key });
      input.checked = key === chosen;
      input.addEventListener("change", () => onChoose(key));
      return element("label", {}, input, element("span", {}, text));
    }),
  );
}
