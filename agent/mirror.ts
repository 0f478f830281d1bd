// A copy of all that the agent seals, for a second cluster. It has a window, a sender and books of its own and is never
// waited for: what it can't send in time is dropped and counted.

import { SendWindow } from "../core/delivery.ts";
import type { BatchId } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { writeBatch } from "../core/wire/ndjson.ts";
import type { Clock } from "../core/world.ts";
import { background } from "../service/background.ts";
import { gzip } from "../service/encoding.ts";
import type { Log } from "../service/log.ts";
import { Tally } from "../service/tally.ts";
import type { ServerStatus } from "./balancer.ts";
import type { Part } from "./sealing.ts";
import type { Sender } from "./sender.ts";

export interface MirrorOptions {
  /** As the second cluster knows this process: no other one may ever use it. */
  readonly sender: string;
  /** Bytes of lines, before compression, that may be under way. */
  readonly bytesMax: number;
  readonly deliverer: Sender;
  readonly servers: { status(): readonly ServerStatus[] };
  readonly clock: Clock;
  readonly log: Log;
}

export interface MirrorStatus {
  readonly sender: string;
  readonly batches: { readonly open: number; readonly openBytes: number; readonly acked: number };
  readonly events: { readonly acked: number; readonly dropped: Readonly<Record<string, number>> };
  readonly servers: readonly ServerStatus[];
}

export class Mirror {
  readonly #options: MirrorOptions;
  readonly #window: SendWindow;
  readonly #sending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #end = new AbortController();
  #bytes = 0;
  #batchesAcked = 0;
  #eventsAcked = 0;
  readonly #eventsDropped = new Tally();

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#window = new SendWindow(options.sender, { batchesMax: limits.outboxBatchesMax });
  }

  /** Sends a copy of the part, or drops it where too much is under way already. Never waits, never throws. */
  copy(part: Part): void {
    if (this.#window.isFull || this.#bytes + part.bytes > this.#options.bytesMax) {
      this.#eventsDropped.add("mirror_full", part.events);
      this.#options.log.warn("the mirror can't keep up: dropped a batch for it", { events: part.events });
      return;
    }
    this.#bytes += part.bytes;
    const sent = this.#send(this.#window.open(), part).finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
    background("mirroring", sent);
  }

  /**
   * Drops events of batches that an earlier process has sealed: it may have sent copies, under a sender that nobody
   * knows any more, so that another copy could count twice.
   */
  passOver(events: number): void {
    this.#eventsDropped.add("replayed", events);
    this.#options.log.warn("the mirror gets no copy of what was replayed from the journal", { events });
  }

  /** Sends what is under way, and gives up what is left of it once `late` resolves. */
  async stop(late: Promise<void>): Promise<void> {
    this.#stopping.abort();
    const sent = Promise.all(this.#sending);
    await Promise.race([late, sent]);
    this.#end.abort();
    await sent;
  }

  status(): MirrorStatus {
    return {
      sender: this.#options.sender,
      batches: { open: this.#window.size, openBytes: this.#bytes, acked: this.#batchesAcked },
      events: { acked: this.#eventsAcked, dropped: this.#eventsDropped.toJson() },
      servers: this.#options.servers.status(),
    };
  }

  async #send(id: BatchId, { lines, events, bytes }: Part): Promise<void> {
    const body = await gzip(writeBatch({ id, sent: this.#options.clock() }, lines));
    const { deliverer } = this.#options;
    const delivery = await deliverer.deliver(body, { hurry: this.#stopping.signal, end: this.#end.signal });
    this.#window.close(id.seq);
    this.#bytes -= bytes;
    if (delivery.kind === "acked") {
      this.#batchesAcked++;
      this.#eventsAcked += events;
      return;
    }
    const reason = delivery.kind === "dropped" ? delivery.reason : "stopped";
    this.#eventsDropped.add(reason, events);
    this.#options.log.warn("dropped a batch for the mirror", { reason, events });
  }
}
