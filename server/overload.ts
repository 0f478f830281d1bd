// Whether another post may come in: how much waits in the queues, and how much is being read already.

import type { RequestRefusal, Result } from "../core/refusal.ts";
import type { Clock, Random } from "../core/world.ts";
import type { Log } from "../service/log.ts";
import { type Place, Places } from "../service/places.ts";
import type { Store } from "./store/store.ts";

export interface OverloadOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Bytes waiting in all queues from which on some posts are refused, ... */
  readonly queueBytesSoft: number;
  /** ... and from which on all are. */
  readonly queueBytesHard: number;
}

export interface OverloadStatus {
  /** The part of posts that was refused when the last one came, from 0 to 1. */
  readonly refusing: number;
  /** Posts being read, and bytes of them that are held. */
  readonly posts: number;
  readonly bytes: number;
}

/** The queues are looked at this often at most; in between, what this server adds is counted. */
const LOOK_S = 0.5;
const RETRY_AFTER_S = 1;
/** Added where the queues are full, so that senders slow down before they are refused at every attempt. */
const RETRY_AFTER_FULL_S = 4;

export class Overload {
  readonly #options: OverloadOptions;
  #queueBytes = 0;
  #looked = -Infinity;
  #looking: Promise<void> | undefined;
  readonly #places = new Places();
  /** While it refuses posts: since when, and how many. */
  #overloaded: { readonly since: number; refused: number } | undefined;

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  /** @throws {StoreTrouble} where nobody knows how much waits */
  async enter(): Promise<Result<Place, RequestRefusal & { readonly retryAfterS: number }>> {
    await this.#look();
    const { random } = this.#options;
    const fullness = this.#fullness;
    if (fullness <= 0) this.#relax();
    if (fullness >= 1 || random() < fullness) {
      this.#refuse();
      const message = `cannot enqueue more while ${this.#queueBytes} bytes wait to be drained: post again later`;
      return later({ code: "over_capacity", message }, fullness);
    }
    const entered = this.#places.enter();
    return entered.ok ? entered : later(entered.refusal, 0);
  }

  status(): OverloadStatus {
    const { posts, bytes } = this.#places;
    return { refusing: Math.min(1, Math.max(0, this.#fullness)), posts, bytes };
  }

  /** What this server has put into the queues since it last looked. */
  added(bytes: number): void {
    this.#queueBytes += bytes;
  }

  /** Up to 0 where nothing is refused, from 1 on where all is. */
  get #fullness(): number {
    const { queueBytesSoft, queueBytesHard } = this.#options;
    return (this.#queueBytes - queueBytesSoft) / (queueBytesHard - queueBytesSoft);
  }

  #refuse(): void {
    const { clock, log, queueBytesSoft, queueBytesHard } = this.#options;
    if (this.#overloaded === undefined) {
      this.#overloaded = { since: clock(), refused: 0 };
      const queueBytes = this.#queueBytes;
      log.warn("refuses posts as too much waits to be drained", { queueBytes, queueBytesSoft, queueBytesHard });
    }
    this.#overloaded.refused++;
  }

  #relax(): void {
    if (this.#overloaded === undefined) return;
    const { since, refused } = this.#overloaded;
    this.#overloaded = undefined;
    const { clock, log } = this.#options;
    log.info("takes all posts again", { refused, afterS: Math.round(clock() - since), queueBytes: this.#queueBytes });
  }

  async #look(): Promise<void> {
    if (this.#options.clock() < this.#looked + LOOK_S) return;
    this.#looking ??= this.#ask().finally(() => this.#looking = undefined);
    await this.#looking;
  }

  async #ask(): Promise<void> {
    let bytes = 0;
    for (const queue of await this.#options.store.queues()) bytes += queue.bytes;
    this.#queueBytes = bytes;
    this.#looked = this.#options.clock();
  }
}

function later(refusal: RequestRefusal, fullness: number) {
  const retryAfterS = RETRY_AFTER_S + Math.round(RETRY_AFTER_FULL_S * Math.min(1, fullness));
  return { ok: false, refusal: { ...refusal, retryAfterS } } as const;
}
