// Which servers there are, and which of them drains which bucket: announcements in the store, and rendezvous hashing
// over them (Thaler, Ravishankar: "Using Name-Based Mappings to Increase Hit Rates", 1998). When a server comes or
// goes, only its own share moves.

import { murmur3 } from "../core/buckets.ts";
import type { Member, Store } from "./store/store.ts";

export class Membership {
  readonly self: Member;
  readonly #store: Store;
  readonly #ttlMs: number;
  #members: readonly Member[] = [];
  #share: ReadonlySet<number> = new Set();

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

  /** Announces this server and learns of the others. */
  async beat(): Promise<void> {
    await this.#store.heartbeat(this.self, this.#ttlMs);
    const members = await this.#store.members();
    const before = drainersOf(this.#members);
    const after = drainersOf(members);
    this.#members = members;
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
