// The contract between the server and wherever State lives, in the system's own words. Two implementations are held
// to it by one suite (store_contract.ts): in memory, and Redis. Nothing above this file knows which it has.
//
// Everything of a tab lives in one bucket, and each call on one bucket is atomic. Trouble (a database out of reach)
// is thrown as StoreTrouble; whether the call took effect is then unknown, and every call may be repeated.

import type { BatchId } from "../../core/event.ts";
import type { Verdict } from "../../core/delivery.ts";

/** The client under which a tab's Aggregate is stored: a name that no client can have. Shown as `*`. */
export const AGGREGATE = "";

/** The State of one (tab, client), as bytes that core/packing.ts made. */
export interface StoredState {
  readonly tab: string;
  readonly client: string;
  readonly type: string;
  /** The version of the handler that encoded it. */
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** What waits in a queue: a State to be reduced into the stored one. */
export interface Entry extends StoredState {
  /** Events folded into it. */
  readonly events: number;
}

/** An entry with its place in the queue. */
export interface QueuedEntry extends Entry {
  /** When it was accepted, in seconds since the epoch by the store's clock. */
  readonly enqueued: number;
}

export interface Enqueued {
  /** `new` where anything was applied by this call. */
  readonly verdict: Verdict;
  /** Entries left out, by index, each with the type that its tab has. */
  readonly conflicts: readonly { readonly index: number; readonly type: string }[];
  /** Entries left out, by index, since their bucket may hold no further tab or the store no further client. */
  readonly full: readonly { readonly index: number; readonly of: "tabs" | "clients" }[];
}

/** The right to drain a bucket, until `expires` or until another owner takes it with a higher fence. */
export interface Lease {
  readonly bucket: number;
  readonly owner: string;
  readonly fence: number;
  /** Commits that the bucket had seen when the lease was taken or renewed. */
  readonly commits: number;
  /** By the store's clock, in seconds since the epoch. */
  readonly expires: number;
}

/** How far a queue has been read, counted from its head. Opaque to whoever passes it on. */
export interface QueueCursor {
  readonly entries: number;
  /** Identifies the last entry read, so that a commit notices a queue that was replaced under it. */
  readonly last: string;
}

export interface QueueChunk {
  readonly entries: readonly QueuedEntry[];
  /** Where the next read goes on; what a commit consumes. Undefined where nothing has been read. */
  readonly cursor: QueueCursor | undefined;
}

export interface Commit {
  readonly lease: Lease;
  /** The commits that the owner believes the bucket has seen: `lease.commits`, plus one for each of its own since. */
  readonly commits: number;
  /** Entries up to here leave the queue. */
  readonly consumed: QueueCursor | undefined;
  readonly states: readonly StoredState[];
  readonly removed: readonly { readonly tab: string; readonly client: string }[];
}

/** Which States of a bucket to read. */
export interface Selection {
  /** Undefined: all tabs of the bucket. */
  readonly tabs?: readonly string[];
  /** The Aggregates alone, every client's State, or those of the clients named. */
  readonly clients: "aggregate" | "all" | readonly string[];
}

/** A bucket at one moment: no commit falls between the States and the queue. */
export interface BucketRead {
  readonly states: readonly StoredState[];
  /** What waits for the selected tabs (and, where clients are named, from those clients), oldest first. */
  readonly queued: readonly QueuedEntry[];
}

export interface QueueStatus {
  readonly bucket: number;
  readonly entries: number;
  readonly bytes: number;
  /** When the oldest entry was accepted, in seconds since the epoch. */
  readonly oldest: number;
}

export type Role = "fe" | "be" | "ctrl";

/** A server as the others know it. */
export interface Member {
  readonly id: string;
  readonly url: string;
  readonly roles: readonly Role[];
  /** When it started, by its own clock, in seconds since the epoch. */
  readonly started: number;
}

/**
 * Where State lives. Costs are in round trips: a call that takes a list makes at most one a shard.
 */
export interface Store extends AsyncDisposable {
  /** Buckets of the key space, numbered from 0. Fixed for the life of the stored data. */
  readonly buckets: number;

  /**
   * Appends entries to the queues of their buckets, all or (where the batch was applied before) none, and fixes the
   * type of each tab that is new. Without an id nothing recognises a repeat. An entry whose tab has another type,
   * or that a limit on tabs or clients forbids, is left out and named; the others count.
   */
  enqueue(id: BatchId | undefined, entries: readonly Entry[]): Promise<Enqueued>;

  /**
   * Takes or renews the right to drain buckets. Answers the leases held now; a bucket that another owner holds is
   * left out. A renewed lease keeps its fence, a new owner's is higher than any before.
   */
  lease(owner: string, buckets: readonly number[], ttlMs: number): Promise<readonly Lease[]>;

  /** Gives leases back at once, so that a successor need not wait. Leases lost already are passed over. */
  release(leases: readonly Lease[]): Promise<void>;

  /** The queues that are not empty. */
  queues(): Promise<readonly QueueStatus[]>;

  /** Entries after `cursor` (from the head without one), at most `bytesMax` bytes of them but at least one if there is any. */
  readQueue(bucket: number, cursor: QueueCursor | undefined, bytesMax: number): Promise<QueueChunk>;

  /**
   * Writes States and trims what they contain from the queue in one step, if nobody took the bucket meanwhile.
   * False, and nothing changed, where the fence is not the newest, the commit count is another, or the queue's
   * entries are not those that were read: then the owner forgets what it holds of the bucket and reads again.
   * A tab whose last State was removed is forgotten with its type, unless anything of the bucket still waits.
   */
  commit(commit: Commit): Promise<boolean>;

  /** States and the rest of the queue. The drain loads through it as well as queries. */
  read(bucket: number, selection: Selection): Promise<BucketRead>;

  /** Every tab of a bucket with its type, including those that only wait in the queue. */
  tabs(bucket: number): Promise<ReadonlyMap<string, string>>;

  /** Every client with a State or an entry in a bucket. */
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
