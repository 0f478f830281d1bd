// What the suites of the store's contract build on: an opened store, entries, States, and small questions to it.

import { assert } from "@std/assert";
import { bucketOf } from "../../core/buckets.ts";
import type { BatchId } from "../../core/event.ts";
import { AGGREGATE, type Entry, type Lease, type Store, type StoredState } from "../../server/store/store.ts";

export interface OpenOptions {
  readonly buckets: number;
  readonly tabsMax?: number;
  readonly clientsMax?: number;
}

/** An empty store and the time it lives in. */
export interface Opened {
  readonly store: Store;
  /** Lets time pass, for leases and announcements. */
  pass(ms: number): Promise<void>;
}

export type Open = (options: OpenOptions) => Promise<Opened>;

/** A test by its name and what it does with an empty store of two buckets. */
export type StoreTest = (name: string, body: (opened: Opened) => Promise<void>) => void;

/** Long enough that no test of a real database sees a lease lapse by itself. */
export const TTL_MS = 2000;

/** Names of tabs that live in this bucket. */
export function tabsOf(bucket: number, count: number, buckets = 2): readonly string[] {
  const tabs: string[] = [];
  for (let index = 0; tabs.length < count; index++) {
    const tab = `tab;n=${index}`;
    if (bucketOf(tab, buckets) === bucket) tabs.push(tab);
  }
  return tabs;
}

export function entry(tab: string, client: string, options: Partial<Entry> = {}): Entry {
  return { tab, client, type: "TotalsCounter", version: 0, bytes: bytes(tab, client), events: 1, ...options };
}

export function state(tab: string, client: string, options: Partial<StoredState> = {}): StoredState {
  return { tab, client, type: "TotalsCounter", version: 0, bytes: bytes("state of", tab, client), ...options };
}

/** Bytes that are told apart by what they are made of, and that no text codec would leave alone. */
export function bytes(...parts: readonly string[]): Uint8Array {
  return new Uint8Array([0, 255, 13, 10, ...new TextEncoder().encode(parts.join("|")), 0]);
}

export function batch(seq: number, options: Partial<BatchId> = {}): BatchId {
  return { sender: "agent-1", seq, low: 0, ...options };
}

export async function take(store: Store, bucket: number, owner = "be-1"): Promise<Lease> {
  const leases = await store.lease(owner, [bucket], TTL_MS);
  assert(leases.length === 1, `${owner} must get the lease of bucket ${bucket}`);
  return leases[0];
}

/** All that waits in a bucket, as a query sees it. */
export async function waiting(store: Store, bucket: number): Promise<readonly string[]> {
  const tabs = await store.tabs(bucket);
  const { queued } = await store.read(bucket, [...tabs.keys()].map((tab) => ({ tab, client: AGGREGATE })));
  return queued.map(({ tab, client }) => `${tab} ${client}`);
}
