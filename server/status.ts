// What `GET /status` of a server shows: itself, the others, the queues, and what it has taken in and drained.

import type { Pause } from "../core/world.ts";
import { VERSION } from "../service/version.ts";
import type { Drain, DrainStatus } from "./drain/drain.ts";
import type { Ingest, IngestStatus } from "./ingest.ts";
import { drainerOf, drainersOf } from "./membership.ts";
import { type EventCounts, type Member, type QueueStatus, type Role, type Store, StoreTrouble } from "./store/store.ts";

export interface ServerStatus {
  readonly version: string;
  readonly id: string;
  readonly url: string;
  readonly roles: readonly Role[];
  readonly uptimeS: number;
  /** Who is watching now. */
  readonly watchers: number;
  readonly store: StoreStatus | { readonly error: string };
  readonly ingest: IngestStatus;
  /** Null where this server drains nothing. */
  readonly drain: DrainStatus | null;
}

export interface StoreStatus {
  readonly buckets: number;
  readonly members: readonly Member[];
  readonly tabs: number;
  readonly clients: number;
  readonly queues: QueuesStatus;
  /** The buckets that each shard holds, by the names of the shards, and their queues. */
  readonly shards: Readonly<Record<string, { readonly buckets: number; readonly queues: QueuesStatus }>>;
  /** Of the whole cluster since the store's first: those enqueued are committed or wait (`queued`). */
  readonly events: EventCounts & { readonly queued: number };
}

export interface QueuesStatus {
  /** Buckets with anything waiting. */
  readonly buckets: number;
  readonly entries: number;
  readonly bytes: number;
  /** How long the oldest entry has waited, in seconds; null where nothing waits. */
  readonly oldestS: number | null;
}

export interface StatusOptions {
  readonly self: Member;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly drain: Drain | undefined;
  readonly watchers: number;
  readonly now: number;
  readonly pause: Pause;
}

export async function serverStatus(options: StatusOptions): Promise<ServerStatus> {
  const { self, ingest, drain, watchers, now } = options;
  return {
    version: VERSION,
    id: self.id,
    url: self.url,
    roles: self.roles,
    uptimeS: now - self.started,
    watchers,
    store: await storeStatus(options),
    ingest: ingest.status(),
    drain: drain?.status() ?? null,
  };
}

/** The servers that are announced, each with the buckets that it ought to drain, in the order of their addresses. */
export function serversStatus(members: readonly Member[], buckets: number) {
  const drainers = drainersOf(members);
  const bucketsById = new Map<string, number>();
  for (let bucket = 0; bucket < buckets; bucket++) {
    const id = drainerOf(bucket, drainers);
    if (id !== undefined) bucketsById.set(id, (bucketsById.get(id) ?? 0) + 1);
  }
  const sorted = members.toSorted((a, b) => a.url < b.url || (a.url === b.url && a.id < b.id) ? -1 : 1);
  return sorted.map(({ id, url, roles, started }) => {
    return { id, url, roles, started, buckets: bucketsById.get(id) ?? 0 };
  });
}

/** A server without its store still says how it is itself. */
async function storeStatus(options: StatusOptions): Promise<ServerStatus["store"]> {
  const { store, now } = options;
  try {
    const waiting = await store.queues();
    const queues = queuesStatus(waiting, now);
    const shards = shardsStatus(store, waiting, now);
    const { enqueued, committed } = await store.eventCounts();
    const events = { enqueued, committed, queued: enqueued - committed };
    return { buckets: store.buckets, members: await store.members(), ...await sizes(options), queues, shards, events };
  } catch (error) {
    if (!(error instanceof StoreTrouble)) throw error;
    return { error: error.message };
  }
}

function shardsStatus(store: Store, waiting: readonly QueueStatus[], now: number): StoreStatus["shards"] {
  const bucketsByShard = Map.groupBy(Array(store.buckets).keys(), (bucket) => store.shardOf(bucket));
  const queuesByShard = Map.groupBy(waiting, ({ bucket }) => store.shardOf(bucket));
  return Object.fromEntries(
    [...bucketsByShard].map(([name, buckets]) => {
      return [name, { buckets: buckets.length, queues: queuesStatus(queuesByShard.get(name) ?? [], now) }];
    }),
  );
}

async function sizes({ store, pause }: StatusOptions): Promise<{ tabs: number; clients: number }> {
  let tabs = 0;
  const clients = new Set<string>();
  for (let bucket = 0; bucket < store.buckets; bucket++) {
    await pause();
    tabs += (await store.tabs(bucket)).size;
    for (const client of await store.clients(bucket)) clients.add(client);
  }
  return { tabs, clients: clients.size };
}

export function queuesStatus(queues: readonly QueueStatus[], now: number): QueuesStatus {
  let [entries, bytes, oldest] = [0, 0, Infinity];
  for (const queue of queues) {
    entries += queue.entries;
    bytes += queue.bytes;
    oldest = Math.min(oldest, queue.oldest);
  }
  return { buckets: queues.length, entries, bytes, oldestS: queues.length === 0 ? null : Math.max(0, now - oldest) };
}
