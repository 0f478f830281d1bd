// What deletions at the head of a bucket's queue take out of its States, as commits of bounded size for the owner to do.
// Everything enqueued before them has been committed, so that the States are all there is to remove. Until the deletions
// themselves leave the queue, with the last of the commits, whoever reads passes over what they take; whatever ends the
// work before, it begins again. Each of the commits relies on them: where a fail-over has lost them nothing more goes.
//
// To delete clients the others of their tab must be read. Where they can't be, all behind the deletion waits with it, but
// for a deletion of the whole tab: what lies in States was accepted before that one too, so it goes, relying on that one.

import type { Handler } from "../../core/handlers/handler.ts";
import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import {
  AGGREGATE,
  isDeletionOf,
  type Lease,
  type QueueChunk,
  type QueueCursor,
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
  /** What it relies on in place of the deletions in work: a later one. */
  readonly reliedOn?: QueueCursor | undefined;
}

/** Someone else has the bucket, or it is not what it was. */
interface Lost {
  readonly kind: "lost";
}

/** A tab of which only clients are deleted can't be read here. */
export interface Unreadable {
  readonly kind: "unreadable";
  readonly tab: string;
  readonly why: string;
}

/** The changes of the last commit, or why there is none. */
export type DeletionEnd = { readonly kind: "done"; readonly changes: Changes } | Lost | Unreadable;

type Rest = { readonly kind: "rest"; readonly aggregate: StoredState | undefined } | Lost | Unreadable;

const NOTHING: Changes = { states: [], removed: [] };
/** Tabs whose clients are listed at once: each may have many. */
const LISTED_TABS = 64;
/** Half of what a commit takes, so that one more tab and the Aggregates of all that are gone always fit. */
const CHANGES_MAX = limits.commitStatesMax / 2;

/** Works through the deletions of a chunk a step at a time. */
export async function* changesFor(
  { entries: deletions, cursor }: QueueChunk,
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
      const kept = isWhole ? [] : clients.filter((client) => !named.has(client));
      const rest = yield* restOf(kept.map((client) => ({ tab, client })), options);
      if (rest.kind === "lost") return rest;
      if (rest.kind === "unreadable") {
        const outcome = yield* removeWhole({ tab, clients, cursor }, options);
        if (outcome === "removed") continue;
        return outcome === "lost" ? { kind: "lost" } : rest;
      }
      const { aggregate } = rest;
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

/** The Aggregate of clients that stay, reduced as they come. Undefined for one State at most, which stands for it. */
async function* restOf(keys: readonly StateKey[], options: DeletionOptions): AsyncGenerator<Changes, Rest> {
  const { store, registry, lease } = options;
  let reduced: { readonly tab: string; readonly handler: Handler; readonly state: unknown } | undefined;
  let count = 0;
  for (let from = 0; from < keys.length; from += limits.readKeysMax) {
    const stored = await store.load(lease(), keys.slice(from, from + limits.readKeysMax));
    if (stored === undefined) return { kind: "lost" };
    for (const one of stored) {
      const loaded = loadState(registry, one);
      if (!loaded.ok) return { kind: "unreadable", tab: one.tab, why: loaded.why };
      if (reduced === undefined) reduced = { tab: one.tab, ...loaded };
      else reduced.handler.reduce(reduced.state, loaded.state);
      count++;
    }
    yield NOTHING;
  }
  if (reduced === undefined || count < 2) return { kind: "rest", aggregate: undefined };
  const { tab, handler, state } = reduced;
  return { kind: "rest", aggregate: storeState({ tab, client: AGGREGATE }, handler, state) };
}

/** Removes a tab of which the whole is to be deleted by what waits after the cursor, or finds none that does so. */
async function* removeWhole(
  { tab, clients, cursor }: {
    readonly tab: string;
    readonly clients: readonly string[];
    readonly cursor: QueueCursor | undefined;
  },
  { store, lease }: DeletionOptions,
): AsyncGenerator<Changes, "removed" | "none" | "lost"> {
  let reliedOn = cursor;
  for (let isFound = false; !isFound;) {
    yield NOTHING;
    const chunk = await store.readQueue(lease(), reliedOn, limits.chunkBytesMax);
    if (chunk === undefined) return "lost";
    if (chunk.entries.length === 0) return "none";
    isFound = chunk.entries.some((entry) => isDeletionOf({ tab, client: AGGREGATE }, entry));
    reliedOn = chunk.cursor;
  }
  const removed = [...clients, AGGREGATE].map((client) => ({ tab, client }));
  for (let from = 0; from < removed.length; from += CHANGES_MAX) {
    yield { states: [], removed: removed.slice(from, from + CHANGES_MAX), reliedOn };
  }
  return "removed";
}
