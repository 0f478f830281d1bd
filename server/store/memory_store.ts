// The embedded store: all State in the memory of one process, nothing to install. Leases, fences and revisions are
// checked as on any other store, so that what runs above it runs above all of them. Each call does its work in one go,
// which is what makes it atomic.

import { assert } from "../../core/assert.ts";
import { bucketOf } from "../../core/buckets.ts";
import { AppliedBatches } from "../../core/delivery.ts";
import type { BatchId } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/world.ts";
import { type Common, MemoryBucket } from "./memory_bucket.ts";
import type {
  BucketEvents,
  BucketRead,
  Commit,
  Enqueued,
  Entry,
  EventCounts,
  Lease,
  Member,
  QueueChunk,
  QueueCursor,
  QueueStatus,
  StateKey,
  Store,
  StoredState,
} from "./store.ts";

export interface MemoryStoreOptions {
  readonly buckets: number;
  /** By which leases and announcements expire. */
  readonly clock: Clock;
  readonly tabsMax?: number;
  readonly clientsMax?: number;
  /** Names entries: no name twice as long as anyone remembers one. Counts where left out, which will do for one store. */
  readonly nameEntry?: () => string;
}

export class MemoryStore implements Store {
  readonly buckets: number;
  readonly #clock: Clock;
  readonly #buckets: readonly MemoryBucket[];
  readonly #applied = new AppliedBatches();
  readonly #members = new Map<string, { readonly member: Member; readonly expires: number }>();

  constructor(options: MemoryStoreOptions) {
    this.buckets = options.buckets;
    this.#clock = options.clock;
    let named = 0;
    const common: Common = {
      nameEntry: options.nameEntry ?? (() => String(named++)),
      tabs: { count: 0, max: options.tabsMax ?? limits.tabsMax },
      clients: { countByName: new Map(), max: options.clientsMax ?? limits.clientsMax },
    };
    this.#buckets = Array.from({ length: options.buckets }, (_, bucket) => new MemoryBucket(bucket, common));
  }

  shardOf(_bucket: number): string {
    return "memory";
  }

  // deno-lint-ignore require-await -- an async function answers a bug as a rejection
  async enqueue(id: BatchId | undefined, entries: readonly Entry[]): Promise<Enqueued> {
    const now = this.#clock();
    const conflicts: { index: number; type: string }[] = [];
    const full: { index: number; of: "tabs" | "clients" }[] = [];
    const verdict = id === undefined ? "new" : this.#applied.verdict(id);
    if (verdict !== "new") return { verdict, conflicts, full };
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index];
      const pushed = this.#buckets[bucketOf(entry.tab, this.buckets)].push(entry, now);
      switch (pushed.kind) {
        case "pushed":
          break;
        case "conflict":
          conflicts.push({ index, type: pushed.type });
          break;
        case "full":
          full.push({ index, of: pushed.of });
          break;
      }
    }
    if (id !== undefined) this.#applied.note(id, now);
    return { verdict, conflicts, full };
  }

  // deno-lint-ignore require-await
  async enqueueDeletions(bucket: number, keys: readonly StateKey[]): Promise<void> {
    assert(keys.length <= limits.readKeysMax, "a call deletes a bounded number of States");
    for (const key of keys) this.#bucket(bucket).pushDeletion(key, this.#clock());
  }

  // deno-lint-ignore require-await
  async lease(owner: string, buckets: readonly number[], ttlMs: number): Promise<readonly Lease[]> {
    const now = this.#clock();
    const leases = buckets.map((bucket) => this.#bucket(bucket).lease(owner, { now, expires: now + ttlMs / 1000 }));
    return leases.filter((lease) => lease !== undefined);
  }

  // deno-lint-ignore require-await
  async release(leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) this.#bucket(lease.bucket).release(lease);
  }

  // deno-lint-ignore require-await
  async queues(): Promise<readonly QueueStatus[]> {
    return this.#buckets.map((bucket) => bucket.queueStatus()).filter((status) => status !== undefined);
  }

  // deno-lint-ignore require-await
  async eventCounts(): Promise<EventCounts> {
    let [enqueued, committed] = [0, 0];
    for (const { events } of this.#buckets) {
      enqueued += events.enqueued;
      committed += events.committed;
    }
    return { enqueued, committed };
  }

  // deno-lint-ignore require-await
  async bucketEvents(bucket: number): Promise<BucketEvents> {
    const { events, queuedEvents } = this.#bucket(bucket);
    return { ...events, queued: queuedEvents };
  }

  // deno-lint-ignore require-await
  async readQueue(lease: Lease, cursor: QueueCursor | undefined, bytesMax: number): Promise<QueueChunk | undefined> {
    return this.#bucket(lease.bucket).readQueue(lease, cursor, bytesMax);
  }

  // deno-lint-ignore require-await
  async load(lease: Lease, keys: readonly StateKey[]): Promise<readonly StoredState[] | undefined> {
    assert(keys.length <= limits.readKeysMax, "a call asks for a bounded number of States");
    return this.#bucket(lease.bucket).load(lease, keys);
  }

  // deno-lint-ignore require-await
  async commit(commit: Commit): Promise<boolean> {
    const states = commit.states.length + commit.removed.length;
    assert(states <= limits.commitStatesMax, "a commit writes a bounded number of States");
    return this.#bucket(commit.lease.bucket).commit(commit);
  }

  // deno-lint-ignore require-await
  async read(bucket: number, keys: readonly StateKey[]): Promise<BucketRead> {
    assert(keys.length <= limits.readKeysMax, "a call asks for a bounded number of States");
    return this.#bucket(bucket).read(keys);
  }

  // deno-lint-ignore require-await
  async tabs(bucket: number): Promise<ReadonlyMap<string, string>> {
    return this.#bucket(bucket).tabs();
  }

  // deno-lint-ignore require-await
  async clientsByTab(bucket: number, tabs: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    assert(tabs.length <= limits.readKeysMax, "a call asks for a bounded number of tabs");
    return this.#bucket(bucket).clientsByTab(tabs);
  }

  // deno-lint-ignore require-await
  async clients(bucket: number): Promise<ReadonlySet<string>> {
    return this.#bucket(bucket).clients();
  }

  // deno-lint-ignore require-await
  async heartbeat(member: Member, ttlMs: number): Promise<void> {
    this.#members.set(member.id, { member, expires: this.#clock() + ttlMs / 1000 });
  }

  // deno-lint-ignore require-await
  async leave(id: string): Promise<void> {
    this.#members.delete(id);
  }

  // deno-lint-ignore require-await
  async members(): Promise<readonly Member[]> {
    const now = this.#clock();
    for (const [id, { expires }] of this.#members) if (expires <= now) this.#members.delete(id);
    return [...this.#members.values()].map(({ member }) => member).sort((a, b) => a.id < b.id ? -1 : 1);
  }

  /** What the process holds goes with the process. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #bucket(bucket: number): MemoryBucket {
    assert(bucket in this.#buckets, "buckets are numbered from 0 to their number less one");
    return this.#buckets[bucket];
  }
}
