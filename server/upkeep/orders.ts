// What this server does of the orders in announcements. An order is done once it was done to every bucket of this server's
// share, under the members that it knew from the first to the last of them: when these change it begins again, so that
// no bucket is passed over on its way from one server to another.

import { unreachable } from "../../core/assert.ts";
import type { HeldBucket } from "../drain/held_bucket.ts";
import type { Membership } from "../membership.ts";
import type { Order, QueueStatus, Store } from "../store/store.ts";
import { prune, TabRound, upgrade } from "./tab_round.ts";

/** `waits`: for what else is done to the bucket. */
type Step = "done" | "more" | "waits" | "lost";

/** One order's work on one bucket. What it counts is what the order's kind is about. */
interface Task {
  readonly count: number;
  step(held: HeldBucket, now: number): Promise<Step>;
}

interface Begun {
  readonly task: Task;
  isDone: boolean;
}

/** An order under way. */
interface Doing {
  readonly order: Order;
  readonly drainers: string;
  /** Gone with a bucket that is lost: taken anew, it is begun anew. */
  readonly begunByBucket: WeakMap<HeldBucket, Begun>;
  /** Buckets taken since. */
  moved: number;
  isDone: boolean;
}

/** What may take longer than anyone waits: it is ended once begun, and an order that is given again joins it. */
const LONG: readonly Order["kind"][] = ["gc", "upgrade"];

export class Orders {
  readonly #store: Store;
  readonly #membership: Membership;
  #doing: readonly Doing[] = [];

  constructor(store: Store, membership: Membership) {
    this.#store = store;
    this.#membership = membership;
  }

  /** Learns which orders are in force. Before the queues are looked at, so that these hold all that an order means. */
  see(): void {
    const { orders, drainers } = this.#membership;
    const known = this.#doing.filter((doing) => doing.drainers === drainers);
    const long = known.filter(({ order, isDone }) => LONG.includes(order.kind) && !isDone);
    const inForce = orders.map((order) => {
      const same = known.find((doing) => doing.order.id === order.id);
      if (same !== undefined) return same;
      const { begunByBucket = new WeakMap<HeldBucket, Begun>() } = long.find((one) => one.order.kind === order.kind) ??
        {};
      return { order, drainers, begunByBucket, moved: 0, isDone: false };
    });
    const isTaken = ({ begunByBucket }: Doing) => inForce.some((doing) => doing.begunByBucket === begunByBucket);
    this.#doing = [...inForce, ...long.filter((doing) => !isTaken(doing))];
  }

  /** A bucket was taken. */
  opened(): void {
    for (const doing of this.#doing) doing.moved++;
  }

  /** Begins what is in force on a bucket that is held. Answers whether anything is to be done there. */
  begin(held: HeldBucket, queue: QueueStatus | undefined): boolean {
    let isBusy = false;
    for (const { order, begunByBucket } of this.#doing) {
      const begun = begunByBucket.get(held);
      if (begun?.isDone !== true) isBusy = true;
      // While the fate of a commit is unknown, so is how much of what was read still waits in the queue.
      if (begun !== undefined || held.isPending) continue;
      begunByBucket.set(held, { task: taskOf(order, { store: this.#store, held, queue }), isDone: false });
    }
    return isBusy;
  }

  /** Goes on with a bucket: whether there is more to do at once, undefined where it is lost. */
  async step(held: HeldBucket, now: number): Promise<boolean | undefined> {
    let hasMore = false;
    for (const { begunByBucket } of this.#doing) {
      const begun = begunByBucket.get(held);
      if (begun === undefined || begun.isDone) continue;
      const step = await begun.task.step(held, now);
      if (step === "lost") return undefined;
      if (step === "done") begun.isDone = true;
      if (step === "more") hasMore = true;
    }
    return hasMore;
  }

  /** Announces what is done now. `buckets` are all that this server works on. */
  async report(buckets: readonly HeldBucket[]): Promise<void> {
    const { share } = this.#membership;
    if (buckets.length !== share.size || buckets.some(({ bucket }) => !share.has(bucket))) return;
    for (const doing of this.#doing) {
      const { order, drainers, begunByBucket, moved } = doing;
      const begun = buckets.map((held) => begunByBucket.get(held));
      doing.isDone ||= begun.every((one) => one?.isDone === true);
      if (!doing.isDone) continue;
      const counted = begun.reduce((sum, one) => sum + (one?.task.count ?? 0), 0);
      await this.#membership.finish({ id: order.id, drainers, count: order.kind === "rebalance" ? moved : counted });
    }
  }
}

function taskOf(
  { kind }: Order,
  { store, held, queue }: {
    readonly store: Store;
    readonly held: HeldBucket;
    readonly queue: QueueStatus | undefined;
  },
): Task {
  switch (kind) {
    case "flush":
      return new Flush(held, queue);
    case "gc":
      return new TabRound(store, prune);
    case "upgrade":
      return new TabRound(store, upgrade);
    case "rebalance":
      // That the bucket is held is all.
      return { count: 0, step: () => Promise.resolve("done") };
    default:
      unreachable(kind);
  }
}

/** Commits what waited when the order was seen. Without end where that can't be read here. */
class Flush implements Task {
  readonly count: number;
  readonly #target: number;
  readonly #requeued: number;

  constructor(held: HeldBucket, queue: QueueStatus | undefined) {
    held.unstick();
    this.count = queue?.entries ?? 0;
    this.#target = held.consumed + this.count;
    this.#requeued = held.requeued;
  }

  async step(held: HeldBucket): Promise<Step> {
    if (held.consumed < this.#target && held.consumed + held.read >= this.#target && !await held.commit()) {
      return "lost";
    }
    return held.consumed >= this.#target && held.requeued === this.#requeued ? "done" : "waits";
  }
}
