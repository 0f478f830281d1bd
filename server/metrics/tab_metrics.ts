// Tabs for Prometheus. All samples of a family must stand together there, while tabs come one by one; so the tabs are
// asked for once and held for the families that follow, as long as they are few enough. More than that are asked for
// again, family by family: slower, but in the same memory.

import type { Json } from "../../core/event.ts";
import { PERCENTILES, WINDOWS } from "../../core/handlers/figures.ts";
import { type Family, familyHead, labelsText, sampleText } from "../../service/prometheus.ts";
import type { Found } from "../query.ts";
import { memberOf } from "../rendered.ts";
import { tabLabels } from "./tab_labels.ts";

/** What a family takes from a tab: further labels, as they are written, and a number. */
type Sample = readonly [labels: string, value: number];

interface TabFamily extends Family {
  samplesOf(tab: Tab): Iterable<Sample>;
}

interface Tab {
  readonly labels: string;
  readonly type: string;
  /** As its handler renders it. */
  readonly value: Json;
}

/** The window of types that have none: all time. */
const ALL = "all";

/** Of these the values are names. */
const GAUGES: ReadonlySet<string> = new Set(["Gauge", "ExpiryGauge"]);

const labelsByWindow = new Map([...WINDOWS, ALL].map((window) => [window, labelsText([["window", window]])]));
const quantileLabels = PERCENTILES.map((quantile) => labelsText([["quantile", String(quantile)]]));

const FAMILIES: readonly TabFamily[] = [
  {
    name: "taba_count",
    type: "gauge",
    help: "Events of a tab in a window of time",
    samplesOf: (tab) => figures(tab, "count"),
  },
  {
    name: "taba_total",
    type: "gauge",
    help: "Sum of a tab's values in a window of time",
    samplesOf: (tab) => figures(tab, "total"),
  },
  {
    name: "taba_quantile",
    type: "gauge",
    help: "Quantiles of a tab's values in a window of time, within 0.5 %",
    samplesOf: quantilesOf,
  },
  {
    name: "taba_gauge",
    type: "gauge",
    help: "Clients whose last value of a gauge is this one",
    samplesOf: holders,
  },
];

/** Begins anew each time. */
export type AskTabs = () => AsyncIterable<Found> | Iterable<Found>;

export interface TabsMetricsOptions {
  readonly now: number;
  /** For what is held. Tabs that don't find any are asked for again for each family. */
  readonly room: SampleRoom;
}

/** Tabs as of `now`, family by family. */
export async function* tabsMetrics(ask: AskTabs, options: TabsMetricsOptions): AsyncGenerator<string> {
  using held = new HeldTabs(options.room);
  for (const family of FAMILIES) {
    let isBegun = false;
    for await (const tab of held.areAll ? held.tabs : tabsOf(ask(), options.now)) {
      if (!held.areAll) held.add(tab);
      let text = "";
      for (const [labels, value] of family.samplesOf(tab)) {
        text += sampleText(family.name, `${tab.labels},${labels}`, value);
      }
      if (text === "") continue;
      yield isBegun ? text : familyHead(family) + text;
      isBegun = true;
    }
    held.end();
  }
}

/** What can't be read has no numbers to show. */
async function* tabsOf(found: AsyncIterable<Found> | Iterable<Found>, now: number): AsyncGenerator<Tab> {
  for await (const { name, type, content } of found) {
    if (!content.ok) continue;
    const { handler, state } = content;
    yield { labels: labelsText(tabLabels(name, type)), type: handler.type, value: handler.render(state, now) };
  }
}

/** Room for samples, shared by all answers under way: a slow reader keeps what he has as long as he likes. */
export class SampleRoom {
  #left: number;

  constructor(samples: number) {
    this.#left = samples;
  }

  take(samples: number): boolean {
    if (samples > this.#left) return false;
    this.#left -= samples;
    return true;
  }

  giveBack(samples: number): void {
    this.#left += samples;
  }
}

/** The tabs of the first pass, or none of them where they are too many. */
class HeldTabs implements Disposable {
  readonly tabs: Tab[] = [];
  readonly #room: SampleRoom;
  #samples = 0;
  #state: "collecting" | "all" | "too many" = "collecting";

  constructor(room: SampleRoom) {
    this.#room = room;
  }

  get areAll(): boolean {
    return this.#state === "all";
  }

  add(tab: Tab): void {
    if (this.#state !== "collecting") return;
    let samples = 0;
    for (const family of FAMILIES) for (const _ of family.samplesOf(tab)) samples++;
    if (this.#room.take(samples)) {
      this.#samples += samples;
      this.tabs.push(tab);
    } else {
      this[Symbol.dispose]();
      this.#state = "too many";
    }
  }

  end(): void {
    if (this.#state === "collecting") this.#state = "all";
  }

  [Symbol.dispose](): void {
    this.tabs.length = 0;
    this.#room.giveBack(this.#samples);
    this.#samples = 0;
  }
}

function* figures({ type, value }: Tab, figure: "count" | "total"): Generator<Sample> {
  if (GAUGES.has(type)) return;
  for (const [window, labels] of labelsByWindow) {
    const number = memberOf(window === ALL ? value : memberOf(value, window), figure);
    if (typeof number === "number") yield [labels, number];
  }
}

/** Of any value that has percentiles. */
export function* quantilesOf({ type, value }: Pick<Tab, "type" | "value">): Generator<Sample> {
  if (GAUGES.has(type)) return;
  // Percentiles that stand beside windows are the last day's.
  const beside = memberOf(value, "1d") === undefined ? ALL : "1d";
  for (const [window, labels] of labelsByWindow) {
    const pct = memberOf(window === ALL ? value : memberOf(value, window), "pct");
    if (!Array.isArray(pct)) continue;
    const windowed = window === ALL ? labelsByWindow.get(beside) : labels;
    for (const [index, labels] of quantileLabels.entries()) {
      if (typeof pct[index] === "number") yield [`${windowed},${labels}`, pct[index]];
    }
  }
}

function* holders({ type, value }: Tab): Generator<Sample> {
  if (!GAUGES.has(type)) return;
  for (const [held, clients] of Object.entries(Object(value))) {
    if (typeof clients === "number") yield [labelsText([["value", held]]), clients];
  }
}
