// One walk through all tabs of a bucket, to do the same to each. A step visits a few tabs, so that draining goes on
// between steps.

import { limits } from "../../core/limits.ts";
import type { HeldBucket } from "../drain/held_bucket.ts";
import { AGGREGATE, type Store } from "../store/store.ts";
import { keySlices } from "./key_slices.ts";

/** The tabs of a step, and where to. */
export interface Visited {
  readonly held: HeldBucket;
  readonly tabs: readonly string[];
  readonly clientsByTab: ReadonlyMap<string, readonly string[]>;
  readonly now: number;
  /** Told of States that were changed for good. */
  readonly changed: (states: number) => void;
}

/** What a round does to a few tabs; false where the bucket is lost. */
export type Visit = (visited: Visited) => Promise<boolean>;

const STEP_TABS = 64;

export class TabRound {
  readonly #store: Store;
  readonly #visit: Visit;
  #tabsLeft: string[] | undefined;
  #count = 0;

  constructor(store: Store, visit: Visit) {
    this.#store = store;
    this.#visit = visit;
  }

  /** States changed. */
  get count(): number {
    return this.#count;
  }

  /** Tabs of a step that trouble ended are visited again by the next one. */
  async step(held: HeldBucket, now: number): Promise<"done" | "more" | "lost"> {
    this.#tabsLeft ??= [...(await this.#store.tabs(held.bucket)).keys()];
    if (this.#tabsLeft.length === 0) return "done";
    const tabs = this.#tabsLeft.slice(-STEP_TABS);
    const clientsByTab = await this.#store.clientsByTab(held.bucket, tabs);
    const changed = (states: number) => this.#count += states;
    if (!await this.#visit({ held, tabs, clientsByTab, now, changed })) return "lost";
    this.#tabsLeft.length -= tabs.length;
    return this.#tabsLeft.length === 0 ? "done" : "more";
  }
}

/** Removes the States which say nothing any more, and with the last State of a tab the tab itself. */
export const prune: Visit = async ({ held, tabs, clientsByTab, now, changed }) => {
  const alive = new Set<string>();
  for (const keys of keySlices(clientsByTab, limits.readKeysMax)) {
    const empty = await held.emptyAmong(keys, now);
    if (empty === undefined) return false;
    const isEmpty = new Set(empty.map(({ tab, client }) => `${tab} ${client}`));
    for (const { tab, client } of keys) if (!isEmpty.has(`${tab} ${client}`)) alive.add(tab);
    if (empty.length > 0 && !await held.commit({ removed: empty, states: [] })) return false;
    changed(empty.length);
  }
  // Also those of which no State was found, that the store may not have forgotten yet.
  const gone = tabs.filter((tab) => !alive.has(tab)).map((tab) => ({ tab, client: AGGREGATE }));
  return gone.length === 0 || await held.commit({ removed: gone, states: [] });
};

/** Encodes anew what an older version of a handler encoded. */
export const upgrade: Visit = async ({ held, tabs, clientsByTab, changed }) => {
  const withAggregates = new Map(tabs.map((tab) => [tab, [...clientsByTab.get(tab) ?? [], AGGREGATE]]));
  for (const keys of keySlices(withAggregates, limits.readKeysMax)) {
    const upgraded = await held.upgrade(keys);
    if (upgraded === undefined) return false;
    changed(upgraded);
  }
  return true;
};
