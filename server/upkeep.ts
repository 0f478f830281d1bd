// What operators ask of a cluster beside answers: to delete. Each answers what was done.

import { limits } from "../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import type { Query } from "./query.ts";
import type { Selection } from "./selection.ts";
import { AGGREGATE, type StateKey, type Store } from "./store/store.ts";

export interface UpkeepOptions {
  readonly store: Store;
  readonly query: Query;
}

type Outcome<Done> = Promise<Result<Done, RequestRefusal>>;

export class Upkeep {
  readonly #store: Store;
  readonly #query: Query;

  constructor(options: UpkeepOptions) {
    this.#store = options.store;
    this.#query = options.query;
  }

  /**
   * Deletes tabs, or with clients what tabs have of these. Whatever was accepted before is in no answer that is asked for
   * afterwards, though names may be listed until those who drain have passed by. Done by half where it throws.
   */
  async delete(selection: Selection): Outcome<{ readonly tabs: number; readonly states: number }> {
    const isOfTabs = selection.clients.kind === "all";
    if (selection.tabs.kind === "all" && isOfTabs) {
      return refuse("query_illegal", "cannot delete as there must be a name, client or tag: there is none");
    }
    let [tabs, states] = [0, 0];
    for await (const { bucket, keys } of this.#query.known(selection)) {
      const names = new Set(keys.map(({ tab }) => tab));
      const deleted = isOfTabs ? [...names].map((tab) => ({ tab, client: AGGREGATE })) : keys;
      for (const some of slicesOf(deleted)) await this.#store.enqueueDeletions(bucket, some);
      tabs += names.size;
      states += keys.length;
    }
    return accept({ tabs, states });
  }
}

function* slicesOf(keys: readonly StateKey[]): Generator<readonly StateKey[]> {
  for (let from = 0; from < keys.length; from += limits.readKeysMax) yield keys.slice(from, from + limits.readKeysMax);
}
