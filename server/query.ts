// Answers out of the store: the stored States reduced with what still waits in the queues. Reads bucket by bucket and
// a few tabs at a time, so that an answer of any size takes little memory; renders nothing. A shard that can't be reached
// ends a query, unless it was given a set to name such shards in: then it answers what the others hold.

import { bucketOf } from "../core/buckets.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import type { Pause } from "../core/world.ts";
import { groupOf, isSelected, type Names, type Selection } from "./selection.ts";
import {
  AGGREGATE,
  type BucketRead,
  isDeletion,
  type QueuedEntry,
  type StateKey,
  type Store,
  type StoredState,
  StoreTrouble,
} from "./store/store.ts";
import { lendState, type Loaded, loadState } from "./stored.ts";

export interface QueryOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly pause: Pause;
}

/** A State that was asked for, under the name that it is shown by, or why it can't be shown. */
export interface Found {
  readonly name: string;
  /** Of a group whose name stands for groups of other types as well, its own. */
  readonly type?: string;
  /** Whose State it is; "" for an Aggregate. */
  readonly client: string;
  readonly content: Loaded;
}

/** Tabs looked at together: each call to the store reads for so many, and an answer holds no more at once. */
const SLICE_TABS = 128;
const ALL: Names = { kind: "all" };

/** Buckets whose tabs are asked for at once. */
const LISTS_AHEAD = 16;

interface Slice {
  readonly bucket: number;
  readonly tabs: readonly string[];
}

export class Query {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #pause: Pause;

  constructor(options: QueryOptions) {
    this.#store = options.store;
    this.#registry = options.registry;
    this.#pause = options.pause;
  }

  /** The Aggregate of each tab, over all clients or those selected. Sorted within a bucket. */
  aggregates({ tabs, clients }: Selection, missing?: Set<string>): AsyncGenerator<Found> {
    return this.#bySlice(tabs, missing, (slice) => this.#aggregatesOf(slice, clients));
  }

  /** What `/tabs` shows: the Aggregate of each tab, or of the groups that they are to be reduced to. */
  async shown(
    selection: Selection,
    missing?: Set<string>,
  ): Promise<Result<AsyncIterable<Found> | Iterable<Found>, RequestRefusal>> {
    return selection.by.length > 0
      ? await this.groups(selection, missing)
      : accept(this.aggregates(selection, missing));
  }

  /** The State of each client of each tab. Sorted within a bucket, tab by tab. */
  projections({ tabs, clients }: Selection, missing?: Set<string>): AsyncGenerator<Found> {
    return this.#bySlice(tabs, missing, (slice) => this.#projectionsOf(slice, clients));
  }

  /** Tabs of one base name and type reduced by the values of tags, by name. */
  async groups(
    selection: Selection,
    missing?: Set<string>,
  ): Promise<Result<readonly Found[], RequestRefusal>> {
    const groups = await this.#reduced(this.aggregates(selection, missing), (tab) => groupOf(tab, selection.by));
    if (!groups.ok) return groups;
    const byName = Map.groupBy(groups.value, ({ name }) => name);
    return accept(groups.value.map((found) => byName.get(found.name)?.length === 1 ? found : withType(found)));
  }

  /** All tabs of one type reduced together, by type. */
  async superAggregates(
    selection: Selection,
    missing?: Set<string>,
  ): Promise<Result<readonly Found[], RequestRefusal>> {
    return await this.#reduced(this.aggregates(selection, missing), (_tab, type) => type);
  }

  /** Which clients are known of which tabs, a few tabs at a time. */
  async *known({ tabs, clients }: Selection): AsyncGenerator<{ bucket: number; keys: readonly StateKey[] }> {
    for (const [bucket, names] of this.#bucketsOf(tabs)) {
      for await (const slice of this.#slices(bucket, names)) {
        yield { bucket, keys: await this.#knownKeys(slice, clients) };
      }
    }
  }

  /** Names of tabs with their types. Sorted within a bucket. */
  types(tabs: Names, missing?: Set<string>): AsyncGenerator<readonly [tab: string, type: string]> {
    const buckets = [...this.#bucketsOf(tabs)];
    const listOf = this.#listAhead(buckets.map(([bucket]) => bucket));
    return this.#byBucket(buckets, missing, (bucket) => this.#typesOf(tabs, listOf(bucket)));
  }

  /** The names of all clients that are selected, each once. */
  async clients(clients: Names): Promise<readonly string[]> {
    const found = new Set<string>();
    for (let bucket = 0; bucket < this.#store.buckets; bucket++) {
      await this.#pause();
      for (const client of await this.#selected(clients, await this.#store.clients(bucket))) found.add(client);
    }
    return [...found].sort();
  }

  async #reduced(
    aggregates: AsyncIterable<Found>,
    nameOf: (tab: string, type: string) => string,
  ): Promise<Result<readonly Found[], RequestRefusal>> {
    const reductionByKey = new Map<string, Reduction>();
    for await (const { name: tab, content } of aggregates) {
      // What can't be read reduces with nothing: it is shown by its own name.
      const type = content.ok ? content.handler.type : "";
      const name = content.ok ? nameOf(tab, type) : tab;
      const key = `${name} ${type}`;
      const known = reductionByKey.get(key);
      if (known === undefined && reductionByKey.size >= limits.groupsMax) {
        return refuse(
          "query_illegal",
          `cannot reduce to more than ${limits.groupsMax} groups: ask for fewer tabs or tags`,
        );
      }
      const reduction = known ?? new Reduction(name, this.#registry);
      reduction.addContent(content);
      reductionByKey.set(key, reduction);
    }
    return accept([...reductionByKey].sort(([a], [b]) => a < b ? -1 : 1).map(([, reduction]) => reduction.found()));
  }

  #bySlice(
    tabs: Names,
    missing: Set<string> | undefined,
    find: (slice: Slice) => AsyncIterable<Found>,
  ): AsyncGenerator<Found> {
    return this.#byBucket(this.#bucketsOf(tabs), missing, (bucket, names) => this.#foundIn(bucket, names, find));
  }

  async *#foundIn(
    bucket: number,
    tabs: Names,
    find: (slice: Slice) => AsyncIterable<Found>,
  ): AsyncGenerator<Found> {
    for await (const slice of this.#slices(bucket, tabs)) yield* find(slice);
  }

  async *#typesOf(
    tabs: Names,
    list: Promise<ReadonlyMap<string, string>>,
  ): AsyncGenerator<readonly [tab: string, type: string]> {
    const typeByTab = await list;
    await this.#pause();
    for (const tab of (await this.#selected(tabs, typeByTab.keys())).sort()) yield [tab, typeByTab.get(tab) ?? ""];
  }

  /** What is found in bucket after bucket. Where shards may be missing those that can't be read are passed over. */
  async *#byBucket<Value>(
    buckets: Iterable<readonly [bucket: number, tabs: Names]>,
    missing: Set<string> | undefined,
    find: (bucket: number, tabs: Names) => AsyncIterable<Value>,
  ): AsyncGenerator<Value> {
    let [trouble, hasRead]: [StoreTrouble | undefined, boolean] = [undefined, false];
    for (const [bucket, tabs] of buckets) {
      const shard = this.#store.shardOf(bucket);
      if (missing?.has(shard)) continue;
      try {
        yield* find(bucket, tabs);
        hasRead = true;
      } catch (error) {
        if (missing === undefined || !(error instanceof StoreTrouble)) throw error;
        missing.add(shard);
        trouble = error;
      }
    }
    // An answer of nothing at all would say nothing that a refusal does not.
    if (trouble !== undefined && !hasRead) throw trouble;
  }

  async *#aggregatesOf(slice: Slice, clients: Names): AsyncGenerator<Found> {
    let reduction: Reduction | undefined;
    for await (const { key, stored } of this.#read(slice, await this.#keysFor(slice, clients))) {
      if (reduction?.name !== key.tab) {
        if (reduction !== undefined) yield reduction.found();
        reduction = new Reduction(key.tab, this.#registry);
      }
      for (const state of stored) reduction.add(state);
    }
    if (reduction !== undefined) yield reduction.found();
  }

  async *#projectionsOf(slice: Slice, clients: Names): AsyncGenerator<Found> {
    const keys = clients.kind === "exact" ? keysOf(slice, clients.names) : await this.#knownKeys(slice, clients);
    for await (const { key, stored } of this.#read(slice, keys)) {
      const reduction = new Reduction(key.tab, this.#registry, key.client);
      for (const state of stored) reduction.add(state);
      yield reduction.found();
    }
  }

  /** The buckets that can hold any of the tabs, with those that each can hold. */
  *#bucketsOf(tabs: Names): Iterable<readonly [bucket: number, tabs: Names]> {
    const { buckets } = this.#store;
    if (tabs.kind === "exact") {
      const byBucket = Map.groupBy(tabs.names, (name) => bucketOf(name, buckets));
      for (const [bucket, names] of byBucket) yield [bucket, { kind: "exact", names: new Set(names) }];
    } else for (let bucket = 0; bucket < buckets; bucket++) yield [bucket, tabs];
  }

  async *#slices(bucket: number, tabs: Names): AsyncGenerator<Slice> {
    const all = tabs.kind === "exact"
      ? [...tabs.names]
      : (await this.#selected(tabs, (await this.#store.tabs(bucket)).keys())).sort();
    await this.#pause();
    for (let from = 0; from < all.length; from += SLICE_TABS) {
      if (from > 0) await this.#pause();
      yield { bucket, tabs: all.slice(from, from + SLICE_TABS) };
    }
  }

  /** The tabs of the buckets, which must be asked for in their order: the next ones are then on their way. */
  #listAhead(buckets: readonly number[]): (bucket: number) => Promise<ReadonlyMap<string, string>> {
    const asked = new Map<number, Promise<ReadonlyMap<string, string>>>();
    let next = 0;
    return (bucket) => {
      for (; next < buckets.length && asked.size < LISTS_AHEAD; next++) {
        const answer = this.#store.tabs(buckets[next]);
        answer.catch(() => {}); // whoever comes to wait for it hears of it
        asked.set(buckets[next], answer);
      }
      const answer = asked.get(bucket) ?? this.#store.tabs(bucket);
      asked.delete(bucket);
      return answer;
    };
  }

  async #selected(names: Names, all: Iterable<string>): Promise<string[]> {
    const selected: string[] = [];
    let tried = 0;
    for (const name of all) {
      if (names.kind === "test" && tried++ % names.burst === 0) await this.#pause();
      if (isSelected(names, name)) selected.push(name);
    }
    return selected;
  }

  async #keysFor(slice: Slice, clients: Names): Promise<readonly StateKey[]> {
    switch (clients.kind) {
      case "all":
        return keysOf(slice, [AGGREGATE]);
      case "exact":
        return keysOf(slice, clients.names);
      case "test":
        return await this.#knownKeys(slice, clients);
    }
  }

  async #knownKeys({ bucket, tabs }: Slice, clients: Names): Promise<readonly StateKey[]> {
    const clientsByTab = await this.#store.clientsByTab(bucket, tabs);
    const keys: StateKey[] = [];
    for (const tab of tabs) {
      const known = await this.#selected(clients, clientsByTab.get(tab) ?? []);
      for (const client of known.sort()) keys.push({ tab, client });
    }
    return keys;
  }

  /** What there is for each of the keys, in their order: a stored State and what waits for it. */
  async *#read(slice: Slice, keys: readonly StateKey[]): AsyncGenerator<{ key: StateKey; stored: StoredState[] }> {
    for (let from = 0; from < keys.length; from += limits.readKeysMax) {
      if (from > 0) await this.#pause();
      const some = keys.slice(from, from + limits.readKeysMax);
      const read = await this.#store.read(slice.bucket, some);
      const storedByKey = group(read, some[0].client === AGGREGATE);
      const split = tabsWithout(read.queued);
      for (const key of some) {
        const stored = storedByKey.get(textOf(key)) ?? [];
        if (key.client === AGGREGATE && split.has(key.tab)) yield* this.#readClients(slice.bucket, key);
        else if (stored.length > 0) yield { key, stored };
      }
    }
  }

  /** What an Aggregate consists of, client by client. */
  async *#readClients(bucket: number, key: StateKey): AsyncGenerator<{ key: StateKey; stored: StoredState[] }> {
    const slice = { bucket, tabs: [key.tab] };
    for await (const { stored } of this.#read(slice, await this.#knownKeys(slice, ALL))) yield { key, stored };
  }
}

function keysOf({ tabs }: Slice, clients: Iterable<string>): readonly StateKey[] {
  const all = [...clients];
  return tabs.flatMap((tab) => all.map((client) => ({ tab, client })));
}

function group(read: BucketRead, areAggregates: boolean): ReadonlyMap<string, StoredState[]> {
  const storedByKey = new Map<string, StoredState[]>();
  for (const stored of withoutDeleted(read)) {
    // The State of a tab's only client may stand for its Aggregate.
    const key = textOf(areAggregates ? { tab: stored.tab, client: AGGREGATE } : stored);
    const known = storedByKey.get(key);
    if (known === undefined) storedByKey.set(key, [stored]);
    else known.push(stored);
  }
  return storedByKey;
}

/** States and entries that no later deletion takes. Of an Aggregate a client's deletion takes nothing here. */
function withoutDeleted({ states, queued }: BucketRead): readonly StoredState[] {
  const deletedAt = new Map<string, number>();
  queued.forEach((entry, at) => isDeletion(entry) && deletedAt.set(textOf(entry), at));
  if (deletedAt.size === 0) return [...states, ...queued];
  const isLeft = ({ tab, client }: StateKey, at: number) =>
    [client, AGGREGATE].every((deleted) => at >= (deletedAt.get(textOf({ tab, client: deleted })) ?? -1));
  return [
    ...states.filter((state) => isLeft(state, -1)),
    ...queued.filter((entry, at) => !isDeletion(entry) && isLeft(entry, at)),
  ];
}

/** Tabs of whose clients some are being deleted: what is stored of their Aggregates still has them. */
function tabsWithout(queued: readonly QueuedEntry[]): ReadonlySet<string> {
  return new Set(queued.filter((entry) => isDeletion(entry) && entry.client !== AGGREGATE).map(({ tab }) => tab));
}

function withType(found: Found): Found {
  return found.content.ok ? { ...found, type: found.content.handler.type } : found;
}

/** No name holds a space. */
function textOf({ tab, client }: StateKey): string {
  return `${tab} ${client}`;
}

/** States reduced together as they come. */
class Reduction {
  readonly name: string;
  readonly #client: string;
  readonly #registry: Registry;
  #content: Loaded | undefined;

  constructor(name: string, registry: Registry, client = AGGREGATE) {
    this.name = name;
    this.#client = client;
    this.#registry = registry;
  }

  add(stored: StoredState): void {
    this.addContent((this.#content === undefined ? loadState : lendState)(this.#registry, stored));
  }

  /** Takes the first State over, so it must not be used any more. What can't be read spoils the whole. */
  addContent(content: Loaded): void {
    if (this.#content === undefined || !content.ok) this.#content = content;
    else if (this.#content.ok) {
      const { handler, state } = this.#content;
      if (handler === content.handler) handler.reduce(state, content.state);
      else this.#content = { ok: false, why: `it holds both ${handler.type} and ${content.handler.type}` };
    }
  }

  found(): Found {
    const content = this.#content ?? { ok: false, why: "nothing is stored for it" };
    return { name: this.name, client: this.#client, content };
  }
}
