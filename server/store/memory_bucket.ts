// One bucket of the embedded store: its queue, its States, the types of its tabs, and who may drain it.

import { assert } from "../../core/assert.ts";
import { limits } from "../../core/limits.ts";
import {
  AGGREGATE,
  type BucketRead,
  type Commit,
  DELETION,
  type Entry,
  type EventCounts,
  isDeletion,
  isDeletionOf,
  type Lease,
  type QueueChunk,
  type QueueCursor,
  type QueuedEntry,
  type QueueStatus,
  type StateKey,
  type StoredState,
} from "./store.ts";

/** What the buckets of a store have in common. */
export interface Common {
  /** A name for an entry, unlike any other. */
  readonly nameEntry: () => string;
  readonly tabs: { count: number; readonly max: number };
  /** Counts the States and waiting entries of each client. */
  readonly clients: { readonly countByName: Map<string, number>; readonly max: number };
}

export type Pushed =
  | { readonly kind: "pushed" }
  | { readonly kind: "conflict"; readonly type: string }
  | { readonly kind: "full"; readonly of: "tabs" | "clients" };

interface Waiting {
  readonly name: string;
  readonly entry: QueuedEntry;
  readonly bytes: number;
}

/** What an entry costs beside its names and its State: two objects and an array, as V8 holds them. */
const ENTRY_BYTES = 200;

export class MemoryBucket {
  readonly #bucket: number;
  readonly #common: Common;
  readonly #typeByTab = new Map<string, string>();
  readonly #statesByTab = new Map<string, Map<string, StoredState>>();
  #queue: Waiting[] = [];
  #queueBytes = 0;
  readonly #events = { enqueued: 0, committed: 0 };
  #owner = "";
  #fence = 0;
  #expires = 0;
  #revision = "";

  constructor(bucket: number, common: Common) {
    this.#bucket = bucket;
    this.#common = common;
  }

  push(entry: Entry, now: number): Pushed {
    const { tabs, clients } = this.#common;
    const type = this.#typeByTab.get(entry.tab);
    if (type !== undefined && type !== entry.type) return { kind: "conflict", type };
    if (type === undefined && tabs.count >= tabs.max) return { kind: "full", of: "tabs" };
    const isNewClient = !clients.countByName.has(entry.client);
    if (isNewClient && clients.countByName.size >= clients.max) return { kind: "full", of: "clients" };
    if (type === undefined) {
      this.#typeByTab.set(entry.tab, entry.type);
      tabs.count++;
    }
    this.#append({ ...entry, enqueued: now });
    this.#events.enqueued += entry.events;
    return { kind: "pushed" };
  }

  pushDeletion(key: StateKey, now: number): void {
    this.#append({ ...key, type: DELETION, version: 0, bytes: new Uint8Array(), events: 0, enqueued: now });
  }

  get events(): EventCounts {
    return this.#events;
  }

  get queuedEvents(): number {
    return this.#queue.reduce((events, { entry }) => events + entry.events, 0);
  }

  lease(owner: string, times: { readonly now: number; readonly expires: number }): Lease | undefined {
    const isLapsed = this.#owner === "" || this.#expires <= times.now;
    if (!isLapsed && this.#owner !== owner) return undefined;
    if (isLapsed) this.#fence++;
    this.#owner = owner;
    this.#expires = times.expires;
    return { bucket: this.#bucket, owner, fence: this.#fence, revision: this.#revision };
  }

  release(lease: Lease): void {
    if (this.#isNewest(lease)) this.#owner = "";
  }

  queueStatus(): QueueStatus | undefined {
    const { length } = this.#queue;
    if (length === 0) return undefined;
    const oldest = this.#queue[0].entry.enqueued;
    return { bucket: this.#bucket, entries: length, bytes: this.#queueBytes, oldest };
  }

  readQueue(lease: Lease, cursor: QueueCursor | undefined, bytesMax: number): QueueChunk | undefined {
    if (!this.#isHeld(lease) || !this.#hasRead(cursor)) return undefined;
    const entries: QueuedEntry[] = [];
    let bytes = 0;
    let events = cursor?.events ?? 0;
    let index = cursor?.entries ?? 0;
    for (; index < this.#queue.length && entries.length < limits.readEntriesMax; index++) {
      const waiting = this.#queue[index];
      bytes += waiting.bytes;
      if (bytes > bytesMax && entries.length > 0) break;
      if (entries.length > 0 && isDeletion(entries[0]) !== isDeletion(waiting.entry)) break;
      entries.push(waiting.entry);
      events += waiting.entry.events;
    }
    return { entries, cursor: index === 0 ? undefined : { entries: index, events, last: this.#queue[index - 1].name } };
  }

  load(lease: Lease, keys: readonly StateKey[]): readonly StoredState[] | undefined {
    return this.#isHeld(lease) ? this.#states(keys) : undefined;
  }

  commit(commit: Commit): boolean {
    const { lease, next, consumed, reliedOn, requeued, states, removed } = commit;
    assert(next !== "" && next !== lease.revision, "each commit has a name of its own");
    if (this.#revision === next) return true;
    if (!this.#isHeld(lease) || !this.#hasRead(consumed ?? reliedOn)) return false;
    this.#revision = next;
    this.#trim(consumed?.entries ?? 0);
    this.#events.committed += consumed?.events ?? 0;
    if (requeued.length > 0) this.#requeue(requeued);
    for (const state of states) this.#put(state);
    for (const key of removed) this.#remove(key);
    this.#forgetTabs(new Set(removed.map((key) => key.tab)));
    return true;
  }

  read(keys: readonly StateKey[]): BucketRead {
    const clientsByTab = new Map<string, Set<string>>();
    for (const { tab, client } of keys) setOf(clientsByTab, tab).add(client);
    const queued: QueuedEntry[] = [];
    for (const { entry } of this.#queue) {
      const clients = clientsByTab.get(entry.tab);
      if (clients !== undefined && isWaitedFor(entry, clients)) queued.push(entry);
    }
    return { states: this.#states(keys), queued };
  }

  tabs(): ReadonlyMap<string, string> {
    return new Map(this.#typeByTab);
  }

  clientsByTab(tabs: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const clientsByTab = new Map<string, Set<string>>();
    for (const tab of tabs) clientsByTab.set(tab, new Set(this.#statesByTab.get(tab)?.keys()));
    for (const { entry } of this.#queue) clientsByTab.get(entry.tab)?.add(entry.client);
    const answer = new Map<string, readonly string[]>();
    for (const [tab, clients] of clientsByTab) {
      clients.delete(AGGREGATE);
      if (clients.size > 0) answer.set(tab, [...clients]);
    }
    return answer;
  }

  clients(): ReadonlySet<string> {
    const clients = new Set<string>();
    for (const { entry } of this.#queue) clients.add(entry.client);
    for (const states of this.#statesByTab.values()) for (const client of states.keys()) clients.add(client);
    clients.delete(AGGREGATE);
    return clients;
  }

  #isNewest(lease: Lease): boolean {
    return lease.owner === this.#owner && lease.fence === this.#fence;
  }

  #isHeld(lease: Lease): boolean {
    return this.#isNewest(lease) && lease.revision === this.#revision;
  }

  #hasRead(cursor: QueueCursor | undefined): boolean {
    if (cursor === undefined) return true;
    const last = this.#queue[cursor.entries - 1];
    return last !== undefined && last.name === cursor.last;
  }

  #append(entry: QueuedEntry): void {
    const bytes = ENTRY_BYTES + entry.tab.length + entry.client.length + entry.bytes.length;
    this.#queue.push({ name: this.#common.nameEntry(), entry, bytes });
    this.#queueBytes += bytes;
    this.#countClient(entry.client, 1);
  }

  #requeue(entries: readonly QueuedEntry[]): void {
    const deletions = this.#queue.map(({ entry }) => entry).filter(isDeletion);
    for (const entry of entries) {
      if (deletions.some((deletion) => isDeletionOf(entry, deletion))) continue;
      this.#append(entry);
      this.#events.committed -= entry.events;
    }
  }

  #trim(entries: number): void {
    for (const { entry, bytes } of this.#queue.splice(0, entries)) {
      this.#queueBytes -= bytes;
      this.#countClient(entry.client, -1);
    }
  }

  #states(keys: readonly StateKey[]): readonly StoredState[] {
    const found = new Set<StoredState>();
    for (const { tab, client } of keys) {
      const states = this.#statesByTab.get(tab);
      const state = client === AGGREGATE && states?.size === 1 ? [...states.values()][0] : states?.get(client);
      if (state !== undefined) found.add(state);
    }
    return [...found];
  }

  #put(state: StoredState): void {
    const { tab, client } = state;
    const states = this.#statesByTab.get(tab) ?? new Map<string, StoredState>();
    this.#statesByTab.set(tab, states);
    if (!states.has(client)) this.#countClient(client, 1);
    states.set(client, state);
  }

  #remove({ tab, client }: StateKey): void {
    const states = this.#statesByTab.get(tab);
    if (states === undefined || !states.delete(client)) return;
    this.#countClient(client, -1);
    if (states.size === 0) this.#statesByTab.delete(tab);
  }

  #forgetTabs(tabs: Set<string>): void {
    if (tabs.size === 0) return;
    for (const { entry } of this.#queue) tabs.delete(entry.tab);
    for (const tab of tabs) {
      if (this.#statesByTab.has(tab)) continue;
      if (this.#typeByTab.delete(tab)) this.#common.tabs.count--;
    }
  }

  #countClient(client: string, change: number): void {
    if (client === AGGREGATE) return;
    const { countByName } = this.#common.clients;
    const count = (countByName.get(client) ?? 0) + change;
    if (count > 0) countByName.set(client, count);
    else countByName.delete(client);
  }
}

/** Whether an entry of their tab is for any of these clients; that of a whole tab's deletion is for all. */
function isWaitedFor({ client }: Entry, clients: ReadonlySet<string>): boolean {
  return clients.has(client) || clients.has(AGGREGATE) || client === AGGREGATE;
}

function setOf(byTab: Map<string, Set<string>>, tab: string): Set<string> {
  const known = byTab.get(tab);
  if (known !== undefined) return known;
  const fresh = new Set<string>();
  byTab.set(tab, fresh);
  return fresh;
}
