// The drain of one server: takes the leases of its share of the buckets, moves what waits in their queues into States,
// and commits. Owns when which bucket is worked on; what happens inside a bucket is HeldBucket's. One `tick` does what
// is due and may be called at any time; `drainUntil` is the loop around it.

import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import type { Clock, Pause, Random, Sleep } from "../../core/world.ts";
import type { Log } from "../../service/log.ts";
import { describeError } from "../../service/log.ts";
import type { Delays } from "../delays.ts";
import { type CommitBounds, type Committed, HeldBucket } from "./held_bucket.ts";
import type { Membership } from "../membership.ts";
import { Patience } from "./patience.ts";
import { type Lease, type QueuedEntry, type QueueStatus, type Store, StoreTrouble } from "../store/store.ts";
import type { Unreadable } from "../upkeep/deletion.ts";
import { Orders } from "../upkeep/orders.ts";
import { prune, TabRound } from "../upkeep/tab_round.ts";

export interface DrainOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly delays: Delays;
  readonly pause: Pause;
  /** The longest that an entry waits for its commit while the store answers. */
  readonly commitMs?: number;
  /** A server that has died loses its buckets after this long. */
  readonly leaseMs?: number;
  /** Between two looks at all States of a bucket for those that have become empty. */
  readonly pruneS?: number;
  readonly heldBytesMax?: number;
}

/** What the drain has done since it was started, and what it holds. */
export interface DrainStatus {
  readonly buckets: number;
  readonly entries: number;
  readonly events: number;
  readonly states: number;
  readonly commits: number;
  readonly removed: number;
  /** Buckets that turned out to be someone else's, or not to be what they were. */
  readonly lost: number;
  readonly evicted: number;
  readonly troubles: number;
  readonly heldBytes: number;
  readonly dirtyBytes: number;
  /** Entries that this server can't read, waiting for one that can. */
  readonly heldBack: number;
}

/** Leases are renewed this often while they last. */
const RENEWALS = 5;
/** Buckets worked on at once: while one waits for the store, another uses the processor. */
const LANES = 4;
/** After this long a tick leaves the rest to the next one, so that leases are renewed in time. */
const TICK_S = 0.5;

/** A bucket in work. */
interface Work {
  readonly held: HeldBucket;
  readonly patience: Patience;
  round: TabRound | undefined;
  nextRound: number;
}

export class Drain {
  readonly #options: DrainOptions;
  readonly #commitMs: number;
  readonly #leaseMs: number;
  readonly #pruneS: number;
  readonly #heldBytesMax: number;
  readonly #workByBucket = new Map<number, Work>();
  readonly #patience: Patience;
  readonly #orders: Orders;
  readonly #counts = { entries: 0, events: 0, states: 0, commits: 0, removed: 0, lost: 0, evicted: 0, troubles: 0 };
  #nextRenewal = 0;
  #commitsNamed = 0;
  #bucketsTold = 0;

  constructor(options: DrainOptions) {
    this.#options = options;
    this.#commitMs = options.commitMs ?? 2000;
    this.#leaseMs = options.leaseMs ?? 5000;
    this.#pruneS = options.pruneS ?? 1800;
    this.#heldBytesMax = options.heldBytesMax ?? limits.heldBytesMax;
    this.#patience = new Patience(options.random);
    this.#orders = new Orders(options.store, options.membership);
  }

  status(): DrainStatus {
    let [heldBytes, dirtyBytes, heldBack] = [0, 0, 0];
    for (const { held } of this.#workByBucket.values()) {
      heldBytes += held.weight.heldBytes;
      dirtyBytes += held.weight.dirtyBytes;
      heldBack += held.heldBack;
    }
    return {
      buckets: this.#workByBucket.size,
      ...this.#counts,
      heldBytes,
      dirtyBytes,
      heldBack,
    };
  }

  /** Does what is due; answers whether more is waiting already. Trouble of the store only delays. */
  async tick(): Promise<boolean> {
    const { clock, store } = this.#options;
    const start = clock();
    if (this.#patience.isWaiting(start)) return false;
    try {
      if (start >= this.#nextRenewal) await this.#renew(start);
      this.#orders.see();
      const missing = new Set<string>();
      const queues = new Map((await store.queues(missing)).map((queue) => [queue.bucket, queue]));
      this.#patience.succeeded();
      const hasMore = await this.#workOn(this.#due(queues, { missing, now: start }), queues);
      await this.#orders.report([...this.#workByBucket.values()].map(({ held }) => held));
      return hasMore;
    } catch (error) {
      this.#suffer(this.#patience, error, "cannot reach the store");
      return false;
    }
  }

  /** Commits what it can and gives the leases back. No tick may be under way, and none may follow. */
  async stop(): Promise<void> {
    const committed: Lease[] = [];
    const next = this.#workByBucket.values();
    const lane = async () => {
      for (const { held, patience } of next) {
        try {
          if (await this.#commitRest(held)) committed.push(held.lease);
        } catch (error) {
          this.#suffer(patience, error, "cannot commit a bucket before the stop: its entries wait for another server");
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    this.#workByBucket.clear();
    try {
      // All at once: each call takes a while, and there may be thousands of buckets.
      await this.#options.store.release(committed);
    } catch (error) {
      this.#suffer(this.#patience, error, "cannot give leases back, which will lapse");
    }
  }

  async #renew(now: number): Promise<void> {
    const { store, membership } = this.#options;
    const { share } = membership;
    const leases = await store.lease(membership.self.id, [...share], this.#leaseMs);
    const leaseByBucket = new Map(leases.map((lease) => [lease.bucket, lease]));
    for (const [bucket, { held }] of this.#workByBucket) {
      const lease = leaseByBucket.get(bucket);
      // A bucket that has left the share is handed over by the work on it.
      if (lease === undefined ? share.has(bucket) : !held.renew(lease)) this.#lose(held);
    }
    for (const lease of leases) if (!this.#workByBucket.has(lease.bucket)) this.#open(lease, now);
    this.#nextRenewal = now + this.#leaseMs / 1000 / RENEWALS;
    this.#tellOfBuckets();
  }

  #tellOfBuckets(): void {
    const { size } = this.#workByBucket;
    if (size === this.#bucketsTold) return;
    this.#options.log.info(`drains ${size} of ${this.#options.store.buckets} buckets`, { before: this.#bucketsTold });
    this.#bucketsTold = size;
  }

  #open(lease: Lease, now: number): void {
    const { store, registry, membership, random } = this.#options;
    const held = new HeldBucket(lease, {
      store,
      registry,
      nameCommit: () => `${membership.self.id} ${this.#commitsNamed++}`,
      onHeldBack: (entry, why) => this.#heldBack(entry, why),
      onStuck: (unreadable) => this.#stuck(unreadable),
      onCommitted: (committed) => this.#committed(committed),
    });
    this.#orders.opened();
    // The rounds of the buckets are spread out.
    const nextRound = now + this.#pruneS * random();
    this.#workByBucket.set(lease.bucket, { held, patience: new Patience(random), round: undefined, nextRound });
  }

  /** The buckets with something to do, those first whose entries have waited longest. */
  #due(
    queues: ReadonlyMap<number, QueueStatus>,
    { missing, now }: { readonly missing: ReadonlySet<string>; readonly now: number },
  ): readonly Work[] {
    const bounds = this.#bounds();
    const due = [...this.#workByBucket.values()].filter((work) => {
      const { held, patience } = work;
      // An order begins with a queue that is known, which may be an empty one.
      const isKnown = !missing.has(this.#options.store.shardOf(held.bucket));
      const isOrdered = isKnown && this.#orders.begin(held, queues.get(held.bucket));
      if (patience.isWaiting(now)) return false;
      return isOrdered || held.isPending || held.hasUnread(queues.get(held.bucket)) || held.isCommitDue(now, bounds) ||
        work.round !== undefined || now >= work.nextRound || !this.#options.membership.share.has(held.bucket);
    });
    const oldest = ({ held }: Work) => queues.get(held.bucket)?.oldest ?? Infinity;
    return due.sort((a, b) => oldest(a) - oldest(b) || a.held.bucket - b.held.bucket);
  }

  async #workOn(due: readonly Work[], queues: ReadonlyMap<number, QueueStatus>): Promise<boolean> {
    const { clock, pause } = this.#options;
    const deadline = clock() + TICK_S;
    const next = due.values();
    let hasMore = false;
    const lane = async () => {
      for (const work of next) {
        await pause();
        if (await this.#step(work, queues.get(work.held.bucket))) hasMore = true;
        if (clock() < deadline) continue;
        hasMore = true;
        return;
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return hasMore;
  }

  /** One piece of work on a bucket; answers whether there is more at once. */
  async #step(work: Work, queue: QueueStatus | undefined): Promise<boolean> {
    const { held, patience } = work;
    try {
      const more = this.#options.membership.share.has(held.bucket)
        ? await this.#drain(work, queue)
        : await this.#handOver(work);
      patience.succeeded();
      if (more === undefined) this.#lose(held);
      return more === true;
    } catch (error) {
      this.#suffer(patience, error, "cannot drain a bucket");
      return false;
    }
  }

  /** Undefined where the bucket is lost. */
  async #drain(work: Work, queue: QueueStatus | undefined): Promise<boolean | undefined> {
    const { held } = work;
    const now = this.#options.clock();
    if (!await held.settle()) return undefined;
    let more = false;
    if (held.hasUnread(queue)) {
      if (!await held.readOn(now)) return undefined;
      more = held.hasUnread(queue);
    }
    const bounds = this.#bounds();
    this.#counts.evicted += held.evict(bounds.heldBytesMax);
    if (held.isCommitDue(now, bounds) && !await held.commit()) return undefined;
    this.#counts.evicted += held.evict(bounds.heldBytesMax);
    if (!await this.#prune(work, now)) return undefined;
    const hasOrders = await this.#orders.step(held, now);
    return hasOrders === undefined ? undefined : hasOrders || more;
  }

  /** Each bucket has its share of the memory, so that no sum over all of them is needed. */
  #bounds(): CommitBounds {
    return { commitMs: this.#commitMs, heldBytesMax: this.#heldBytesMax / this.#workByBucket.size };
  }

  /** False where the bucket is lost. */
  async #prune(work: Work, now: number): Promise<boolean> {
    if (work.round === undefined) {
      if (now < work.nextRound) return true;
      work.nextRound = now + this.#pruneS;
      work.round = new TabRound(this.#options.store, prune);
    }
    const step = await work.round.step(work.held, now);
    if (step === "done") work.round = undefined;
    return step !== "lost";
  }

  async #handOver({ held }: Work): Promise<false> {
    if (await this.#commitRest(held)) await this.#options.store.release([held.lease]);
    this.#workByBucket.delete(held.bucket);
    return false;
  }

  /** False where the bucket is lost. */
  async #commitRest(held: HeldBucket): Promise<boolean> {
    return await held.settle() && (held.weight.dirtyStates === 0 || await held.commit());
  }

  /** Whatever is held of the bucket is not what the store has: it is read again, under a lease asked for at once. */
  #lose(held: HeldBucket): void {
    this.#workByBucket.delete(held.bucket);
    this.#counts.lost++;
    this.#nextRenewal = 0;
    this.#options.log.warn("a bucket is another server's, or not what it was: reads it again where it may", {
      bucket: held.bucket,
    });
  }

  #committed({ entries, events, states, removed, oldest }: Committed): void {
    this.#counts.commits++;
    this.#counts.entries += entries;
    this.#counts.events += events;
    this.#counts.states += states;
    this.#counts.removed += removed;
    if (oldest !== undefined) this.#options.delays.record("commit", oldest);
  }

  #heldBack(entry: QueuedEntry, why: string): void {
    const { tab, client } = entry;
    this.#options.log.warn("an entry goes back to its queue as this server cannot read it", { tab, client, why });
  }

  #stuck({ tab, why }: Unreadable): void {
    const message = "a deletion of clients waits, and all behind it, as this server cannot read their tab: " +
      "start one that can, or delete the whole tab";
    this.#options.log.warn(message, { tab, why });
  }

  /** The one place where the drain meets trouble: it is counted, and time passes before the next attempt. */
  #suffer(patience: Patience, error: unknown, message: string): void {
    if (!(error instanceof StoreTrouble)) throw error;
    this.#counts.troubles++;
    patience.failed(this.#options.clock());
    this.#options.log.warn(message, { error: describeError(error) });
  }
}

/** Drains until `signal` aborts, then hands over. */
export async function drainUntil(
  signal: AbortSignal,
  drain: Drain,
  options: { readonly sleep: Sleep; readonly pollMs: number },
): Promise<void> {
  while (!signal.aborted) {
    const hasMore = await drain.tick();
    if (!hasMore) await options.sleep(options.pollMs, signal);
  }
  await drain.stop();
}
