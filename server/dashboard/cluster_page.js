// The cluster: its servers, what waits in its queues, how long things take, and whether the books balance.
// @ts-check
/// <reference lib="dom" />

import { fields, get, numberOf, textOf } from "./api.js";
import { element, figureList, setText, table } from "./dom.js";
import { bytes, count, duration, NOTHING } from "./format.js";
import { repeat } from "./repeat.js";
import { PERCENTILES, readValue, WINDOW_TEXTS, WINDOWS } from "./values.js";

const STATUS_MS = 2000;
const OTHERS_MS = 2000;

/**
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 */
export function showClusterPage(main, signal) {
  document.title = "Cluster – Taba";
  const overview = newTiles();
  const servers = table("Servers", ["Server", "Roles", ">Buckets", ">Up for"]);
  const shards = table("Shards", ["Shard", ">Buckets", ">Queued entries", ">Queued bytes", ">Oldest entry"]);
  const shardSection = element("section", { "aria-label": "Shards" }, element("h2", {}, "Shards"), shards.box);
  shardSection.hidden = true;
  const delays = newDelays();
  const ledger = figureList();
  const ledgerSection = element(
    "section",
    { "aria-label": "Events" },
    element("h2", {}, "Events of all time"),
    ledger.box,
  );
  ledgerSection.hidden = true;
  const own = figureList();
  main.replaceChildren(element(
    "div",
    { class: "page" },
    element("h1", {}, "Cluster"),
    overview.box,
    element("section", { "aria-label": "Servers" }, element("h2", {}, "Servers"), servers.box),
    shardSection,
    ledgerSection,
    element("section", { "aria-label": "Delays" }, element("h2", {}, "Delays of this server"), delays.box),
    element("section", { "aria-label": "This server" }, element("h2", {}, "This server"), own.box),
  ));

  void repeat(async () => {
    const status = fields(await get("/status", { signal, lackOf: storeTroubleOf }));
    overview.show(status);
    const store = fields(status.store);
    showShards(store.shards);
    showLedger(store.events);
    const { ingest, drain, version, id } = status;
    own.show([
      ["version", textOf(version) ?? NOTHING],
      ["id", textOf(id) ?? NOTHING],
      ...figuresOf("ingest", ingest),
      ...figuresOf("drain", drain),
    ]);
  }, { everyMs: STATUS_MS, signal });

  /** @param {unknown} given */
  function showShards(given) {
    const rows = Object.entries(fields(given));
    shardSection.hidden = rows.length === 0;
    shards.show(rows.map(([name, shard]) => {
      const { buckets, queues } = fields(shard);
      const { entries, bytes: size, oldestS } = fields(queues);
      const figures = [
        figure(numberOf(buckets), count),
        figure(numberOf(entries), count),
        figure(numberOf(size), bytes),
      ];
      return [name, ...figures, waited(oldestS)];
    }));
  }

  /** @param {unknown} given */
  function showLedger(given) {
    const { enqueued, committed, queued, ...others } = fields(given);
    ledgerSection.hidden = numberOf(enqueued) === undefined;
    ledger.show([
      ["accepted from senders", figure(numberOf(enqueued), count)],
      ["committed to States", figure(numberOf(committed), count)],
      ["still in queues", figure(numberOf(queued), count)],
      ...Object.entries(others).flatMap(([name, value]) => figuresOf(name, value)),
    ]);
  }

  void repeat(async () => {
    const now = Date.now() / 1000;
    servers.show(
      Object.entries(fields(await get("/servers", { signal }))).map(([id, server]) => {
        const { url, roles, started, buckets } = fields(server);
        return [
          serverLink(textOf(url) ?? "", id),
          Array.isArray(roles) ? roles.join(", ") : "",
          figure(numberOf(buckets), count),
          duration(Math.max(0, now - (numberOf(started) ?? now))),
        ];
      }),
    );
    delays.show(fields(await get("/latency", { signal })));
  }, { everyMs: OTHERS_MS, signal });
}

/** @param {unknown} status */
function storeTroubleOf(status) {
  const error = textOf(fields(fields(status).store).error);
  return error === undefined ? undefined : `The store can't be read: ${error}`;
}

/**
 * The same page as another server shows it.
 * @param {string} url
 * @param {string} id
 */
function serverLink(url, id) {
  const isWeb = /^https?:\/\//.test(url);
  return isWeb ? element("a", { href: `${url}/#/cluster`, title: id }, url) : element("span", { title: id }, url || id);
}

/** In the order of an event's way. */
const DELAY_TEXTS = {
  enqueue: "Enqueue: until the store has a post",
  commit: "Commit: until what the store has is in the States",
};

/** A table for each delay that was measured. */
function newDelays() {
  const none = element("p", { class: "note" }, "This server has measured none lately.");
  const views = Object.entries(DELAY_TEXTS).map(([name, title]) => {
    const { box, show } = table(title, ["", ">Measured", ...PERCENTILES.map((pct) => `>${pct} %`)]);
    const view = element("div", { class: "stack" }, element("p", { class: "note" }, title), box);
    view.hidden = true;
    return { name, view, show };
  });
  return {
    box: element("div", { class: "stack" }, none, ...views.map(({ view }) => view)),
    /** @param {import("./api.js").Fields} valueByName */
    show(valueByName) {
      for (const { name, view, show } of views) {
        const shown = readValue(valueByName[name]);
        if (shown.kind !== "windows") continue;
        view.hidden = false;
        none.hidden = true;
        show(WINDOWS.map((window) => {
          const { count: events, pct = [] } = shown.windows[window];
          return [WINDOW_TEXTS[window], count(events), ...PERCENTILES.map((_, place) => duration(pct[place]))];
        }));
      }
    },
  };
}

function newTiles() {
  const names = ["Tabs", "Clients", "Servers", "Buckets", "Queued entries", "Queued bytes", "Oldest entry"];
  const values = names.map(() => element("dd", {}, NOTHING));
  const tiles = names.map((name, index) => element("div", { class: "tile" }, element("dt", {}, name), values[index]));
  return {
    box: element("dl", { class: "tiles" }, ...tiles),
    /** @param {import("./api.js").Fields} status */
    show(status) {
      const store = fields(status.store);
      const queues = fields(store.queues);
      const texts = [
        figure(numberOf(store.tabs), count),
        figure(numberOf(store.clients), count),
        Array.isArray(store.members) ? count(store.members.length) : NOTHING,
        figure(numberOf(store.buckets), count),
        figure(numberOf(queues.entries), count),
        figure(numberOf(queues.bytes), bytes),
        waited(queues.oldestS),
      ];
      texts.forEach((text, index) => setText(values[index], text));
    },
  };
}

/** @param {unknown} oldestS null where nothing waits */
function waited(oldestS) {
  return oldestS === null ? "none" : duration(numberOf(oldestS));
}

/**
 * All figures under a name, one a row, whatever they are: "drain held bytes".
 * @param {string} name
 * @param {unknown} value
 * @returns {[name: string, text: string][]}
 */
function figuresOf(name, value) {
  if (typeof value === "number") return [[name, Number.isInteger(value) ? count(value) : String(value)]];
  if (typeof value === "string") return [[name, value]];
  return Object.entries(fields(value)).flatMap(([key, inner]) => figuresOf(`${name} ${words(key)}`, inner));
}

/**
 * @param {number | undefined} value
 * @param {(value: number) => string} text
 */
function figure(value, text) {
  return value === undefined ? NOTHING : text(value);
}

/** @param {string} key in camel case */
function words(key) {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
