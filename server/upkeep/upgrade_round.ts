// One walk through all tabs of a bucket that encodes anew what an older version of a handler encoded. A step looks at a
// few tabs, so that draining goes on between steps.

import { limits } from "../../core/limits.ts";
import type { HeldBucket } from "../drain/held_bucket.ts";
import { AGGREGATE, type Store } from "../store/store.ts";
import { keySlices } from "./key_slices.ts";

const STEP_TABS = 64;

export class UpgradeRound {
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

  /** States encoded anew. */
  get count(): number {
    return this.#count;
  }

  /** False where the bucket is lost. */
  async step(bucket: HeldBucket): Promise<boolean> {
    const tabs = this.#tabsLeft.slice(-STEP_TABS);
    const clientsByTab = await this.#store.clientsByTab(bucket.bucket, tabs);
    const withAggregates = new Map(tabs.map((tab) => [tab, [...clientsByTab.get(tab) ?? [], AGGREGATE]]));
    for (const keys of keySlices(withAggregates, limits.readKeysMax)) {
      const upgraded = await bucket.upgrade(keys);
      if (upgraded === undefined) return false;
      this.#count += upgraded;
    }
    this.#tabsLeft.length -= tabs.length;
    return true;
  }
}
