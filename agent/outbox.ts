// The sealed batches that no server has acknowledged yet: their ids, and how much they are.

import type { BatchId } from "../core/event.ts";
import { SendWindow, type WindowStart } from "../core/delivery.ts";
import type { Segment } from "./journal/journaling.ts";
import type { Part } from "./sealing.ts";

export interface OutboxOptions extends WindowStart {
  /** As receivers know this process; another one must never use it. */
  readonly sender: string;
  readonly batchesMax: number;
  /** Bytes of their lines: while there are more, no further batch is sealed. */
  readonly bytesMax: number;
}

/** What is remembered of a batch while it is open. */
export interface OpenBatch {
  readonly id: BatchId;
  /** Where it is kept until it is closed. */
  readonly segment: Segment;
  readonly events: number;
  readonly bytes: number;
  /** Of its lines, in order, what an answer that names them is about. */
  readonly lines: readonly { readonly tab: string; readonly type: string }[];
}

export class Outbox {
  readonly #window: SendWindow;
  readonly #bytesMax: number;
  #bytes = 0;
  #events = 0;

  constructor(options: OutboxOptions) {
    this.#window = new SendWindow(options.sender, options);
    this.#bytesMax = options.bytesMax;
  }

  get batches(): number {
    return this.#window.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get events(): number {
    return this.#events;
  }

  /** Whether nothing may be opened until something was closed. */
  get isFull(): boolean {
    return this.#window.isFull || this.#bytes >= this.#bytesMax;
  }

  /** The seq that the next part gets. */
  get nextSeq(): number {
    return this.#window.next;
  }

  /** Gives a part its id. There must be room. */
  open(part: Part, segment: Segment): OpenBatch {
    return this.#add(this.#window.open(), { part, segment });
  }

  /** A part that an earlier process opened, under its id. */
  reopen(seq: number, left: { readonly part: Part; readonly segment: Segment }): OpenBatch {
    return this.#add(this.#window.idOf(seq), left);
  }

  /** The batch will never be sent again. */
  close(batch: OpenBatch): void {
    // Kept before servers are told to forget the seq.
    batch.segment.close(batch.id.seq);
    this.#window.close(batch.id.seq);
    this.#bytes -= batch.bytes;
    this.#events -= batch.events;
  }

  #add(id: BatchId, { part, segment }: { readonly part: Part; readonly segment: Segment }): OpenBatch {
    const { events, bytes } = part;
    this.#bytes += bytes;
    this.#events += events;
    return { id, segment, events, bytes, lines: part.lines.map(({ tab, type }) => ({ tab, type })) };
  }
}
