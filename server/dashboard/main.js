// The page around the pages: which one is shown, and the keys that work on all of them.
// @ts-check
/// <reference lib="dom" />

import { forgetWith, noteHeard, noteTrouble, UNANSWERED } from "./connection.js";
import { part } from "./dom.js";
import { pass } from "./repeat.js";
import { readRoute } from "./route.js";
import { showTabsPage } from "./tabs_page.js";
import { connectThemeButton } from "./theme.js";

/** Without a page's module for so long the server is said not to answer; it may still come. */
const SILENCE_MS = 10_000;
const RETRY_MS = 1000;

const main = part("main");
const keys = part("keys");
let showing = new AbortController();
/** The list as it was left: its search is in there. */
let listHash = "#/";

connectThemeButton(part("theme"));
part("help").addEventListener("click", showKeys);
part("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which page is shown
  main.focus();
});
addEventListener("hashchange", ({ oldURL }) => {
  const { hash } = new URL(oldURL);
  if (readRoute(hash).page === "tabs") listHash = hash;
  void show({ isFirst: false });
});
addEventListener("keydown", pressed);
void show({ isFirst: true });

/** @param {{ isFirst: boolean }} options */
async function show({ isFirst }) {
  showing.abort();
  showing = new AbortController();
  const { signal } = showing;
  const route = readRoute(location.hash);
  mark("to-tabs", route.page !== "cluster");
  mark("to-cluster", route.page === "cluster");
  switch (route.page) {
    case "tabs":
      showTabsPage(main, { search: route.search, signal });
      break;
    case "tab": {
      // With the charts, which the list does without.
      const page = await loaded(() => import("./tab_page.js"), signal);
      page?.showTabPage(main, { name: route.name, back: listHash, signal });
      break;
    }
    case "cluster": {
      const page = await loaded(() => import("./cluster_page.js"), signal);
      page?.showClusterPage(main, signal);
      break;
    }
  }
  if (signal.aborted) return;
  main.className = route.page;
  if (isFirst) return;
  // Whoever reads by ear or moves by key goes on where the new page begins.
  if (route.page === "tabs") document.getElementById("tabs")?.focus({ preventScroll: true });
  else main.focus();
}

/**
 * A page's module, asked for until it comes: meanwhile what was shown before stands. None once `signal` aborts.
 * @template Module
 * @param {() => Promise<Module>} load
 * @param {AbortSignal} signal
 * @returns {Promise<Module | undefined>}
 */
async function loaded(load, signal) {
  const source = "/dashboard";
  forgetWith(signal, source);
  for (let isRepeated = false;; isRepeated = true) {
    const module = await Promise.race([load(), pass(SILENCE_MS, signal)]).catch(unlessUnanswered);
    if (signal.aborted) return undefined;
    if (module) {
      if (isRepeated) noteHeard(source); // else it may have been here for long
      return module;
    }
    noteTrouble(source, UNANSWERED);
    await pass(RETRY_MS, signal);
  }
}

/** @param {unknown} error of an import: a TypeError where the file did not come */
function unlessUnanswered(error) {
  if (!(error instanceof TypeError)) throw error;
}

/**
 * @param {string} id
 * @param {boolean} isCurrent
 */
function mark(id, isCurrent) {
  if (isCurrent) part(id).setAttribute("aria-current", "page");
  else part(id).removeAttribute("aria-current");
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (keys instanceof HTMLDialogElement && keys.open) return;
  if (key === "Escape") {
    if (readRoute(location.hash).page !== "tabs") location.hash = listHash;
    else if (target instanceof HTMLElement) document.getElementById("tabs")?.focus();
    return;
  }
  if (target instanceof HTMLInputElement && ["search", "text"].includes(target.type)) return;
  const action = { "/": search, "?": showKeys, t: () => go(listHash), c: () => go("#/cluster") }[key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

/** @param {string} hash */
function go(hash) {
  location.hash = hash;
}

async function search() {
  if (readRoute(location.hash).page !== "tabs") {
    go(listHash);
    await new Promise((resolve) => addEventListener("hashchange", () => setTimeout(resolve), { once: true }));
  }
  const input = document.getElementById("search");
  if (!(input instanceof HTMLInputElement)) return;
  input.focus();
  input.select();
}

function showKeys() {
  if (keys instanceof HTMLDialogElement) keys.showModal();
}
