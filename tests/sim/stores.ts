// Stores that let a test come between the server and a real store: hold calls back, lose their answers, forget the
// newest writes as a fail-over does.

import { assert } from "@std/assert";
import { MemoryStore } from "../../server/store/memory_store.ts";
import { type StateKey, type Store, StoreTrouble } from "../../server/store/store.ts";

/** Sees each call before the store does; `run` may be run once, later, never, or on another store. */
export type Intercept = <Answer>(method: string, run: (store: Store) => Promise<Answer>) => Promise<Answer>;

export function interceptedStore(buckets: number, intercept: Intercept): Store {
  return {
    buckets,
    shardOf: () => "shard",
    enqueue: (id, entries) => intercept("enqueue", (store) => store.enqueue(id, entries)),
    enqueueDeletions: (bucket, keys) => intercept("enqueueDeletions", (store) => store.enqueueDeletions(bucket, keys)),
    lease: (owner, buckets, ttlMs) => intercept("lease", (store) => store.lease(owner, buckets, ttlMs)),
    release: (leases) => intercept("release", (store) => store.release(leases)),
    queues: (missing) => intercept("queues", (store) => store.queues(missing)),
    eventCounts: () => intercept("eventCounts", (store) => store.eventCounts()),
    bucketEvents: (bucket) => intercept("bucketEvents", (store) => store.bucketEvents(bucket)),
    readQueue: (lease, cursor, bytesMax) => intercept("readQueue", (store) => store.readQueue(lease, cursor, bytesMax)),
    load: (lease, keys) => intercept("load", (store) => store.load(lease, keys)),
    commit: (commit) => intercept("commit", (store) => store.commit(commit)),
    read: (bucket, keys) => intercept("read", (store) => store.read(bucket, keys)),
    tabs: (bucket) => intercept("tabs", (store) => store.tabs(bucket)),
    clientsByTab: (bucket, tabs) => intercept("clientsByTab", (store) => store.clientsByTab(bucket, tabs)),
    clients: (bucket) => intercept("clients", (store) => store.clients(bucket)),
    heartbeat: (member, ttlMs) => intercept("heartbeat", (store) => store.heartbeat(member, ttlMs)),
    leave: (id) => intercept("leave", (store) => store.leave(id)),
    members: () => intercept("members", (store) => store.members()),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** What becomes of a call: it works, never reaches the store, or works while its answer is lost. */
export type Fate = "done" | "unreached" | "unanswered";

export async function fated<Answer>(fate: Fate, run: () => Promise<Answer>): Promise<Answer> {
  if (fate === "unreached") throw new StoreTrouble("the store could not be reached");
  const answer = await run();
  if (fate === "unanswered") throw new StoreTrouble("the store did not answer");
  return answer;
}

/** Every call waits until the test lets it through. */
export class GatedStore {
  readonly store: Store;
  readonly #inner: Store;
  readonly #waiting: ((fate: Fate) => Promise<void>)[] = [];

  constructor(inner: Store) {
    this.#inner = inner;
    this.store = interceptedStore(inner.buckets, (_method, run) => this.#hold(() => run(inner)));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets one of the waiting calls through. */
  async pass(index: number, fate: Fate): Promise<void> {
    const [call] = this.#waiting.splice(index % this.#waiting.length, 1);
    await call(fate);
  }

  #hold<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push((fate) => fated(fate, run).then(resolve, reject));
    return promise;
  }
}

const MUTATING = new Set(["enqueue", "enqueueDeletions", "lease", "release", "commit", "heartbeat", "leave"]);

interface Step<Label> {
  readonly label: Label | undefined;
  readonly now: number;
  readonly run: (store: Store) => Promise<unknown>;
  /** The names that the store asked for. */
  readonly names: readonly string[];
}

export interface StoreWorld {
  readonly clock: () => number;
  readonly nameEntry: () => string;
}

/**
 * A store that can lose its newest writes: what is left is a beginning of its history, done again on an empty store at
 * the same times and with the same names.
 */
export class RewindableStore<Label> {
  readonly store: Store;
  /** Goes with the next write. */
  label: Label | undefined;
  readonly #open: (world: StoreWorld) => Store;
  readonly #clock: () => number;
  #inner: Store;
  #steps: Step<Label>[] = [];
  #replayed: { readonly now: number; readonly names: string[] } | undefined;
  #names: string[] = [];
  #named = 0;

  constructor(clock: () => number, open: (world: StoreWorld) => Store) {
    this.#clock = clock;
    this.#open = open;
    this.#inner = this.#fresh();
    this.store = interceptedStore(this.#inner.buckets, (method, run) => this.#do(method, run));
  }

  /** The labels of the writes that were not lost. */
  get labels(): readonly Label[] {
    return this.#steps.map(({ label }) => label).filter((label) => label !== undefined);
  }

  /** Loses this many of the newest writes. */
  async rewind(writes: number): Promise<void> {
    this.#steps = this.#steps.slice(0, Math.max(0, this.#steps.length - writes));
    this.#inner = this.#fresh();
    for (const { now, run, names } of this.#steps) {
      this.#replayed = { now, names: [...names] };
      await run(this.#inner);
    }
    this.#replayed = undefined;
  }

  async #do<Answer>(method: string, run: (store: Store) => Promise<Answer>): Promise<Answer> {
    if (!MUTATING.has(method)) return await run(this.#inner);
    this.#names = [];
    const answer = run(this.#inner);
    // The embedded store does its work before it answers, so no other call can have come between.
    this.#steps.push({ label: this.label, now: this.#clock(), run, names: this.#names });
    this.label = undefined;
    return await answer;
  }

  #fresh(): Store {
    return this.#open({
      clock: () => this.#replayed?.now ?? this.#clock(),
      nameEntry: () => {
        if (this.#replayed !== undefined) {
          const name = this.#replayed.names.shift();
          assert(name !== undefined, "a replay asks for the names that it asked for the first time");
          return name;
        }
        const name = `entry ${this.#named++}`;
        this.#names.push(name);
        return name;
      },
    });
  }
}

/** A store of two shards, "low" and "high", of which the first can't be reached while it is down. */
export class HalfStore extends MemoryStore {
  isDown = false;

  override shardOf(bucket: number): string {
    return bucket < this.buckets / 2 ? "low" : "high";
  }

  override tabs(bucket: number) {
    return this.#fails(bucket) ? Promise.reject(new StoreTrouble("low is down")) : super.tabs(bucket);
  }

  override read(bucket: number, keys: readonly StateKey[]) {
    return this.#fails(bucket) ? Promise.reject(new StoreTrouble("low is down")) : super.read(bucket, keys);
  }

  #fails(bucket: number): boolean {
    return this.isDown && this.shardOf(bucket) === "low";
  }
}
