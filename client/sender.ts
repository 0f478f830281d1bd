// The way of batches from a recorder to the agent: sealed, posted, repeated, given up. Owns the one batch under way and
// the one timer. Nothing here throws or rejects: what goes wrong is counted and kept for the client's status.

import { unreachable } from "../core/assert.ts";
import { backoffMs } from "../core/backoff.ts";
import { joinBytes } from "../core/bytes.ts";
import { SendWindow } from "../core/delivery.ts";
import type { PostAnswer } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { type WireLine, writeBatch } from "../core/wire/ndjson_writer.ts";
import type { Random } from "../core/world.ts";
import type { DropReason } from "./drops.ts";
import type { Settings } from "./options.ts";
import { tryTimer } from "./platform.ts";
import { post } from "./post.ts";
import type { Recorder } from "./recorder.ts";

/** What a flush did, in events. */
export interface FlushResult {
  /** Posted, those of a repeated batch included. */
  readonly sent: number;
  /** Acknowledged: the system counts them, once, whatever happens. */
  readonly acked: number;
  /** Refused by the agent, or given up by `stop`: they will not be counted. */
  readonly dropped: number;
  /** Still held: the agent could not be reached, or they were recorded during the flush. A later flush sends them. */
  readonly pending: number;
}

interface Batch {
  readonly seq: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly events: number;
}

/** After so long, sealing lets the host go on with its own work; it looks at the time whenever it has so many bytes. */
const SLICE_S = 0.005;
const SLICE_BYTES = 8 * 1024;
/** Sealing takes at most this share of the host's time: flushes of very many tabs come less often. */
const SEALING_SHARE = 1 / 8;
/** ... but at least this often. */
const PERIOD_MAX_MS = 10_000;
const BACKOFF = { firstMs: 1000, maxMs: 10_000 };
/** An agent that asks for more patience is asked again all the same. */
const RETRY_AFTER_MAX_S = 600;
/** Groups of tabs whose States are measured in each flush period in which nothing can be sent. */
const MEASURED_GROUPS = 4;
const REJECTIONS_KEPT = 5;

export class Sender {
  /** Events acknowledged, and requests made. */
  acked = 0;
  requests = 0;
  /** Failures since the last success, and what the last one was. */
  failures = 0;
  lastTrouble: string | undefined;
  /** What the agent said of the lines that it rejected last. */
  lastRejections: readonly string[] = [];

  #settings: Settings;
  readonly #recorder: Recorder;
  /** Made with the first batch, as not every platform has randomness before. */
  #window: SendWindow | undefined;
  #batch: Batch | undefined;
  /** Events in a batch that is being sealed. */
  #sealing = 0;
  #sent = 0;
  #dropped = 0;
  #flushing: Promise<FlushResult> | undefined;
  #nextFlush: Promise<FlushResult> | undefined;
  #stopping: Promise<FlushResult> | undefined;
  /** Whether `stop` has no more time. */
  #isOver = false;
  /** Ends what is being waited for, an answer or a pause. */
  #interrupt: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  /** How long the flush under way has sealed, and how long the one before did. */
  #sealingS = 0;
  #sealedS = 0;
  /** By the stopwatch: when the timer went off last. */
  #tickedAt: number | undefined;
  /** By the stopwatch: before the first the timer doesn't try, before the second nobody does. */
  #backoffUntil = -Infinity;
  #retryAfter = -Infinity;

  constructor(settings: Settings, recorder: Recorder) {
    this.#settings = settings;
    this.#recorder = recorder;
  }

  /** Goes on under these settings, with what is under way too. */
  use(settings: Settings): void {
    this.#settings = settings;
    this.#stopping = undefined;
    this.#isOver = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.schedule();
  }

  /** Identifies this sender to receivers; undefined before the first batch. */
  get sender(): string | undefined {
    return this.#window?.sender;
  }

  /** Events held here and in the recorder. */
  get pending(): number {
    return this.#recorder.waiting.events + this.#sealing + (this.#batch?.events ?? 0);
  }

  /** Sees to it that what waits is sent in time. */
  schedule(): void {
    const isWaiting = this.#batch !== undefined || !this.#recorder.waiting.isEmpty;
    if (!isWaiting || this.#cancelTimer !== undefined || this.#stopping !== undefined) return;
    const { flushPeriodMs, gatherMs } = this.#settings;
    const periodMs = Math.max(flushPeriodMs, Math.min(1000 * this.#sealedS / SEALING_SHARE, PERIOD_MAX_MS));
    // The first flush gives the host time to initialize.
    const leftMs = this.#tickedAt === undefined ? periodMs : periodMs - 1000 * (this.#now() - this.#tickedAt);
    // Within these bounds whatever a host's own clock does.
    const ms = Math.min(Math.max(leftMs, gatherMs), periodMs);
    this.#cancelTimer = tryTimer(this.#settings, this.#tick, { ms, background: true });
  }

  /** Sends what waits now. Whoever comes while a flush is under way shares the next one. */
  flush(): Promise<FlushResult> {
    if (this.#stopping !== undefined) return this.#stopping;
    if (this.#flushing === undefined) return this.#begin();
    this.#nextFlush ??= this.#flushing.then(() => {
      this.#nextFlush = undefined;
      return this.flush();
    });
    return this.#nextFlush;
  }

  /** Sends what waits, trying again until it is sent or the time is over; what is left then is dropped. */
  stop(): Promise<FlushResult> {
    this.#stopping ??= this.#counted(() => this.#stop());
    return this.#stopping;
  }

  readonly #tick = (): void => {
    this.#cancelTimer = undefined;
    this.#tickedAt = this.#now();
    const isResting = this.#flushing !== undefined || this.#now() < Math.max(this.#backoffUntil, this.#retryAfter);
    if (isResting) this.#recorder.waiting.measure(MEASURED_GROUPS);
    else void this.#begin(); // never rejects
    this.schedule();
  };

  #begin(): Promise<FlushResult> {
    const flushing = this.#counted(() => this.#sendAll()).finally(() => {
      this.#flushing = undefined;
      this.schedule();
    });
    this.#flushing = flushing;
    return flushing;
  }

  /** Does `work` and answers what it came to. Never rejects. */
  async #counted(work: () => Promise<void>): Promise<FlushResult> {
    const before = { sent: this.#sent, acked: this.acked, dropped: this.#dropped };
    try {
      await work();
    } catch (error) {
      this.lastTrouble = `a bug in the client: ${String(error)}`;
    }
    return {
      sent: this.#sent - before.sent,
      acked: this.acked - before.acked,
      dropped: this.#dropped - before.dropped,
      pending: this.pending,
    };
  }

  async #sendAll(options: { readonly isLast: boolean } = { isLast: false }): Promise<void> {
    this.#recorder.isFolding = this.#settings.fold;
    if (this.#now() < this.#retryAfter) return;
    if (this.#batch !== undefined && !await this.#deliver(this.#batch, options)) return;
    this.#recorder.waiting.beginFlush();
    this.#sealingS = 0;
    while (this.#recorder.waiting.isDue) {
      const batch = await this.#seal();
      if (batch !== undefined && !await this.#deliver(batch, options)) return;
    }
    this.#sealedS = this.#sealingS;
  }

  async #stop(): Promise<void> {
    this.#recorder.stop();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const deadline = this.#now() + this.#settings.stopTimeoutMs / 1000;
    const cancelDeadline = tryTimer(this.#settings, () => {
      this.#isOver = true;
      this.#interrupt?.();
    }, { ms: this.#settings.stopTimeoutMs });
    await this.#flushing;
    while (!this.#isOver) {
      await this.#sendAll({ isLast: true });
      const next = Math.max(this.#backoffUntil, this.#retryAfter);
      if (this.pending === 0 || next >= deadline || !await this.#pause(next - this.#now())) break;
    }
    cancelDeadline?.();
    const left = this.pending;
    this.#recorder.waiting.discard("stopped");
    if (this.#batch !== undefined) {
      this.#recorder.drops.add("stopped", this.#batch.events, this.lastTrouble ?? "");
      this.#close(this.#batch);
    }
    this.#dropped += left;
  }

  /** A batch of what is due; undefined where that came to nothing. */
  async #seal(): Promise<Batch | undefined> {
    this.#window ??= new SendWindow(senderId(this.#settings.random), { batchesMax: 1 });
    const sent = this.#settings.clock();
    const id = this.#window.open();
    const header = { client: this.#settings.client, id, sent };
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let sliceStart = this.#now();
    const lines = this.#countEvents(this.#recorder.waiting.lines(() => bytes >= limits.batchBytesMax));
    try {
      for (const chunk of writeBatch(header, lines, { chunkBytes: SLICE_BYTES })) {
        chunks.push(chunk);
        bytes += chunk.length;
        const slice = this.#now() - sliceStart;
        if (slice < SLICE_S) continue;
        this.#sealingS += slice;
        await this.#pause(0);
        sliceStart = this.#now();
      }
      this.#sealingS += this.#now() - sliceStart;
    } catch (error) {
      this.#drop("bug", this.#sealing, String(error));
      this.#sealing = 0;
    }
    const events = this.#sealing;
    this.#sealing = 0;
    if (events === 0) {
      this.#window.close(id.seq);
      return undefined;
    }
    this.#batch = { seq: id.seq, body: joinBytes(chunks), events };
    this.#recorder.waiting.bytesSealed = bytes;
    return this.#batch;
  }

  *#countEvents(lines: Iterable<WireLine>): Generator<WireLine> {
    for (const line of lines) {
      this.#sealing += "encoded" in line ? line.events : line.events.length;
      yield line;
    }
  }

  /** Posts the batch; answers whether it is done with, whichever way. */
  async #deliver(batch: Batch, { isLast }: { readonly isLast: boolean }): Promise<boolean> {
    if (this.#isOver) return false;
    this.requests++;
    this.#sent += batch.events;
    const request = new AbortController();
    this.#interrupt = () => request.abort();
    const outcome = await post(this.#settings, { body: batch.body, isLast, request });
    this.#interrupt = undefined;
    switch (outcome.kind) {
      case "answered":
        this.failures = 0;
        this.#acknowledge(batch, outcome.answer);
        return true;
      case "refused":
        this.failures = 0;
        this.lastTrouble = outcome.reason;
        this.#drop("refused", batch.events, outcome.reason);
        this.#close(batch);
        return true;
      case "failed": {
        this.failures++;
        this.lastTrouble = outcome.reason;
        const now = this.#now();
        this.#backoffUntil = now + backoffMs(this.failures, BACKOFF, this.#settings.random) / 1000;
        this.#retryAfter = now + Math.min(outcome.retryAfterS, RETRY_AFTER_MAX_S);
        return false;
      }
      default:
        return unreachable(outcome);
    }
  }

  #acknowledge(batch: Batch, answer: PostAnswer): void {
    // What a repeated batch came to was told before, to nobody.
    const acked = answer.repeated ? batch.events : Math.min(answer.events, batch.events);
    this.acked += acked;
    if (answer.rejected.length > 0) {
      this.lastRejections = answer.rejected.slice(0, REJECTIONS_KEPT).map((line) => line.error);
    }
    this.#drop("rejected", batch.events - acked, this.lastRejections[0] ?? "");
    this.#close(batch);
  }

  #drop(reason: DropReason, events: number, last: string): void {
    this.#dropped += events;
    this.#recorder.drops.add(reason, events, last);
  }

  /** The batch will not be sent again. */
  #close(batch: Batch): void {
    this.#window?.close(batch.seq);
    this.#batch = undefined;
    this.#recorder.waiting.bytesSealed = 0;
  }

  #now(): number {
    return this.#settings.stopwatch();
  }

  /** Lets time pass, unless it is interrupted; answers false at once where the host has no timers. */
  #pause(seconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = tryTimer(this.#settings, () => resolve(true), { ms: Math.max(0, seconds * 1000) });
      this.#interrupt = () => {
        cancel?.();
        resolve(true);
      };
      if (cancel === undefined) resolve(false);
    });
  }
}

function senderId(random: Random): string {
  const parts = Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32).toString(16).padStart(8, "0"));
  return `client-${parts.join("")}`;
}
