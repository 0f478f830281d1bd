// Whether all that is stored is as it must be: every State and waiting entry can be read, is where it belongs and of its
// tab's type, every Aggregate is what its clients' States reduce to, and every queue holds the events that were enqueued
// and not committed. Reads bucket by bucket and a call's worth at a time; changes nothing.

import { bucketOf } from "../../core/buckets.ts";
import type { Json } from "../../core/event.ts";
import type { Handler } from "../../core/handlers/handler.ts";
import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import type { Clock, Pause } from "../../core/world.ts";
import { AGGREGATE, isDeletion, type StateKey, type Store, type StoredState } from "../store/store.ts";
import { loadState } from "../stored.ts";
import { keySlices } from "./key_slices.ts";

export interface CheckOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly pause: Pause;
  /** Ends the walk early. */
  readonly signal: AbortSignal;
}

export interface Problem {
  readonly bucket: number;
  /** "" for the bucket's queue. */
  readonly tab: string;
  /** "" for the tab and its Aggregate. */
  readonly client: string;
  readonly problem: string;
}

/** What was looked at, and the first problems found. */
export interface CheckReport {
  readonly buckets: number;
  readonly tabs: number;
  /** Aggregates among them. */
  readonly states: number;
  readonly entries: number;
  readonly problems: readonly Problem[];
  /** Problems beyond those listed. */
  readonly problemsMore: number;
}

const PROBLEMS_MAX = 100;
const SLICE_TABS = 64;
/** A tab that is committed time and again while it is looked at is left alone after so many looks. */
const LOOKS_MAX = 5;
/** What totals may differ by, as a part of what was added up. */
const ROUNDING = 1e-9;

export class Check {
  readonly #options: CheckOptions;
  readonly #counts = { buckets: 0, tabs: 0, states: 0, entries: 0 };
  readonly #problems: Problem[] = [];
  #problemsMore = 0;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** To be called once. */
  async run(): Promise<CheckReport> {
    const { store, signal } = this.#options;
    for (let bucket = 0; bucket < store.buckets && !signal.aborted; bucket++) {
      await this.#checkBucket(bucket);
      this.#counts.buckets++;
    }
    return { ...this.#counts, problems: this.#problems, problemsMore: this.#problemsMore };
  }

  async #checkBucket(bucket: number): Promise<void> {
    const { store, registry, pause, signal } = this.#options;
    const { enqueued, committed, queued } = await store.bucketEvents(bucket);
    if (queued !== enqueued - committed) {
      const problem = `its queue holds ${queued} events, where ${enqueued - committed} were enqueued and not committed`;
      this.#found({ bucket, tab: "", client: "" }, problem);
    }
    const typeByTab = await store.tabs(bucket);
    const tabs = [...typeByTab.keys()];
    for (let from = 0; from < tabs.length && !signal.aborted; from += SLICE_TABS) {
      await pause();
      const some = tabs.slice(from, from + SLICE_TABS);
      const clientsByTab = await store.clientsByTab(bucket, some);
      for (const tab of some) {
        const home = bucketOf(tab, store.buckets);
        if (home !== bucket) this.#found({ bucket, tab, client: "" }, `it belongs into bucket ${home}`);
        const type = typeByTab.get(tab) ?? "";
        if (registry.get(type) === undefined) this.#found({ bucket, tab, client: "" }, `type ${type} is unknown here`);
      }
      const keysByTab = new Map(some.map((tab) => [tab, [AGGREGATE, ...clientsByTab.get(tab) ?? []]]));
      await this.#checkTabs(bucket, { typeByTab, keysByTab });
      this.#counts.tabs += some.length;
    }
  }

  /** Tabs whose States one call can read are read together. */
  async #checkTabs(bucket: number, { typeByTab, keysByTab }: {
    readonly typeByTab: ReadonlyMap<string, string>;
    readonly keysByTab: ReadonlyMap<string, readonly string[]>;
  }): Promise<void> {
    for (const tabs of groupsOf(keysByTab)) {
      const tried = new Map(tabs.map((tab) => [tab, new TabCheck(this.#options, typeByTab.get(tab) ?? "")]));
      const keysOfTabs = new Map(tabs.map((tab) => [tab, keysByTab.get(tab) ?? []]));
      for (const keys of keySlices(keysOfTabs, limits.readKeysMax)) {
        await this.#options.pause();
        const { states, queued } = await this.#options.store.read(bucket, keys);
        const isWhole = new Set(keys.filter(({ client }) => client === AGGREGATE).map(({ tab }) => tab));
        for (const entry of queued) {
          // Every entry of a tab waits for its Aggregate, so it is looked at once.
          if (!isWhole.has(entry.tab)) continue;
          this.#counts.entries++;
          if (!isDeletion(entry)) {
            this.#foundIn(bucket, entry, tried.get(entry.tab)?.problemOf(entry), "a waiting entry: ");
          }
        }
        for (const state of states) {
          this.#counts.states++;
          this.#foundIn(bucket, state, tried.get(state.tab)?.take(state));
        }
      }
      for (const [tab, check] of tried) {
        const problem = check.verdict();
        if (problem !== undefined && await this.#isSettled(bucket, { tab, type: typeByTab.get(tab) ?? "" })) {
          this.#found({ bucket, tab, client: AGGREGATE }, problem);
        }
      }
    }
  }

  /** Whether a tab's Aggregate is wrong while nothing is committed or being deleted, or only was between two calls. */
  async #isSettled(bucket: number, { tab, type }: { readonly tab: string; readonly type: string }): Promise<boolean> {
    const { store, pause } = this.#options;
    const aggregate = async () => {
      const { states, queued } = await store.read(bucket, [{ tab, client: AGGREGATE }]);
      return { bytes: states[0]?.bytes.toHex(), isDeleting: queued.some(isDeletion) };
    };
    for (let look = 0; look < LOOKS_MAX; look++) {
      const before = await aggregate();
      if (before.isDeleting) return false;
      const clients = (await store.clientsByTab(bucket, [tab])).get(tab) ?? [];
      const check = new TabCheck(this.#options, type);
      for (const keys of keySlices(new Map([[tab, [AGGREGATE, ...clients]]]), limits.readKeysMax)) {
        await pause();
        for (const state of (await store.read(bucket, keys)).states) check.take(state);
      }
      if (check.verdict() === undefined) return false;
      const after = await aggregate();
      if (!after.isDeleting && after.bytes === before.bytes) return true;
    }
    return false;
  }

  #foundIn(bucket: number, { tab, client }: StateKey, problem: string | undefined, where = ""): void {
    if (problem !== undefined) this.#found({ bucket, tab, client }, where + problem);
  }

  #found(where: Omit<Problem, "problem">, problem: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ ...where, problem });
    else this.#problemsMore++;
  }
}

/** Tabs together as long as one call can read their States; one with more is by itself. */
function* groupsOf(keysByTab: ReadonlyMap<string, readonly string[]>): Generator<readonly string[]> {
  let [tabs, keys]: [string[], number] = [[], 0];
  for (const [tab, { length }] of keysByTab) {
    if (tabs.length > 0 && keys + length > limits.readKeysMax) {
      yield tabs;
      [tabs, keys] = [[], 0];
    }
    tabs.push(tab);
    keys += length;
  }
  if (tabs.length > 0) yield tabs;
}

/** The States of one tab, as they come. */
class TabCheck {
  readonly #options: CheckOptions;
  readonly #type: string;
  #aggregate: unknown;
  #reduced: { readonly handler: Handler; readonly state: unknown } | undefined;
  #clients = 0;
  #isBroken = false;
  #hasAggregate = false;
  /** An Aggregate that says nothing may outlive its clients' States until it is pruned. */
  #isSaying = false;
  #magnitude = 0;

  constructor(options: CheckOptions, type: string) {
    this.#options = options;
    this.#type = type;
  }

  problemOf(stored: StoredState): string | undefined {
    if (stored.type !== this.#type) return `it is a ${stored.type}, its tab a ${this.#type}`;
    const loaded = loadState(this.#options.registry, stored);
    return loaded.ok ? undefined : loaded.why;
  }

  take(stored: StoredState): string | undefined {
    const loaded = loadState(this.#options.registry, stored);
    if (!loaded.ok || stored.type !== this.#type) {
      this.#isBroken = true;
      return this.problemOf(stored);
    }
    if (stored.client === AGGREGATE) {
      this.#hasAggregate = true;
      this.#isSaying = !loaded.handler.isEmpty(loaded.state, this.#options.clock());
      this.#aggregate = loaded.state;
      return undefined;
    }
    this.#clients++;
    this.#magnitude += magnitudeOf(loaded.handler.render(loaded.state, this.#options.clock()));
    if (this.#reduced === undefined) this.#reduced = loaded;
    else loaded.handler.reduce(this.#reduced.state, loaded.state);
    return undefined;
  }

  /** What is wrong with the Aggregate. What can't be read spoils the question. */
  verdict(): string | undefined {
    if (this.#isBroken) return undefined;
    if (this.#reduced === undefined) {
      return this.#isSaying ? "it has an Aggregate and no State of a client" : undefined;
    }
    if (!this.#hasAggregate) return this.#clients > 1 ? `it has ${this.#clients} States and no Aggregate` : undefined;
    const { handler, state } = this.#reduced;
    const now = this.#options.clock();
    const [shown, expected] = [handler.render(this.#aggregate, now), handler.render(state, now)];
    if (isSame(shown, expected, { key: "", rounding: ROUNDING * this.#magnitude })) return undefined;
    return `its Aggregate is not what the States of its ${this.#clients} clients reduce to`;
  }
}

/** The largest number in what a State shows, times how many values there are at most: what a total may have been. */
function magnitudeOf(shown: Json): number {
  let [largest, count] = [0, 1];
  JSON.stringify(shown, (key, value) => {
    if (typeof value !== "number") return value;
    if (key === "count") count = Math.max(count, value);
    else largest = Math.max(largest, Math.abs(value));
    return value;
  });
  return largest * count;
}

/** Equal, apart from the rounding of numbers called total or average. */
function isSame(a: Json, b: Json, options: { readonly key: string; readonly rounding: number }): boolean {
  const { key, rounding } = options;
  if (typeof a === "number" && typeof b === "number") {
    const isRounded = key === "total" || key === "average";
    return a === b || (isRounded && Math.abs(a - b) <= rounding);
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [ofA, ofB] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return ofA.size === ofB.size && [...ofA].every(([inner, value]) => {
    const other = ofB.get(inner);
    return other !== undefined && isSame(value, other, { key: inner, rounding });
  });
}
