// Which servers there are, and which of them drains which bucket: announcements in the store, and rendezvous hashing
// over them (Thaler, Ravishankar: "Using Name-Based Mappings to Increase Hit Rates", 1998). When a server comes or
// goes, only its own share moves. Orders to all servers, and what they have done of them, travel in the announcements.

import { murmur3 } from "../core/buckets.ts";
import type { Finished, Member, Order, Store } from "./store/store.ts";

export class Membership {
  readonly self: Member;
  readonly #store: Store;
  readonly #ttlMs: number;
  #members: readonly Member[] = [];
  #share: ReadonlySet<number> = new Set();
  readonly #given = new Map<string, Order>();
  readonly #finished = new Map<string, Finished>();
  #named = 0;

  constructor(store: Store, self: Member, options: { readonly ttlMs: number }) {
    this.self = self;
    this.#store = store;
    this.#ttlMs = options.ttlMs;
  }

  /** As of the last `beat`. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** The buckets that this server ought to drain. */
  get share(): ReadonlySet<number> {
    return this.#share;
  }

  /** A digest of the servers that share the buckets. */
  get drainers(): string {
    return String(murmur3(drainersOf(this.#members).join(" ")));
  }

  /** The orders in force. */
  get orders(): readonly Order[] {
    return this.#members.flatMap(({ orders }) => orders ?? []);
  }

  /** Asks something of all servers that drain, from the next beat on until it is withdrawn. Answers the order's id. */
  give(kind: Order["kind"]): string {
    const id = `${this.self.id} ${this.#named++}`;
    this.#given.set(id, { id, kind });
    return id;
  }

  withdraw(id: string): void {
    this.#given.delete(id);
  }

  /** What all servers that drain have done of an order, and how many of them. */
  progressOf(id: string): { readonly drainers: number; readonly finished: number; readonly count: number } {
    const { drainers } = this;
    const done = this.#members.flatMap(({ finished }) => finished ?? [])
      .filter((finished) => finished.id === id && finished.drainers === drainers);
    const count = done.reduce((sum, finished) => sum + finished.count, 0);
    return { drainers: drainersOf(this.#members).length, finished: done.length, count };
  }

  /** This server has done an order, which it tells the others at once. */
  async finish(finished: Finished): Promise<void> {
    if (this.#finished.get(finished.id)?.drainers === finished.drainers) return;
    this.#finished.set(finished.id, finished);
    await this.beat();
  }

  /** Announces this server and learns of the others. */
  async beat(): Promise<void> {
    const [orders, finished] = [[...this.#given.values()], [...this.#finished.values()]];
    const said = { ...(orders.length > 0 ? { orders } : {}), ...(finished.length > 0 ? { finished } : {}) };
    await this.#store.heartbeat({ ...this.self, ...said }, this.#ttlMs);
    const members = await this.#store.members();
    const before = drainersOf(this.#members);
    const after = drainersOf(members);
    this.#members = members;
    const inForce = new Set(this.orders.map(({ id }) => id));
    for (const id of this.#finished.keys()) if (!inForce.has(id)) this.#finished.delete(id);
    if (before.join(" ") !== after.join(" ")) this.#share = shareOf(this.self.id, after, this.#store.buckets);
  }

  async leave(): Promise<void> {
    await this.#store.leave(this.self.id);
  }
}

/** The id among `ids` that drains the bucket. */
export function drainerOf(bucket: number, ids: readonly string[]): string | undefined {
  let best: string | undefined;
  let highest = -1;
  for (const id of ids) {
    const weight = murmur3(`${id} ${bucket}`);
    if (weight < highest || (weight === highest && best !== undefined && id > best)) continue;
    best = id;
    highest = weight;
  }
  return best;
}

/** The ids of the servers that share the buckets. */
export function drainersOf(members: readonly Member[]): readonly string[] {
  return members.filter(({ roles }) => roles.includes("be")).map(({ id }) => id);
}

function shareOf(id: string, ids: readonly string[], buckets: number): ReadonlySet<number> {
  const share = new Set<number>();
  for (let bucket = 0; bucket < buckets; bucket++) if (drainerOf(bucket, ids) === id) share.add(bucket);
  return share;
}
