// Both ends of exactly-once: the sender's window of batches not yet acknowledged, and the receiver's memory of
// which it has applied. A sender repeats a batch unchanged under its own seq until it is told; a receiver applies
// each seq once.

import { assert } from "./assert.ts";
import type { BatchId } from "./event.ts";
import { limits } from "./limits.ts";

/** Where a restarted sender goes on. */
export interface WindowStart {
  /** Above all seqs that it ever used. */
  readonly first?: number;
  /** Those of them that are still open, rising. */
  readonly open?: readonly number[];
}

/** The sender's end: hands out seqs, and knows which are still open. */
export class SendWindow {
  readonly sender: string;
  readonly #batchesMax: number;
  readonly #open = new Set<number>();
  #next: number;

  /** `batchesMax` bounds what may be unacknowledged at once. */
  constructor(sender: string, options: { readonly batchesMax: number } & WindowStart) {
    assert(options.batchesMax < limits.seqsRememberedMax, "a receiver must remember all that a sender may repeat");
    this.sender = sender;
    this.#batchesMax = options.batchesMax;
    this.#next = options.first ?? 0;
    for (const seq of options.open ?? []) this.#open.add(seq);
  }

  /** The seq of the batch that is opened next. */
  get next(): number {
    return this.#next;
  }

  /** Batches neither acknowledged nor given up. */
  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    // The receiver's memory spans seqs, not batches: one old open batch must not be outrun.
    return this.#open.size >= this.#batchesMax || this.#next - this.#low() >= limits.seqsRememberedMax - 1;
  }

  /** The id of the next batch. The window must not be full. */
  open(): BatchId {
    assert(!this.isFull, "whoever seals a batch has asked isFull");
    const seq = this.#next++;
    this.#open.add(seq);
    return this.idOf(seq);
  }

  /** The id under which an open batch is sent. */
  idOf(seq: number): BatchId {
    assert(this.#open.has(seq), "a batch is sent until it is closed");
    return { sender: this.sender, seq, low: this.#low() };
  }

  /** The batch was acknowledged or given up: it will never be sent again. */
  close(seq: number): void {
    assert(this.#open.delete(seq), "a batch is closed once");
  }

  #low(): number {
    // A Set iterates in the order of insertion, and seqs are inserted rising.
    for (const seq of this.#open) return seq;
    return this.#next;
  }
}

/** Whether a batch was applied already; `stale` where it lies below what the receiver still remembers. */
export type Verdict = "new" | "repeated" | "stale";

interface SenderMemory {
  floor: number;
  readonly applied: Set<number>;
  /** When it was last heard of, in seconds since the epoch. */
  heard: number;
}

/** What a receiver remembers of one sender. */
export interface AppliedOfSender {
  readonly sender: string;
  /** All seqs below it were applied or given up. */
  readonly floor: number;
  readonly seqs: readonly number[];
  readonly heard: number;
}

/** The receiver's end, for many senders. Bounded: by senders, by seqs a sender, and by time. */
export class AppliedBatches {
  // In the order of last hearing, so that the oldest is the first to be forgotten.
  readonly #bySender = new Map<string, SenderMemory>();

  get senders(): number {
    return this.#bySender.size;
  }

  /** Asks without remembering. */
  verdict(id: BatchId): Verdict {
    const memory = this.#bySender.get(id.sender);
    if (memory === undefined) return "new";
    if (memory.applied.has(id.seq)) return "repeated";
    return id.seq < memory.floor ? "stale" : "new";
  }

  /** Remembers that the batch was applied. Its verdict must have been `new`. */
  note(id: BatchId, now: number): void {
    assert(this.verdict(id) === "new", "a batch is applied once");
    const memory = this.#bySender.get(id.sender) ?? { floor: 0, applied: new Set<number>(), heard: now };
    memory.applied.add(id.seq);
    memory.heard = now;
    raiseFloor(memory, Math.max(id.low, highest(memory.applied) - limits.seqsRememberedMax + 1));
    this.#bySender.delete(id.sender);
    this.#bySender.set(id.sender, memory);
    this.#forget(now);
  }

  /** All that is remembered, in the order of last hearing. */
  *[Symbol.iterator](): Iterator<AppliedOfSender> {
    for (const [sender, { floor, applied, heard }] of this.#bySender) {
      yield { sender, floor, seqs: [...applied], heard };
    }
  }

  #forget(now: number): void {
    for (const [sender, memory] of this.#bySender) {
      const isOld = memory.heard < now - limits.senderForgottenS;
      if (!isOld && this.#bySender.size <= limits.sendersMax) return;
      this.#bySender.delete(sender);
    }
  }
}

function raiseFloor(memory: SenderMemory, floor: number): void {
  if (floor <= memory.floor) return;
  memory.floor = floor;
  for (const seq of memory.applied) if (seq < floor) memory.applied.delete(seq);
}

function highest(seqs: ReadonlySet<number>): number {
  let max = -1;
  for (const seq of seqs) if (seq > max) max = seq;
  return max;
}
