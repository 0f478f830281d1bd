// The contract between the server and wherever State lives, in the system's own words. Two implementations are held
// to it by one suite (tests/laws/store_contract.ts): in memory, and Redis. Nothing above this file knows which it has.
//
// Everything of a tab lives in one bucket, and each call is atomic for each bucket it touches. Trouble (a database out
// of reach) is thrown as StoreTrouble; whether the call took effect is then unknown, and every call may be repeated.
// A store of several shards answers calls that name no single bucket for the shards that it can reach, and throws
// only where it reaches none. A call's work is bounded by the limits named with it: whoever has more calls again.
//
// A fail-over may throw away the newest writes of a shard: what is left is then a beginning of its history. So nobody
// relies on numbers that only rise, which could be given out twice: a bucket's revision is named by whoever commits, a
// queue's entries by whoever enqueues, each name unique for ever. Memory that agrees with a bucket in its revision, and
// with its queue in the last entry read, agrees with it in everything.

import type { BatchId } from "../../core/event.ts";
import type { Verdict } from "../../core/delivery.ts";

/** The client under which a tab's Aggregate is stored: a name that no client can have. */
export const AGGREGATE = "";

/** Which State: that of a client, or with `AGGREGATE` the tab's Aggregate. */
export interface StateKey {
  readonly tab: string;
  readonly client: string;
}

/** A State as bytes that core/packing.ts made. Whoever hands bytes over changes them no more, and neither does the receiver. */
export interface StoredState extends StateKey {
  readonly type: string;
  /** The version of the handler that encoded it. */
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** What waits in a queue: a client's State to be reduced into the stored one. */
export interface Entry extends StoredState {
  /** Events folded into it. */
  readonly events: number;
}

export interface QueuedEntry extends Entry {
  /** When it was accepted, in seconds since the epoch, by the clock of the server that accepted it. */
  readonly enqueued: number;
}

/** The type of an entry that deletes, which no handler has. */
export const DELETION = "";

/**
 * Whether an entry is a deletion of this State: it takes what its client, or with `AGGREGATE` its tab, has in States
 * and in earlier entries, from the moment at which it was enqueued. What is enqueued later stays.
 */
export function isDeletionOf({ tab, client }: StateKey, entry: Entry): boolean {
  return isDeletion(entry) && entry.tab === tab && (entry.client === client || entry.client === AGGREGATE);
}

export function isDeletion({ type }: Entry): boolean {
  return type === DELETION;
}

export interface Enqueued {
  /** `stale` where any shard can't tell whether it applied the batch before; else `new` where any applied it now. */
  readonly verdict: Verdict;
  /** Entries left out, by index, each with the type that its tab has. */
  readonly conflicts: readonly { readonly index: number; readonly type: string }[];
  /** Entries left out, by index, since the store may hold no further tab or client (a shard may hold its share). */
  readonly full: readonly { readonly index: number; readonly of: "tabs" | "clients" }[];
}

/** The right to drain a bucket: lost once it has lapsed and another owner, or the same again, took it. */
export interface Lease {
  readonly bucket: number;
  readonly owner: string;
  /** Rises with each taking; a renewed lease keeps it. */
  readonly fence: number;
  /** The name of the bucket's newest commit, "" before the first. */
  readonly revision: string;
}

/** How far a queue has been read, counted from its head. Opaque to whoever passes it on. */
export interface QueueCursor {
  readonly entries: number;
  /** Events of these entries. */
  readonly events: number;
  /** The name of the last entry read. */
  readonly last: string;
}

export interface QueueChunk {
  readonly entries: readonly QueuedEntry[];
  /** Where the next read goes on, and what a commit consumes. Undefined where nothing has been read yet. */
  readonly cursor: QueueCursor | undefined;
}

export interface Commit {
  readonly lease: Lease;
  /** The bucket's revision after this commit: a name never used before. */
  readonly next: string;
  /** Entries up to here leave the queue. */
  readonly consumed: QueueCursor | undefined;
  /** Entries up to here stay: what is written relies on their being there. Of no meaning where any are consumed. */
  readonly reliedOn?: QueueCursor | undefined;
  /** Entries among the consumed that go back to the tail of the queue, as they are, unless a deletion there takes them. */
  readonly requeued: readonly QueuedEntry[];
  /** Written as they are, in place of what stood there. */
  readonly states: readonly StoredState[];
  /** States that go; whether one exists does not matter. */
  readonly removed: readonly StateKey[];
}

/** States of a bucket and what waits for them, at one moment: no commit falls between the two. */
export interface BucketRead {
  readonly states: readonly StoredState[];
  /** What waits for the States asked for (for an Aggregate: from any client), oldest first, deletions among them. */
  readonly queued: readonly QueuedEntry[];
}

export interface QueueStatus {
  readonly bucket: number;
  readonly entries: number;
  /** As the store holds them: names, States, and what an entry costs by itself. */
  readonly bytes: number;
  /** When the oldest entry was accepted, in seconds since the epoch. */
  readonly oldest: number;
}

/** Events ever accepted, and those of them that were committed: what is in neither waits. */
export interface EventCounts {
  readonly enqueued: number;
  readonly committed: number;
}

/** A bucket's counts, and what they should leave: at one moment. */
export interface BucketEvents extends EventCounts {
  /** Added up over the entries that lie in the queue. */
  readonly queued: number;
}

export type Role = "fe" | "be" | "ctrl";

/**
 * What a server asks of all that drain: to look at once for States that are empty, to commit all that waits, to have the
 * buckets of their share and no others, or to encode anew what older versions of handlers encoded.
 */
export interface Order {
  /** Never used before. */
  readonly id: string;
  readonly kind: "gc" | "flush" | "rebalance" | "upgrade";
}

/** That a server has done an order. */
export interface Finished {
  readonly id: string;
  /** Under which of the servers that drain: a digest of their ids. */
  readonly drainers: string;
  readonly count: number;
}

/** A server as the others know it. */
export interface Member {
  /** Never used by another process, before or after. */
  readonly id: string;
  readonly url: string;
  readonly roles: readonly Role[];
  /** When it started, by its own clock, in seconds since the epoch. */
  readonly started: number;
  /** What it asks of the others, for as long as it does. */
  readonly orders?: readonly Order[];
  /** What it has done of that. */
  readonly finished?: readonly Finished[];
}

/** Where State lives. */
export interface Store extends AsyncDisposable {
  /** Buckets of the key space, numbered from 0. Fixed for the life of the stored data. */
  readonly buckets: number;

  /** The name of the shard that holds a bucket. */
  shardOf(bucket: number): string;

  /**
   * Appends entries to the queues of their buckets, all or (where the batch was applied before) none, and fixes the
   * type of each tab that is new. Without an id nothing recognises a repeat. An entry whose tab has another type,
   * or that a limit on tabs or clients forbids, is left out and named; the others count. One call a shard, which
   * applies and remembers the batch by itself: repeated after trouble, it reaches the shards that it had not.
   */
  enqueue(id: BatchId | undefined, entries: readonly Entry[]): Promise<Enqueued>;

  /**
   * Appends deletions of these States (at most `readKeysMax`) to the queue of their bucket, in one step: whoever reads
   * leaves out what they take, and whoever drains removes it before they leave the queue.
   */
  enqueueDeletions(bucket: number, keys: readonly StateKey[]): Promise<void>;

  /**
   * Takes or renews the right to drain buckets. Answers the leases held now; a bucket that another owner holds is left
   * out. One call a shard.
   */
  lease(owner: string, buckets: readonly number[], ttlMs: number): Promise<readonly Lease[]>;

  /** Gives leases back at once, so that a successor need not wait. Leases lost already are passed over. */
  release(leases: readonly Lease[]): Promise<void>;

  /** The queues that are not empty. One call a shard; those that can't be reached are named in `missing`. */
  queues(missing?: Set<string>): Promise<readonly QueueStatus[]>;

  /**
   * Counted in the very steps that enqueue and commit, so that each bucket's always balance.
   *
   * @throws {StoreTrouble} where any shard can't be read
   */
  eventCounts(): Promise<EventCounts>;

  /** Those of one bucket beside the events of what lies in its queue, all of which is read for it. */
  bucketEvents(bucket: number): Promise<BucketEvents>;

  /**
   * Entries after `cursor` (from the head without one): at most `readEntriesMax` and at most `bytesMax` bytes of them,
   * but at least one if there is any; deletions only where the first of them is one, and nothing else with them.
   * Undefined where the lease is lost, the bucket has another revision, or its queue is not the one that the cursor was
   * read from: then the owner forgets what it holds of the bucket.
   */
  readQueue(lease: Lease, cursor: QueueCursor | undefined, bytesMax: number): Promise<QueueChunk | undefined>;

  /**
   * The stored States among `keys` (at most `readKeysMax`), for the owner of the bucket. A tab with one client needs no
   * Aggregate of its own: where none is stored, its key answers that client's State, if there is any. Undefined as
   * with `readQueue`.
   */
  load(lease: Lease, keys: readonly StateKey[]): Promise<readonly StoredState[] | undefined>;

  /**
   * Writes States (at most `commitStatesMax`, removed ones included) and trims what they contain from the queue in one
   * step. False, and nothing changed, where the lease is lost, the bucket has another revision, or its queue is not the
   * one that was read. True also where this very commit was applied before, so that it may be repeated until its fate
   * is known.
   *
   * The owner writes an Aggregate for each tab with several clients. A tab of `removed` that is left with neither a
   * State nor a waiting entry is forgotten with its type. A store that can't look through a long queue may leave that
   * to a later commit that removes from the tab once more.
   */
  commit(commit: Commit): Promise<boolean>;

  /** For queries: the stored States among `keys` (at most `readKeysMax`), as with `load`, and what waits for them. */
  read(bucket: number, keys: readonly StateKey[]): Promise<BucketRead>;

  /** Every tab of a bucket with its type, including those that only wait in the queue. */
  tabs(bucket: number): Promise<ReadonlyMap<string, string>>;

  /** The clients with a State or a waiting entry of each of these tabs (at most `readKeysMax`) of a bucket. */
  clientsByTab(bucket: number, tabs: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;

  /** Every client with a State or an entry in a bucket. It may be listed for a while after its last State was removed. */
  clients(bucket: number): Promise<ReadonlySet<string>>;

  /** Announces a server for `ttlMs`. */
  heartbeat(member: Member, ttlMs: number): Promise<void>;

  /** Takes an announcement back. */
  leave(id: string): Promise<void>;

  /** The servers announced now, by id. */
  members(): Promise<readonly Member[]>;
}

/** The store could not be reached or did not answer: it may come back by itself. */
export class StoreTrouble extends Error {
  override readonly name = "StoreTrouble";
}
