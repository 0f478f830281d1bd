// The States of one tab as the drain holds them between loading and committing. Every client's State and the tab's
// Aggregate take in the same; which of them have changed is known here.

import type { Handler } from "../../core/handlers/handler.ts";
import { storeState } from "../stored.ts";
import { AGGREGATE, type StoredState } from "../store/store.ts";

/** What the tabs of a bucket weigh together. */
export interface Weight {
  /** An estimate of the memory that they take. */
  heldBytes: number;
  /** What a commit would write, as far as known. */
  dirtyBytes: number;
  dirtyStates: number;
}

interface Held {
  state: unknown;
  /** Encoded; for a State that has grown since, those of before. */
  bytes: number;
  isDirty: boolean;
}

// What a State takes in memory, found by measuring CounterGroups: their arrays leave room to grow in.
const STATE_BYTES = 3000;
const BYTES_PER_ENCODED = 4;

export class HeldTab {
  readonly tab: string;
  readonly handler: Handler;
  readonly #weight: Weight;
  /** Of the clients that were heard of or loaded. Where the tab has no Aggregate of its own, these are all it has. */
  readonly #byClient = new Map<string, Held>();
  #dirty = 0;

  constructor(tab: string, handler: Handler, weight: Weight) {
    this.tab = tab;
    this.handler = handler;
    this.#weight = weight;
  }

  get isDirty(): boolean {
    return this.#dirty > 0;
  }

  has(client: string): boolean {
    return this.#byClient.has(client);
  }

  /** Undefined where the State is not held. */
  isEmpty(client: string, now: number): boolean | undefined {
    const held = this.#byClient.get(client);
    return held === undefined ? undefined : this.handler.isEmpty(held.state, now);
  }

  /** Takes in a State as it was loaded. */
  keep(client: string, state: unknown, bytes: number): void {
    this.#byClient.set(client, { state, bytes, isDirty: false });
    this.#weight.heldBytes += memoryOf(bytes);
  }

  /** Reduces an entry's State, which is only lent, into the client's, new where it is not held, and the Aggregate. */
  take(client: string, from: unknown, bytes: number): void {
    const held = this.#byClient.get(client);
    if (held !== undefined) this.#reduce(held, from);
    const aggregate = this.#byClient.get(AGGREGATE);
    if (aggregate !== undefined) this.#reduce(aggregate, from);
    if (held !== undefined) return;
    const state = this.handler.create(client);
    this.handler.reduce(state, from);
    this.#add(client, state, bytes);
    // The second client: from now on the tab has an Aggregate of its own.
    if (aggregate === undefined && this.#byClient.size === 2) this.#aggregate();
  }

  /** Has a State written with the next commit; false where it is not held. */
  touch(client: string): boolean {
    const held = this.#byClient.get(client);
    if (held !== undefined) this.#setDirty(held, true);
    return held !== undefined;
  }

  /** The States that have changed, encoded; from now on they count as clean. */
  *clean(): Generator<StoredState> {
    for (const [client, held] of this.#byClient) {
      if (!held.isDirty) continue;
      this.#setDirty(held, false);
      const stored = storeState({ tab: this.tab, client }, this.handler, held.state);
      this.#weight.heldBytes += memoryOf(stored.bytes.length) - memoryOf(held.bytes);
      held.bytes = stored.bytes.length;
      yield stored;
    }
  }

  drop(client: string): void {
    const held = this.#byClient.get(client);
    if (held === undefined) return;
    this.#setDirty(held, false);
    this.#weight.heldBytes -= memoryOf(held.bytes);
    this.#byClient.delete(client);
  }

  dropAll(): void {
    for (const client of this.#byClient.keys()) this.drop(client);
  }

  #add(client: string, state: unknown, bytes: number): Held {
    const held = { state, bytes, isDirty: false };
    this.#byClient.set(client, held);
    this.#weight.heldBytes += memoryOf(bytes);
    this.#setDirty(held, true);
    return held;
  }

  #aggregate(): void {
    const state = this.handler.create(AGGREGATE);
    let bytes = 0;
    for (const held of this.#byClient.values()) {
      this.handler.reduce(state, held.state);
      bytes = Math.max(bytes, held.bytes);
    }
    this.#add(AGGREGATE, state, bytes);
  }

  #reduce(held: Held, from: unknown): void {
    this.handler.reduce(held.state, from);
    this.#setDirty(held, true);
  }

  #setDirty(held: Held, isDirty: boolean): void {
    if (held.isDirty === isDirty) return;
    const sign = isDirty ? 1 : -1;
    held.isDirty = isDirty;
    this.#dirty += sign;
    this.#weight.dirtyStates += sign;
    this.#weight.dirtyBytes += sign * held.bytes;
  }
}

function memoryOf(bytes: number): number {
  return STATE_BYTES + BYTES_PER_ENCODED * bytes;
}
