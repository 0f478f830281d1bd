// The store on Redis: every bucket on one shard, every step one script on that shard's master, shards asked in parallel.
// What is kept there is said in redis_scripts.ts, how masters are reached in shards.ts. Remembers nothing of it here.

import { assert } from "../../core/assert.ts";
import { bucketOf } from "../../core/buckets.ts";
import type { BatchId } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Clock, Random } from "../../core/world.ts";
import type { Log } from "../../service/log.ts";
import { formatMember, parseMember } from "./member.ts";
import { packEntries, packState, unpackState } from "./packed.ts";
import { eventsOf, itemsOf, namesArgument } from "./redis_batch.ts";
import { enqueueOn, merge } from "./redis_enqueue.ts";
import { chunkOf, cursorArguments, entriesOf, eventCountsOf, statusOf } from "./redis_queue.ts";
import { asBytes, asList, asText, asTexts, asWhole } from "./redis_replies.ts";
import * as catalogue from "./redis_catalogue.ts";
import * as scripts from "./redis_scripts.ts";
import { type ShardRange, shardsProblem } from "./shard_ranges.ts";
import type { Call, ScriptArgument, Shard } from "./shard.ts";
import { type Credentials, Shards, type Tls } from "./shards.ts";
import {
  AGGREGATE,
  type BucketEvents,
  type BucketRead,
  type Commit,
  DELETION,
  type Enqueued,
  type Entry,
  type EventCounts,
  type Lease,
  type Member,
  type QueueChunk,
  type QueueCursor,
  type QueuedEntry,
  type QueueStatus,
  type StateKey,
  type Store,
  type StoredState,
  StoreTrouble,
} from "./store.ts";

export interface RedisStoreOptions {
  /** "host:port" of each Sentinel. */
  readonly sentinels: readonly string[];
  readonly credentials?: Credentials | undefined;
  /** Undefined: connections are not encrypted. */
  readonly tls?: Tls | undefined;
  readonly buckets: number;
  /** Must cover the buckets: see shardsProblem. */
  readonly shards: readonly ShardRange[];
  /**
   * Replicas that must have a batch before it is accepted: as many as each master has, since of fewer a fail-over may
   * promote the one that has it not, and a planned one takes a replica from the master before it tells the master.
   * While one of them is down nothing is accepted. Default 0: a fail-over may lose the newest batches.
   */
  readonly replicas?: number;
  /** What the names of all keys begin with. Default "taba:". */
  readonly prefix?: string | undefined;
  readonly tabsMax?: number;
  readonly clientsMax?: number;
  /** Stamps entries. Leases and announcements expire by the clocks of the masters. */
  readonly clock: Clock;
  /** Names the items of queues. */
  readonly random: Random;
  readonly log: Log;
}

/** The queue is read by this many bytes a call ... */
const READ_BYTES = 4 * 1024 * 1024;
/** ... and from its head again where another connection, perhaps to another master, came between two calls. */
const READ_ATTEMPTS_MAX = 5;
/** Tabs whose clients are listed by one call: each may have many. */
const LISTED_TABS_MAX = 64;
/** Of what is stored, and where: another number would mean that it can't be read as it is here. */
const FORMAT = 1;

export class RedisStore implements Store {
  readonly buckets: number;
  readonly #options: RedisStoreOptions;
  readonly #prefix: string;
  readonly #shards: Shards;
  readonly #shardByBucket: readonly Shard[];

  constructor(options: RedisStoreOptions) {
    const problem = shardsProblem(options.shards, options.buckets);
    assert(problem === undefined, `settings are checked before a store is made of them: ${problem}`);
    this.buckets = options.buckets;
    this.#options = options;
    this.#prefix = options.prefix ?? "taba:";
    this.#shards = new Shards(options.shards, {
      sentinels: options.sentinels,
      credentials: options.credentials ?? {},
      tls: options.tls,
      replicas: options.replicas ?? 0,
      onReplaced: (shard, { host, port }) => {
        options.log.warn(`shard ${shard} has a new master`, { master: `${host}:${port}` });
      },
      check: (range, run) => this.#check(range, run),
    });
    this.#shardByBucket = Array.from({ length: options.buckets }, (_, bucket) => {
      const shard = this.#shards.all.find(({ first, last }) => first <= bucket && bucket <= last);
      assert(shard !== undefined, "every bucket is in a shard");
      return shard;
    });
  }

  /** Why shards can't be used now, as far as is known: a line each. */
  get troubles(): readonly string[] {
    return this.#shards.all.flatMap(({ name, trouble }) =>
      trouble === undefined ? [] : [`shard "${name}": ${trouble}`]
    );
  }

  shardOf(bucket: number): string {
    return this.#shardOf(bucket).name;
  }

  async enqueue(id: BatchId | undefined, entries: readonly Entry[]): Promise<Enqueued> {
    const placed = entries.map((entry, index) => ({ index, bucket: bucketOf(entry.tab, this.buckets), entry }));
    const placedByShard = Map.groupBy(placed, ({ bucket }) => this.#shardOf(bucket));
    // That a batch of nothing was applied is remembered too.
    if (placedByShard.size === 0 && id !== undefined) placedByShard.set(this.#shards.all[0], []);
    const { tabsMax = limits.tabsMax, clientsMax = limits.clientsMax, clock } = this.#options;
    const options = { prefix: this.#prefix, enqueued: clock(), nameItem: () => this.#nameItem(), clientsMax };
    return merge(
      await all([...placedByShard].map(([shard, placed]) => {
        const share = (shard.last - shard.first + 1) / this.buckets;
        return enqueueOn(shard, { id, placed }, { ...options, tabsMax: Math.ceil(tabsMax * share) });
      })),
    );
  }

  async enqueueDeletions(bucket: number, keys: readonly StateKey[]): Promise<void> {
    assert(keys.length <= limits.readKeysMax, "a call deletes a bounded number of States");
    const enqueued = this.#options.clock();
    const nothing = { type: DELETION, version: 0, bytes: new Uint8Array(), events: 0, enqueued };
    const items = itemsOf(keys.map((key) => ({ ...key, ...nothing })));
    await this.#shardOf(bucket).runReplicated(scripts.ENQUEUE_DELETIONS, [
      ...[this.#prefix, bucket, enqueued],
      ...items.flatMap((item) => [this.#nameItem(), item.length, packEntries(item)]),
    ]);
  }

  async lease(owner: string, buckets: readonly number[], ttlMs: number): Promise<readonly Lease[]> {
    const times = [Math.ceil(ttlMs), Math.floor(this.#options.clock() * 1000)];
    const replies = await this.#reachable(
      this.#byShard(buckets, (bucket) => bucket),
      (shard, ofShard) => shard.run(scripts.LEASE, [this.#prefix, owner, ...times, ...ofShard]),
    );
    return replies.flatMap((reply) =>
      inGroups(asTexts(reply), 3).map(([bucket, fence, revision]) => (
        { bucket: asWhole(bucket), owner, fence: asWhole(fence), revision }
      ))
    );
  }

  async release(leases: readonly Lease[]): Promise<void> {
    await this.#reachable(
      this.#byShard(leases, ({ bucket }) => bucket),
      (shard, ofShard) =>
        shard.run(scripts.RELEASE, [
          this.#prefix,
          ...ofShard.flatMap(({ bucket, owner, fence }) => [bucket, owner, fence]),
        ]),
    );
  }

  async queues(missing?: Set<string>): Promise<readonly QueueStatus[]> {
    const ask = (shard: Shard) => shard.run(catalogue.QUEUES, [this.#prefix]);
    const replies = await this.#reachable(this.#every(), ask, missing);
    return replies
      .flatMap((reply) => inGroups(asTexts(reply), 2).map(([bucket, queue]) => statusOf(bucket, queue)))
      .filter((status) => status !== undefined);
  }

  async eventCounts(): Promise<EventCounts> {
    const replies = await all(this.#shards.all.map((shard) => shard.run(catalogue.QUEUES, [this.#prefix])));
    let [enqueued, committed] = [0, 0];
    for (const [, queue] of replies.flatMap((reply) => inGroups(asTexts(reply), 2))) {
      const counts = eventCountsOf(queue);
      enqueued += counts.enqueued;
      committed += counts.committed;
    }
    return { enqueued, committed };
  }

  async bucketEvents(bucket: number): Promise<BucketEvents> {
    const { queued, counts } = await this.#read(bucket, [], ({ events }) => events);
    return { ...counts, queued: queued.reduce((sum, events) => sum + events, 0) };
  }

  async readQueue(lease: Lease, cursor: QueueCursor | undefined, bytesMax: number): Promise<QueueChunk | undefined> {
    const bounds = [limits.readEntriesMax, bytesMax];
    const args = [...this.#leaseArguments(lease), ...cursorArguments(cursor), ...bounds];
    const reply = await this.#shardOf(lease.bucket).run(scripts.READ_QUEUE, args);
    return reply === null ? undefined : chunkOf(reply, { cursor, bytesMax });
  }

  async load(lease: Lease, keys: readonly StateKey[]): Promise<readonly StoredState[] | undefined> {
    assert(keys.length <= limits.readKeysMax, "a call asks for a bounded number of States");
    const args = [...this.#leaseArguments(lease), ...keyArguments(keys)];
    const reply = await this.#shardOf(lease.bucket).run(scripts.LOAD, args);
    return reply === null ? undefined : statesOf(reply);
  }

  async commit(commit: Commit): Promise<boolean> {
    const { lease, next, consumed, reliedOn, requeued, states, removed } = commit;
    assert(next !== "" && next !== lease.revision, "each commit has a name of its own");
    assert(states.length + removed.length <= limits.commitStatesMax, "a commit writes a bounded number of States");
    const items = [...Map.groupBy(requeued, ({ tab, client }) => `${tab} ${client}`).values()].flatMap(itemsOf);
    const statesByTab = Map.groupBy(states, ({ tab }) => tab);
    const reply = await this.#shardOf(lease.bucket).run(scripts.COMMIT, [
      ...this.#leaseArguments(lease),
      next,
      ...cursorArguments(consumed ?? reliedOn),
      consumed?.events ?? "",
      items.length,
      ...items.flatMap((item) => {
        const { enqueued, tab, client } = item[0];
        return [this.#nameItem(), item.length, enqueued, packEntries(item), tab, client, eventsOf(item)];
      }),
      statesByTab.size,
      ...[...statesByTab].flatMap(([tab, ofTab]) => [
        tab,
        ofTab[0].type,
        namesArgument(ofTab.map(({ client }) => client)),
        ...ofTab.map(packState),
      ]),
      ...keyArguments(removed),
    ]);
    return reply === 1;
  }

  async read(bucket: number, keys: readonly StateKey[]): Promise<BucketRead> {
    assert(keys.length <= limits.readKeysMax, "a call asks for a bounded number of States");
    const clientsByTab = new Map(clientsOf(keys));
    const { states, queued } = await this.#read(bucket, keys, (entry) => {
      const { tab, client } = entry;
      const clients = clientsByTab.get(tab);
      const isAsked = clients !== undefined && (clients.has(client) || clients.has(AGGREGATE) || client === AGGREGATE);
      return isAsked ? entry : undefined;
    });
    return { states, queued };
  }

  async tabs(bucket: number): Promise<ReadonlyMap<string, string>> {
    const [tabs, types] = asList(await this.#shardOf(bucket).run(catalogue.TABS, [this.#prefix, bucket]));
    const names = asTexts(tabs);
    return new Map(asTexts(types).map((type, index) => [names[index], type]));
  }

  async clientsByTab(bucket: number, tabs: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    assert(tabs.length <= limits.readKeysMax, "a call asks for a bounded number of tabs");
    const clientsByTab = new Map(tabs.map((tab) => [tab, new Set<string>()]));
    // First what waits: what is committed between the calls is then found among the States.
    await this.#visitQueue(bucket, ({ tab, client }) => clientsByTab.get(tab)?.add(client));
    for (let from = 0; from < tabs.length; from += LISTED_TABS_MAX) {
      const some = tabs.slice(from, from + LISTED_TABS_MAX);
      const reply = await this.#shardOf(bucket).run(catalogue.CLIENTS_BY_TAB, [this.#prefix, bucket, ...some]);
      asList(reply).forEach((clients, index) => {
        for (const client of asTexts(clients)) clientsByTab.get(some[index])?.add(client);
      });
    }
    const answer = new Map<string, readonly string[]>();
    for (const [tab, clients] of clientsByTab) {
      clients.delete(AGGREGATE);
      if (clients.size > 0) answer.set(tab, [...clients]);
    }
    return answer;
  }

  async clients(bucket: number): Promise<ReadonlySet<string>> {
    const clients = new Set<string>();
    await this.#visitQueue(bucket, ({ client }) => clients.add(client));
    const stored = await this.#shardOf(bucket).run(catalogue.CLIENTS, [this.#prefix, bucket]);
    for (const client of asTexts(stored)) clients.add(client);
    clients.delete(AGGREGATE);
    return clients;
  }

  async heartbeat(member: Member, ttlMs: number): Promise<void> {
    const args = [this.#prefix, member.id, Math.ceil(ttlMs), formatMember(member)];
    await this.#reachable(this.#every(), (shard) => shard.run(catalogue.HEARTBEAT, args));
  }

  async leave(id: string): Promise<void> {
    await this.#reachable(this.#every(), (shard) => shard.run(catalogue.LEAVE, [this.#prefix, id]));
  }

  async members(): Promise<readonly Member[]> {
    const replies = await this.#reachable(this.#every(), (shard) => shard.run(catalogue.MEMBERS, [this.#prefix]));
    const memberById = new Map<string, Member>();
    for (const member of replies.flatMap(asTexts).map(parseMember)) {
      if (member !== undefined) memberById.set(member.id, member);
    }
    return [...memberById.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shards[Symbol.asyncDispose]();
  }

  /** Whether a master was made for these settings: another layout would find nothing of what is stored. */
  async #check(
    { name, buckets: [first, last] }: ShardRange,
    run: (call: Call) => Promise<unknown>,
  ): Promise<string | undefined> {
    const ours = `taba ${FORMAT}: shard "${name}" with buckets ${first} to ${last} of ${this.buckets}`;
    const theirs = asText(await run({ script: catalogue.CHECK_LAYOUT, args: [this.#prefix, ours] }));
    return theirs === ours ? undefined : `its Redis holds ${theirs}, the settings say ${ours}`;
  }

  /** Shows `visit` what waits, an entry perhaps twice, and holds none of it: a queue may be long. */
  async #visitQueue(bucket: number, visit: (entry: QueuedEntry) => void): Promise<void> {
    await this.#read(bucket, [], (entry) => {
      visit(entry);
      return undefined;
    });
  }

  /** Does what READ does until the end of the queue is reached. Of each entry that waits it holds what `keep` answers. */
  async #read<Kept>(
    bucket: number,
    keys: readonly StateKey[],
    keep: (entry: QueuedEntry) => Kept | undefined,
  ): Promise<Pick<BucketRead, "states"> & { readonly queued: readonly Kept[]; readonly counts: EventCounts }> {
    const shard = this.#shardOf(bucket);
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      const { losses } = shard;
      const kept: { readonly position: number; readonly value: Kept }[] = [];
      let next = "";
      do {
        const args = [this.#prefix, bucket, next, READ_BYTES, ...keyArguments(keys)];
        const reply = asList(await shard.run(scripts.READ, args));
        const [head, firstItem, descriptions, bodies, nextItem, states, queue] = reply;
        const position = asWhole(asText(head));
        for (const one of entriesOf(descriptions, bodies, asWhole(asText(firstItem)))) {
          // Of the first item a part may have left the queue.
          const value = one.position >= position ? keep(one.entry) : undefined;
          if (value !== undefined) kept.push({ position: one.position, value });
        }
        next = asText(nextItem);
        if (next !== "") continue;
        // What left the queue since the first call is in the States now.
        const queued = kept.filter((one) => one.position >= position).map(({ value }) => value);
        return { states: statesOf(states), queued, counts: eventCountsOf(asText(queue)) };
      } while (shard.losses === losses);
    }
    throw new StoreTrouble(
      `Cannot read bucket ${bucket} on shard "${shard.name}": its connection is lost time and again`,
    );
  }

  #leaseArguments({ bucket, owner, fence, revision }: Lease): readonly ScriptArgument[] {
    return [this.#prefix, bucket, owner, fence, revision];
  }

  #nameItem(): string {
    return Math.floor(this.#options.random() * Number.MAX_SAFE_INTEGER).toString(36);
  }

  #shardOf(bucket: number): Shard {
    assert(bucket in this.#shardByBucket, "buckets are numbered from 0 to their number less one");
    return this.#shardByBucket[bucket];
  }

  #byShard<Value>(values: readonly Value[], bucketOf: (value: Value) => number): ReadonlyMap<Shard, readonly Value[]> {
    return Map.groupBy(values, (value) => this.#shardOf(bucketOf(value)));
  }

  #every(): ReadonlyMap<Shard, readonly never[]> {
    return new Map(this.#shards.all.map((shard) => [shard, []]));
  }

  /** What the shards that can be reached answer; the others are named in `missing`. @throws {StoreTrouble} where none can. */
  async #reachable<Value>(
    valuesByShard: ReadonlyMap<Shard, readonly Value[]>,
    ask: (shard: Shard, values: readonly Value[]) => Promise<unknown>,
    missing?: Set<string>,
  ): Promise<readonly unknown[]> {
    const asked = [...valuesByShard];
    const outcomes = await Promise.allSettled(asked.map(([shard, values]) => ask(shard, values)));
    const replies: unknown[] = [];
    const troubles: StoreTrouble[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") {
        replies.push(outcome.value);
        continue;
      }
      if (!(outcome.reason instanceof StoreTrouble)) throw outcome.reason;
      troubles.push(outcome.reason);
      missing?.add(asked[index][0].name);
    }
    if (replies.length === 0 && troubles.length > 0) throw troubles[0];
    return replies;
  }
}

/** Each tab and its clients, each once. */
function clientsOf(keys: readonly StateKey[]): readonly (readonly [tab: string, clients: ReadonlySet<string>])[] {
  return [...Map.groupBy(keys, ({ tab }) => tab)].map((
    [tab, ofTab],
  ) => [tab, new Set(ofTab.map(({ client }) => client))]);
}

function keyArguments(keys: readonly StateKey[]): readonly string[] {
  return clientsOf(keys).flatMap(([tab, clients]) => [tab, namesArgument(clients)]);
}

/** Triples of tab, client and State, a State perhaps twice. */
function statesOf(reply: unknown): readonly StoredState[] {
  const stateByKey = new Map<string, StoredState>();
  for (const [tab, client, packed] of inGroups(asList(reply), 3)) {
    const key = { tab: asText(tab), client: asText(client) };
    stateByKey.set(`${key.tab} ${key.client}`, unpackState(key, asBytes(packed)));
  }
  return [...stateByKey.values()];
}

function inGroups<Value>(values: readonly Value[], size: number): readonly (readonly Value[])[] {
  const groups: (readonly Value[])[] = [];
  for (let from = 0; from < values.length; from += size) groups.push(values.slice(from, from + size));
  return groups;
}

/** Waits for all to end, so that nothing goes on behind the back of whoever hears of the first failure. */
async function all<Value>(promises: readonly Promise<Value>[]): Promise<readonly Value[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
