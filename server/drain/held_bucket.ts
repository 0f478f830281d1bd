// One bucket while this server holds its lease: what was read from its queue and is not committed yet, and the States
// that it goes into. Every method that asks the store answers whether the bucket is still as it is held here; if not,
// the whole object is thrown away and the bucket read again.

import { assert, unreachable } from "../../core/assert.ts";
import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { HeldTab, type Weight } from "./held_tab.ts";
import { packedBytes } from "../store/packed.ts";
import {
  AGGREGATE,
  type Commit,
  isDeletion,
  isDeletionOf,
  type Lease,
  type QueueChunk,
  type QueueCursor,
  type QueuedEntry,
  type QueueStatus,
  type StateKey,
  type Store,
  type StoredState,
} from "../store/store.ts";
import { lendState, loadState, storeState } from "../stored.ts";
import { type Changes, changesFor, type DeletionEnd, type Unreadable } from "../upkeep/deletion.ts";

export interface HeldBucketOptions {
  readonly store: Store;
  readonly registry: Registry;
  /** A name for a commit, never used before. */
  readonly nameCommit: () => string;
  /** An entry could not be read; it goes back to the queue. */
  readonly onHeldBack: (entry: QueuedEntry, why: string) => void;
  /** A deletion can't be done as its tab can't be read; it and all behind it wait for a server that can. */
  readonly onStuck: (unreadable: Unreadable) => void;
  readonly onCommitted: (committed: Committed) => void;
}

/** What makes a commit due, beside what one call can take. */
export interface CommitBounds {
  /** The longest that an entry waits for its commit. */
  readonly commitMs: number;
  /** Memory for its States: with more, and none that could be let go of, a commit makes them clean. */
  readonly heldBytesMax: number;
}

/** What a commit that went through moved. */
export interface Committed {
  readonly entries: number;
  readonly events: number;
  readonly states: number;
  readonly removed: number;
  /** When the oldest of the entries was accepted. */
  readonly oldest: number | undefined;
}

/** What an entry takes in memory beside its names and its State. */
const ENTRY_BYTES = 200;

/** What one commit will carry beside States. */
interface Uncommitted {
  readonly since: number;
  readonly oldest: number;
  entries: number;
  events: number;
}

export class HeldBucket {
  readonly #options: HeldBucketOptions;
  #lease: Lease;
  #cursor: QueueCursor | undefined;
  /** The least recently used first. Of a tab that is here, the Aggregate is held wherever the store has one. */
  readonly #tabs = new Map<string, HeldTab>();
  readonly #weight: Weight = { heldBytes: 0, dirtyBytes: 0, dirtyStates: 0 };
  /** Tabs with a stored State that can't be read here: nothing may be written over it. */
  readonly #whyClosedByTab = new Map<string, string>();
  #heldBack: QueuedEntry[] = [];
  #heldBackBytes = 0;
  #uncommitted: Uncommitted | undefined;
  /** Deletions at the head of the queue, in work. */
  #deletion:
    | { readonly cursor: QueueCursor | undefined; readonly changes: AsyncGenerator<Changes, DeletionEnd> }
    | undefined;
  #isStuck = false;
  #consumed = 0;
  #requeued = 0;
  /** Sent, with its fate unknown: it is sent again before anything else is done. */
  #pending: { readonly commit: Commit; readonly committed: Committed } | undefined;

  constructor(lease: Lease, options: HeldBucketOptions) {
    this.#lease = lease;
    this.#options = options;
  }

  get lease(): Lease {
    return this.#lease;
  }

  get bucket(): number {
    return this.#lease.bucket;
  }

  get weight(): Readonly<Weight> {
    return this.#weight;
  }

  /** Entries that wait for a server which can read them. */
  get heldBack(): number {
    return this.#heldBack.length;
  }

  /** Entries that left the queue while this was held, if only for its tail. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Those of them that went there and were not known to be deleted. */
  get requeued(): number {
    return this.#requeued;
  }

  /** Entries read that have not left the queue yet. */
  get read(): number {
    return this.#cursor?.entries ?? 0;
  }

  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /** Whether what is held still fits the bucket that the lease was renewed for. */
  renew(lease: Lease): boolean {
    const pending = this.#pending;
    if (pending !== undefined && lease.revision === pending.commit.next) this.#settled();
    if (lease.revision !== this.#lease.revision) return false;
    this.#lease = lease;
    if (this.#pending !== undefined) {
      const { commit, committed } = this.#pending;
      this.#pending = { commit: { ...commit, lease }, committed };
    }
    return true;
  }

  hasUnread(queue: QueueStatus | undefined): boolean {
    if (this.#heldBackBytes >= limits.heldBackBytesMax || this.#isStuck) return false;
    if (this.#deletion !== undefined) return true;
    // Fewer entries than were read already also is a reason to look.
    return (queue?.entries ?? 0) !== (this.#cursor?.entries ?? 0);
  }

  isCommitDue(now: number, { commitMs, heldBytesMax }: CommitBounds): boolean {
    const { dirtyStates, dirtyBytes, heldBytes } = this.#weight;
    if (dirtyStates === 0 && this.#heldBackBytes < limits.heldBackBytesMax) return false;
    // One more read must still fit into the same commit.
    const isFull = dirtyStates >= limits.commitStatesMax / 2 || dirtyBytes >= limits.commitBytesMax;
    if (isFull || (dirtyStates > 0 && heldBytes > heldBytesMax)) return true;
    return this.#uncommitted !== undefined && now >= this.#uncommitted.since + commitMs / 1000;
  }

  /** Tries a deletion that could not be done once more: by now one of the whole tab may wait behind it. */
  unstick(): void {
    this.#isStuck = false;
  }

  /** Reads on in the queue and takes in what it finds. False where the bucket is lost. */
  async readOn(now: number): Promise<boolean> {
    assert(this.#pending === undefined, "a commit is settled before anything else");
    if (this.#deletion !== undefined) return await this.#delete();
    const chunk = await this.#options.store.readQueue(this.#lease, this.#cursor, limits.chunkBytesMax);
    if (chunk === undefined) return false;
    if (chunk.entries.some(isDeletion)) return await this.#meetDeletions(chunk);
    if (!await this.#load(missingOf(chunk.entries, this.#tabs))) return false;
    for (const entry of chunk.entries) this.#take(entry, now);
    this.#cursor = chunk.cursor;
    return true;
  }

  /**
   * Commits what has changed, removes States, and writes others that are not held here. False where the bucket is lost.
   * @throws {StoreTrouble} after which `settle` must be called before anything else
   */
  async commit({ removed, states: others, reliedOn }: Changes = { removed: [], states: [] }): Promise<boolean> {
    assert(this.#pending === undefined, "a commit is settled before anything else");
    for (const { tab, client } of removed) this.#drop(tab, client);
    const states: StoredState[] = [...others];
    for (const tab of this.#tabs.values()) if (tab.isDirty) states.push(...tab.clean());
    const { entries = 0, events = 0, oldest } = this.#uncommitted ?? {};
    this.#requeued += this.#heldBack.length;
    this.#pending = {
      commit: {
        lease: this.#lease,
        next: this.#options.nameCommit(),
        consumed: this.#cursor,
        reliedOn: reliedOn ?? this.#deletion?.cursor,
        requeued: this.#heldBack,
        states,
        removed,
      },
      committed: {
        entries: entries - this.#heldBack.length,
        events,
        states: states.length,
        removed: removed.length,
        oldest,
      },
    };
    return await this.settle();
  }

  /** Learns the fate of a commit that trouble left open. False where the bucket is lost. */
  async settle(): Promise<boolean> {
    if (this.#pending === undefined) return true;
    if (!await this.#options.store.commit(this.#pending.commit)) return false;
    this.#settled();
    return true;
  }

  /** Those of the States that say nothing any more; undefined where the bucket is lost. */
  async emptyAmong(keys: readonly StateKey[], now: number): Promise<readonly StateKey[] | undefined> {
    const { store, registry } = this.#options;
    const isHeld = ({ tab, client }: StateKey) => this.#tabs.get(tab)?.has(client) === true;
    const stored = await store.load(this.#lease, keys.filter((key) => !isHeld(key)));
    if (stored === undefined) return undefined;
    const empty: StateKey[] = keys.filter(({ tab, client }) => this.#tabs.get(tab)?.isEmpty(client, now) === true);
    for (const state of stored) {
      const lent = lendState(registry, state);
      if (lent.ok && lent.handler.isEmpty(lent.state, now)) empty.push({ tab: state.tab, client: state.client });
    }
    return empty;
  }

  /** Encodes those States anew that an older version encoded: how many, undefined where the bucket is lost. */
  async upgrade(keys: readonly StateKey[]): Promise<number | undefined> {
    const { store, registry } = this.#options;
    const stored = await store.load(this.#lease, keys);
    if (stored === undefined) return undefined;
    const states: StoredState[] = [];
    let count = 0;
    for (const state of stored) {
      const loaded = loadState(registry, state);
      if (!loaded.ok || state.version >= loaded.handler.version) continue;
      // What is held is newer than what is stored.
      if (!this.#tabs.get(state.tab)?.touch(state.client)) states.push(storeState(state, loaded.handler, loaded.state));
      count++;
    }
    if (count > 0 && !await this.commit({ states, removed: [] })) return undefined;
    return count;
  }

  /** Lets go of what has not changed, the least recently used first, until at most `bytesMax` are held. */
  evict(bytesMax: number): number {
    let evicted = 0;
    for (const [name, tab] of this.#tabs) {
      if (this.#weight.heldBytes <= bytesMax) break;
      if (tab.isDirty) continue;
      tab.dropAll();
      this.#tabs.delete(name);
      evicted++;
    }
    return evicted;
  }

  /** First all that came before them is committed. What can't be read and they take does not go back to the queue. */
  async #meetDeletions(chunk: QueueChunk): Promise<boolean> {
    if (this.#cursor !== undefined) {
      const isTaken = (entry: QueuedEntry) => chunk.entries.some((deletion) => isDeletionOf(entry, deletion));
      this.#requeued -= this.#heldBack.filter(isTaken).length;
      return await this.commit();
    }
    const { store, registry } = this.#options;
    for (const { tab } of chunk.entries) {
      this.#drop(tab, AGGREGATE);
      this.#whyClosedByTab.delete(tab);
    }
    const changes = changesFor(chunk, { store, registry, lease: () => this.#lease });
    this.#deletion = { cursor: chunk.cursor, changes };
    return true;
  }

  /** The next step of deletions. After trouble they begin anew. */
  async #delete(): Promise<boolean> {
    assert(this.#deletion !== undefined, "there is one in work");
    const { cursor, changes } = this.#deletion;
    this.#deletion = undefined;
    const next = await changes.next();
    if (next.done !== true) {
      this.#deletion = { cursor, changes };
      const { states, removed } = next.value;
      return states.length + removed.length === 0 || await this.commit(next.value);
    }
    switch (next.value.kind) {
      case "done":
        this.#cursor = cursor;
        return await this.commit(next.value.changes);
      case "lost":
        return false;
      case "unreadable":
        this.#isStuck = true;
        this.#options.onStuck(next.value);
        return true;
      default:
        unreachable(next.value);
    }
  }

  #settled(): void {
    assert(this.#pending !== undefined, "only a commit that was sent can be settled");
    const { commit, committed } = this.#pending;
    this.#lease = { ...this.#lease, revision: commit.next };
    this.#consumed += this.read;
    this.#cursor = undefined;
    this.#heldBack = [];
    this.#heldBackBytes = 0;
    this.#uncommitted = undefined;
    this.#pending = undefined;
    this.#options.onCommitted(committed);
  }

  /** All or nothing: a tab of which only a part came before trouble would be taken for one without an Aggregate. */
  async #load(keys: readonly StateKey[]): Promise<boolean> {
    const stored: StoredState[] = [];
    for (let from = 0; from < keys.length; from += limits.readKeysMax) {
      const slice = keys.slice(from, from + limits.readKeysMax);
      const states = await this.#options.store.load(this.#lease, slice);
      if (states === undefined) return false;
      stored.push(...states);
    }
    for (const state of stored) this.#keep(state);
    return true;
  }

  #keep(stored: StoredState): void {
    const { tab: name, client, bytes } = stored;
    const known = this.#tabs.get(name);
    if (known?.has(client)) return;
    const loaded = loadState(this.#options.registry, stored);
    if (!loaded.ok) {
      this.#whyClosedByTab.set(name, loaded.why);
      return;
    }
    const tab = known ?? this.#open(name, loaded.handler.type);
    tab.keep(client, loaded.state, bytes.length);
  }

  #take(entry: QueuedEntry, now: number): void {
    this.#uncommitted ??= { since: now, oldest: entry.enqueued, entries: 0, events: 0 };
    this.#uncommitted.entries++;
    const whyClosed = this.#whyClosedByTab.get(entry.tab);
    if (whyClosed !== undefined) return this.#holdBack(entry, whyClosed);
    const lent = lendState(this.#options.registry, entry);
    if (!lent.ok) return this.#holdBack(entry, lent.why);
    const tab = this.#touch(entry.tab) ?? this.#open(entry.tab, entry.type);
    if (tab.handler !== lent.handler) return this.#holdBack(entry, `its tab is a ${tab.handler.type}`);
    this.#uncommitted.events += entry.events;
    tab.take(entry.client, lent.state, entry.bytes.length);
  }

  #holdBack(entry: QueuedEntry, why: string): void {
    this.#heldBack.push(entry);
    this.#heldBackBytes += ENTRY_BYTES + packedBytes(entry);
    this.#options.onHeldBack(entry, why);
  }

  #open(name: string, type: string): HeldTab {
    const handler = this.#options.registry.get(type);
    assert(handler !== undefined, "a tab is opened with a State of its type at hand");
    const tab = new HeldTab(name, handler, this.#weight);
    this.#tabs.set(name, tab);
    return tab;
  }

  #touch(name: string): HeldTab | undefined {
    const tab = this.#tabs.get(name);
    if (tab === undefined) return undefined;
    this.#tabs.delete(name);
    this.#tabs.set(name, tab);
    return tab;
  }

  /** A tab goes with its Aggregate, which is removed last. */
  #drop(name: string, client: string): void {
    const tab = this.#tabs.get(name);
    if (tab === undefined) return;
    if (client !== AGGREGATE) return tab.drop(client);
    tab.dropAll();
    this.#tabs.delete(name);
  }
}

/** What must be loaded before these entries can be taken in. */
function missingOf(entries: readonly QueuedEntry[], tabs: ReadonlyMap<string, HeldTab>): readonly StateKey[] {
  const seenByTab = new Map<string, Set<string>>();
  const keys: StateKey[] = [];
  const add = (tab: string, client: string) => {
    const seen = seenByTab.get(tab);
    if (seen?.has(client)) return;
    if (seen === undefined) seenByTab.set(tab, new Set([client]));
    else seen.add(client);
    keys.push({ tab, client });
  };
  for (const { tab, client } of entries) {
    const held = tabs.get(tab);
    if (held === undefined) add(tab, AGGREGATE);
    if (held === undefined || !held.has(client)) add(tab, client);
  }
  return keys;
}
