// What deletions at the head of a bucket's queue take out of its States, as commits of bounded size for the owner to do.
// Everything enqueued before them has been committed, so that the States are all there is to remove. Until the deletions
// themselves leave the queue, with the last of the commits, whoever reads passes over what they take; whatever ends the
// work before, it begins again. Each of the commits relies on them: where a fail-over has lost them nothing more goes.

import type { Handler } from "../../core/handlers/handler.ts";
import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import {
  AGGREGATE,
  type Lease,
  type QueuedEntry,
  type StateKey,
  type Store,
  type StoredState,
} from "../store/store.ts";
import { loadState, storeState } from "../stored.ts";

export interface DeletionOptions {
  readonly store: Store;
  readonly registry: Registry;
  /** As it is now: commits change it. */
  readonly lease: () => Lease;
}

/** What the next commit shall do; nothing where only time has passed. */
export interface Changes {
  readonly states: readonly StoredState[];
  readonly removed: readonly StateKey[];
}

/** The changes of the last commit, or why there is none: the bucket is lost, or holds what can't be read here. */
export type DeletionEnd =
  | { readonly kind: "done"; readonly changes: Changes }
  | { readonly kind: "lost" }
  | { readonly kind: "unreadable"; readonly why: string };

const NOTHING: Changes = { states: [], removed: [] };
/** Tabs whose clients are listed at once: each may have many. */
const LISTED_TABS = 64;
/** Half of what a commit takes, so that one more tab and the Aggregates of all that are gone always fit. */
const CHANGES_MAX = limits.commitStatesMax / 2;

/** Works through deletions a step at a time. */
export async function* changesFor(
  deletions: readonly QueuedEntry[],
  options: DeletionOptions,
): AsyncGenerator<Changes, DeletionEnd> {
  const { store, lease } = options;
  let [states, removed, bytes]: [StoredState[], StateKey[], number] = [[], [], 0];
  // These go last of all, as a tab is forgotten only once no deletion of it waits any more.
  const aggregatesGone: StateKey[] = [];
  const namedByTab = [...Map.groupBy(deletions, ({ tab }) => tab)];
  for (let start = 0; start < namedByTab.length; start += LISTED_TABS) {
    const some = namedByTab.slice(start, start + LISTED_TABS);
    const clientsByTab = await store.clientsByTab(lease().bucket, some.map(([tab]) => tab));
    yield NOTHING;
    for (const [tab, ofTab] of some) {
      const named = new Set(ofTab.map(({ client }) => client));
      const clients = clientsByTab.get(tab) ?? [];
      const isWhole = named.has(AGGREGATE);
      const rest = new Rest(tab);
      const kept = isWhole ? [] : clients.filter((client) => !named.has(client));
      for (let from = 0; from < kept.length; from += limits.readKeysMax) {
        const keys = kept.slice(from, from + limits.readKeysMax).map((client) => ({ tab, client }));
        const stored = await store.load(lease(), keys);
        if (stored === undefined) return { kind: "lost" };
        const why = rest.add(stored, options.registry);
        if (why !== undefined) return { kind: "unreadable", why };
        yield NOTHING;
      }
      const aggregate = rest.aggregate();
      if (aggregate !== undefined) {
        if (bytes + aggregate.bytes.length > limits.commitBytesMax) {
          yield { states, removed };
          [states, removed, bytes] = [[], [], 0];
        }
        // With or before what it is made without: whoever begins again finds one that is right, or makes it anew.
        states.push(aggregate);
        bytes += aggregate.bytes.length;
      }
      const gone = isWhole ? clients : clients.filter((client) => named.has(client));
      if (aggregate === undefined) aggregatesGone.push({ tab, client: AGGREGATE });
      for (const client of gone) {
        removed.push({ tab, client });
        if (states.length + removed.length < CHANGES_MAX) continue;
        yield { states, removed };
        [states, removed, bytes] = [[], [], 0];
      }
    }
  }
  return { kind: "done", changes: { states, removed: [...removed, ...aggregatesGone] } };
}

/** The States of the clients that stay, reduced as they come: the Aggregate anew. */
class Rest {
  readonly #tab: string;
  #reduced: { readonly handler: Handler; readonly state: unknown } | undefined;
  #count = 0;

  constructor(tab: string) {
    this.#tab = tab;
  }

  /** Why a State can't be read, if that is so. */
  add(stored: readonly StoredState[], registry: Registry): string | undefined {
    for (const one of stored) {
      const loaded = loadState(registry, one);
      if (!loaded.ok) return loaded.why;
      if (this.#reduced === undefined) this.#reduced = loaded;
      else this.#reduced.handler.reduce(this.#reduced.state, loaded.state);
      this.#count++;
    }
    return undefined;
  }

  /** Undefined where the tab has one State at most, which stands for its Aggregate. */
  aggregate(): StoredState | undefined {
    if (this.#reduced === undefined || this.#count < 2) return undefined;
    return storeState({ tab: this.#tab, client: AGGREGATE }, this.#reduced.handler, this.#reduced.state);
  }
}
