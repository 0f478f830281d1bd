// Real ingest, drains and queries over one store, on virtual time and with every fault that a store can show. The order
// of all calls to the store is the test's to choose, so that anything may happen between any two of them. A ledger
// knows which events have been accepted and are not lost; after every step queries must answer just that.

import { assert, assertEquals } from "@std/assert";
import { bucketOf } from "../../core/buckets.ts";
import { createRegistry, type Registry } from "../../core/handlers/registry.ts";
import { Check } from "../../server/upkeep/check.ts";
import { Delays } from "../../server/delays.ts";
import { Drain } from "../../server/drain/drain.ts";
import { Ingest } from "../../server/ingest.ts";
import { Membership } from "../../server/membership.ts";
import { Overload } from "../../server/overload.ts";
import { type Found, Query } from "../../server/query.ts";
import { AGGREGATE, type Store, StoreTrouble } from "../../server/store/store.ts";
import { createLog } from "../../service/log.ts";
import { type Fate, fated, GatedStore, interceptedStore, RewindableStore, type StoreWorld } from "./stores.ts";
import { turn, VirtualTime } from "./virtual_time.ts";

export interface Line {
  readonly tab: string;
  readonly client: string;
  readonly values: readonly number[];
}

/** What is posted, perhaps several times. */
export interface Batch {
  readonly sender: string;
  readonly seq: number;
  readonly time: number;
  readonly lines: readonly Line[];
}

/** What was deleted: a tab, or with a client what it has of that client. */
export interface Deleted {
  readonly tab: string;
  readonly client: string;
}

export interface SimOptions {
  readonly open: (world: StoreWorld) => Store;
  /** Ids of the drains. */
  readonly drains: number;
}

const ALL = { kind: "all" } as const;
const EVERYTHING = { tabs: ALL, clients: ALL, by: [] };
const SETTLE_ROUNDS_MAX = 200;
const FULL = createRegistry();
/** Of a server that has not been told of all types. */
const PARTIAL: Registry = { get: (type) => type === "CounterGroup" ? undefined : FULL.get(type), types: [] };

const WINDOWS = [{ width: 1, span: 60 }, { width: 900, span: 86_400 }];

interface Event extends Deleted {
  readonly time: number;
  readonly value: number;
}

/** One drain process: its memory, and its way to the store. */
interface Process {
  readonly gate: GatedStore;
  readonly drain: Drain;
  readonly membership: Membership;
  isBusy: boolean;
}

/** Tabs that begin with "all" hold TotalsCounters, others CounterGroups, whose events go out of sight with time. */
export function typeOf(tab: string): string {
  return tab.startsWith("all") ? "TotalsCounter" : "CounterGroup";
}

export class ServerSim {
  readonly #time = new VirtualTime();
  readonly #history: RewindableStore<Batch | Deleted>;
  readonly #query: Query;
  readonly #ingest: Ingest;
  readonly #processes: Process[];
  readonly #seqBySender = new Map<string, number>();
  readonly #batches: Batch[] = [];
  readonly #ownerByFence = new Map<string, string>();
  /** What a drain threw, which it never may. */
  readonly #bugs: unknown[] = [];
  #fate: Fate = "done";
  #started = 0;
  #random = 1;

  constructor(options: SimOptions) {
    const { clock, sleep } = this.#time;
    this.#history = new RewindableStore(clock, options.open);
    const { store } = this.#history;
    const pause = () => Promise.resolve();
    this.#query = new Query({ store, registry: FULL, pause });
    const posted = interceptedStore(store.buckets, (method, run) => {
      return fated(method === "enqueue" ? this.#fate : "done", () => run(store));
    });
    const overload = new Overload({
      store: posted,
      clock,
      random: () => 0.5,
      log: createLog({ clock, write: () => {} }),
      queueBytesSoft: Infinity,
      queueBytesHard: Infinity,
    });
    const bounds = { bodyBytesMax: 1_000_000, lineBytesMax: 1_000_000 };
    this.#ingest = new Ingest({
      store: posted,
      registry: FULL,
      overload,
      delays: new Delays(clock),
      ...{ clock, sleep, pause },
      ...bounds,
    });
    this.#processes = Array.from({ length: options.drains }, () => this.#start(FULL));
  }

  async pass(ms: number): Promise<void> {
    await this.#time.pass(ms);
  }

  /** A new batch. */
  async post(sender: string, lines: readonly Line[], fate: Fate): Promise<void> {
    const seq = this.#seqBySender.get(sender) ?? 0;
    this.#seqBySender.set(sender, seq + 1);
    const batch = { sender, seq, time: this.#time.clock(), lines };
    this.#batches.push(batch);
    await this.#post(batch, fate);
  }

  /** One of the newest batches again. */
  async repeat(age: number, fate: Fate): Promise<void> {
    if (this.#batches.length > 0) {
      await this.#post(this.#batches[this.#batches.length - 1 - age % this.#batches.length], fate);
    }
  }

  /** Deletes a tab, or one client's part of it. */
  async delete(deleted: Deleted, fate: Fate): Promise<void> {
    const { store } = this.#history;
    if (fate !== "unreached") this.#history.label = deleted;
    const bucket = bucketOf(deleted.tab, store.buckets);
    const outcome = fated(fate, () => store.enqueueDeletions(bucket, [deleted]));
    await outcome.catch((error) => assert(error instanceof StoreTrouble, String(error)));
  }

  /** Lets a drain go on by so many calls to the store, the last of which has this fate. */
  async step(which: number, options: { readonly calls: number; readonly call: number; readonly fate: Fate }) {
    const process = this.#processes[which % this.#processes.length];
    for (let left = options.calls; left > 0; left--) {
      if (!process.isBusy) this.#tick(process);
      await turn();
      if (process.gate.waiting > 0) await process.gate.pass(options.call, left === 1 ? options.fate : "done");
      await turn();
    }
  }

  /** A drain dies where it stands; what it had sent to the store may still arrive. Another takes its place. */
  async kill(which: number, options: { readonly arriving: number; readonly isPartial: boolean }): Promise<void> {
    const index = which % this.#processes.length;
    const { gate } = this.#processes[index];
    for (let left = Math.min(options.arriving, gate.waiting); left > 0; left--) await gate.pass(0, "unanswered");
    this.#processes[index] = this.#start(options.isPartial ? PARTIAL : FULL);
  }

  /** A fail-over: the newest writes are lost. */
  async failOver(writes: number): Promise<void> {
    await this.#history.rewind(writes);
    // Fences that were lost are given out again.
    this.#ownerByFence.clear();
  }

  /** What queries answer is what was accepted and not lost, to the event. */
  async check(): Promise<void> {
    if (this.#bugs.length > 0) throw this.#bugs[0];
    const now = this.#time.clock();
    const eventsByName = Map.groupBy(this.#left(), ({ tab }) => tab);
    for (const [name, events] of Map.groupBy(this.#left(), ({ tab, client }) => `${tab} ${client}`)) {
      eventsByName.set(name, events);
    }
    const expected: Record<string, readonly number[]> = {};
    for (const [name, events] of eventsByName) note(expected, name, figuresOf(typeOf(name), events, now));
    const shown: Record<string, readonly number[]> = {};
    for await (const found of this.#query.aggregates(EVERYTHING)) note(shown, found.name, shownBy(found, now));
    for await (const found of this.#query.projections(EVERYTHING)) {
      note(shown, `${found.name} ${found.client}`, shownBy(found, now));
    }
    assertEquals(shown, expected);
    await this.#checkCounts();
  }

  /** Without faults all that waits is committed in the end, by drains that know all types. */
  async settle(): Promise<void> {
    for (let index = 0; index < this.#processes.length; index++) {
      await this.kill(index, { arriving: 0, isPartial: false });
    }
    for (let round = 0; (await this.#history.store.queues()).length > 0; round++) {
      assert(round < SETTLE_ROUNDS_MAX, "what waits must be committed in the end");
      for (let which = 0; which < this.#processes.length; which++) {
        await this.step(which, { calls: 50, call: 0, fate: "done" });
      }
      await this.pass(1000);
    }
    for (const { drain } of this.#processes) {
      const { dirtyBytes, heldBack } = drain.status();
      assertEquals([dirtyBytes, heldBack], [0, 0], "nothing is left to commit");
    }
    const { enqueued, committed } = await this.#history.store.eventCounts();
    assertEquals(committed, enqueued, "all that was enqueued is committed");
    const { store } = this.#history;
    const signal = new AbortController().signal;
    const check = new Check({ store, registry: FULL, clock: this.#time.clock, pause: () => Promise.resolve(), signal });
    assertEquals((await check.run()).problems, [], "Aggregates are what States reduce to");
  }

  /** What was accepted, and neither lost nor deleted since. */
  #left(): readonly Event[] {
    let left: Event[] = [];
    for (const label of new Set(this.#history.labels)) {
      if ("lines" in label) {
        for (const { values, ...key } of label.lines) {
          left.push(...values.map((value) => ({ ...key, time: label.time, value })));
        }
      } else left = left.filter(({ tab, client }) => tab !== label.tab || ![client, ""].includes(label.client));
    }
    return left;
  }

  /** The store's own ledger balances: what was accepted is committed or waits. */
  async #checkCounts(): Promise<void> {
    const { store } = this.#history;
    const { enqueued, committed } = await store.eventCounts();
    const batches = [...new Set(this.#history.labels)].filter((label) => "lines" in label);
    const accepted = batches.flatMap(({ lines }) => lines).reduce((events, { values }) => events + values.length, 0);
    assertEquals(enqueued, accepted, "every accepted event is counted once");
    let waiting = 0;
    for (let bucket = 0; bucket < store.buckets; bucket++) {
      const keys = [...(await store.tabs(bucket)).keys()].map((tab) => ({ tab, client: AGGREGATE }));
      for (const { events } of (await store.read(bucket, keys)).queued) waiting += events;
    }
    assertEquals(committed, accepted - waiting, "what does not wait is committed");
  }

  async #post(batch: Batch, fate: Fate): Promise<void> {
    const header = { client: "none", sender: batch.sender, seq: batch.seq, low: 0 };
    const lines = batch.lines.map(({ tab, client, values }) => {
      return { tab, client, type: typeOf(tab), events: values.map((value) => [batch.time, value]) };
    });
    const body = [header, ...lines].map((line) => JSON.stringify(line)).join("\n");
    this.#fate = fate;
    if (fate !== "unreached") this.#history.label = batch;
    const response = await this.#ingest.post(new Request("http://sim/post", { method: "POST", body }));
    const answer = await response.json();
    assertEquals(response.status, fate === "done" ? 200 : 503, JSON.stringify(answer));
  }

  #start(registry: Registry): Process {
    const gate = new GatedStore(this.#watched(this.#history.store));
    const id = `be-${this.#started++}`;
    const self = { id, url: `http://${id}`, roles: ["be"], started: this.#time.clock() } as const;
    const membership = new Membership(gate.store, self, { ttlMs: 5000 });
    const drain = new Drain({
      ...{ store: gate.store, registry, membership, clock: this.#time.clock, random: () => this.#nextRandom() },
      log: createLog({ clock: this.#time.clock, write: () => {} }),
      delays: new Delays(this.#time.clock),
      pause: () => Promise.resolve(),
      commitMs: 500,
      pruneS: 3600,
      // Little enough that almost nothing is kept.
      heldBytesMax: 10_000,
    });
    return { gate, drain, membership, isBusy: false };
  }

  /** No two owners ever have the same fence of a bucket. */
  #watched(store: Store): Store {
    return {
      ...store,
      lease: async (...args) => {
        const leases = await store.lease(...args);
        for (const { bucket, fence, owner } of leases) {
          const key = `${bucket} ${fence}`;
          assertEquals(this.#ownerByFence.get(key) ?? owner, owner, "a fence belongs to one owner");
          this.#ownerByFence.set(key, owner);
        }
        return leases;
      },
    };
  }

  #tick(process: Process): void {
    process.isBusy = true;
    const beat = process.membership.beat().catch((error) => assert(error instanceof StoreTrouble, String(error)));
    beat.then(() => process.drain.tick()).then(() => process.isBusy = false).catch((bug) => this.#bugs.push(bug));
  }

  /** A linear congruential generator: the same seed, the same story. */
  #nextRandom(): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#random / 0x80000000;
  }
}

/** Where all is zero a tab may be there or not. */
function note(figuresByName: Record<string, readonly number[]>, name: string, figures: readonly number[]): void {
  if (figures.some((figure) => figure !== 0)) figuresByName[name] = figures;
}

/** What a handler must show, the simple way: all events, or those of the windows of a minute and a day. */
function figuresOf(type: string, events: readonly Event[], now: number): readonly number[] {
  const windows = type === "TotalsCounter" ? [{ width: 1, span: Infinity }] : WINDOWS;
  return windows.flatMap(({ width, span }) => {
    const from = Math.floor(now / width) * width - (span - width);
    const values = events.filter(({ time }) => Math.floor(time / width) * width >= from).map(({ value }) => value);
    return [values.length, values.reduce((total, value) => total + value, 0)];
  });
}

function shownBy({ name, content }: Found, now: number): readonly number[] {
  assert(content.ok, `${name} can be read`);
  const shown = JSON.parse(JSON.stringify(content.handler.render(content.state, now)));
  const windows = typeOf(name) === "TotalsCounter" ? [shown] : [shown["1m"], shown["1d"]];
  return windows.flatMap(({ count, total }) => [count, total]);
}
