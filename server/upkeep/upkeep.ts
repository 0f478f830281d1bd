// What operators ask of a cluster beside answers: to delete, to check, and orders to all servers that drain. Each answers
// what was done.

import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../../core/refusal.ts";
import type { Clock, Pause, Sleep } from "../../core/world.ts";
import type { Membership } from "../membership.ts";
import type { Query } from "../query.ts";
import type { Selection } from "../selection.ts";
import { AGGREGATE, type Order, type StateKey, type Store } from "../store/store.ts";
import { Check, type CheckReport } from "./check.ts";

export interface UpkeepOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly query: Query;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly pause: Pause;
}

/** How long an order may take until the answer is that it is not done, ... */
const ORDER_S = 10;
/** ... and between two looks at how far it is. */
const LOOK_MS = 100;

type Outcome<Done> = Promise<Result<Done, RequestRefusal>>;

export class Upkeep {
  readonly #options: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /**
   * Deletes tabs, or with clients what tabs have of these. Whatever was accepted before is in no answer that is asked for
   * afterwards; only names are still listed where those who drain have not passed by in time. Done by half where it throws.
   */
  async delete(selection: Selection): Outcome<{ readonly tabs: number; readonly states: number }> {
    const { store, query } = this.#options;
    const isOfTabs = selection.clients.kind === "all";
    if (selection.tabs.kind === "all" && isOfTabs) {
      return refuse("query_illegal", "cannot delete as there must be a name, client or tag: there is none");
    }
    let [tabs, states] = [0, 0];
    for await (const { bucket, keys } of query.known(selection)) {
      const names = new Set(keys.map(({ tab }) => tab));
      const deleted = isOfTabs ? [...names].map((tab) => ({ tab, client: AGGREGATE })) : keys;
      for (const some of slicesOf(deleted)) await store.enqueueDeletions(bucket, some);
      tabs += names.size;
      states += keys.length;
    }
    if (states > 0) await this.#order("flush", () => {});
    return accept({ tabs, states });
  }

  /** Looks at all that is stored, for as long as that takes or until the signal aborts. */
  async check(signal: AbortSignal): Promise<CheckReport> {
    return await new Check({ ...this.#options, signal }).run();
  }

  /** Removes States that say nothing any more, which otherwise happens from time to time. */
  async gc(): Outcome<{ readonly states: number; readonly servers: number }> {
    return await this.#order("gc", (states, servers) => ({ states, servers }));
  }

  /** Commits all that was accepted before. */
  async flush(): Outcome<{ readonly entries: number; readonly servers: number }> {
    return await this.#order("flush", (entries, servers) => ({ entries, servers }));
  }

  /** Waits until each server drains just its share of the buckets; `buckets` are those that changed hands for it. */
  async rebalance(): Outcome<{ readonly servers: number; readonly buckets: number }> {
    return await this.#order("rebalance", (buckets, servers) => ({ servers, buckets }));
  }

  /** Encodes anew what older versions of handlers encoded. */
  async upgrade(): Outcome<{ readonly states: number; readonly servers: number }> {
    return await this.#order("upgrade", (states, servers) => ({ states, servers }));
  }

  /** Gives an order and waits until all servers that drain have done it. */
  async #order<Done>(kind: Order["kind"], answer: (count: number, servers: number) => Done): Outcome<Done> {
    const { membership, clock, sleep } = this.#options;
    const deadline = clock() + ORDER_S;
    const id = membership.give(kind);
    try {
      for (;;) {
        await membership.beat();
        const { drainers, finished, count } = membership.progressOf(id);
        if (finished === drainers && drainers > 0) return accept(answer(count, drainers));
        if (clock() >= deadline || drainers === 0) {
          const message = `cannot say that the ${kind} is done as all servers that drain must be through with it ` +
            `within ${ORDER_S} s: current value is ${finished} of ${drainers}; ask again`;
          return refuse("order_unfinished", message);
        }
        await sleep(LOOK_MS);
      }
    } finally {
      membership.withdraw(id);
    }
  }
}

function* slicesOf(keys: readonly StateKey[]): Generator<readonly StateKey[]> {
  for (let from = 0; from < keys.length; from += limits.readKeysMax) yield keys.slice(from, from + limits.readKeysMax);
}
