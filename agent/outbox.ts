// The sealed batches that no server has acknowledged yet: their ids, and how much they are. A journal of what they
// hold would stand beside this.

import type { BatchId } from "../core/event.ts";
import { SendWindow } from "../core/delivery.ts";
import type { Part } from "./sealing.ts";

export interface OutboxOptions {
  /** As receivers know this process; another one must never use it. */
  readonly sender: string;
  readonly batchesMax: number;
  /** Bytes of their lines: while there are more, no further batch is sealed. */
  readonly bytesMax: number;
}

/** What is remembered of a batch while it is open. */
export interface OpenBatch {
  readonly id: BatchId;
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
    this.#window = new SendWindow(options.sender, { batchesMax: options.batchesMax });
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

  /** Gives a part its id. There must be room. */
  open(part: Part): OpenBatch {
    const batch = {
      id: this.#window.open(),
      events: part.events,
      bytes: part.bytes,
      lines: part.lines.map(({ tab, type }) => ({ tab, type })),
    };
    this.#bytes += batch.bytes;
    this.#events += batch.events;
    return batch;
  }

  /** The batch will never be sent again. */
  close(batch: OpenBatch): void {
    this.#window.close(batch.id.seq);
    this.#bytes -= batch.bytes;
    this.#events -= batch.events;
  }
}
