// One walk through all tabs of a bucket that removes the States which say nothing any more, and with the last State
// of a tab the tab itself. A step looks at a few tabs, so that draining goes on between steps.

import { limits } from "../../core/limits.ts";
import type { HeldBucket } from "../drain/held_bucket.ts";
import { AGGREGATE, type Store } from "../store/store.ts";
import { keySlices } from "./key_slices.ts";

const STEP_TABS = 64;

export class PruneRound {
  readonly #store: Store;
  readonly #tabsLeft: string[];
  #count = 0;

  constructor(store: Store, tabs: Iterable<string>) {
    this.#store = store;
    this.#tabsLeft = [...tabs];
  }

  get isDone(): boolean {
    return this.#tabsLeft.length === 0;
  }

  /** States removed. */
  get count(): number {
    return this.#count;
  }

  /** False where the bucket is lost. Tabs of a step that trouble ended are looked at again by the next one. */
  async step(bucket: HeldBucket, now: number): Promise<boolean> {
    const tabs = this.#tabsLeft.slice(-STEP_TABS);
    const alive = new Set<string>();
    const clientsByTab = await this.#store.clientsByTab(bucket.bucket, tabs);
    for (const keys of keySlices(clientsByTab, limits.readKeysMax)) {
      const empty = await bucket.emptyAmong(keys, now);
      if (empty === undefined) return false;
      const isEmpty = new Set(empty.map(({ tab, client }) => `${tab} ${client}`));
      for (const { tab, client } of keys) if (!isEmpty.has(`${tab} ${client}`)) alive.add(tab);
      if (empty.length > 0 && !await bucket.commit({ removed: empty, states: [] })) return false;
      this.#count += empty.length;
    }
    // Also those of which no State was found, that the store may not have forgotten yet.
    const gone = tabs.filter((tab) => !alive.has(tab)).map((tab) => ({ tab, client: AGGREGATE }));
    if (gone.length > 0 && !await bucket.commit({ removed: gone, states: [] })) return false;
    this.#tabsLeft.length -= tabs.length;
    return true;
  }
}
