// Whether another post may come in: how much waits in the queues, and how much is being read already.

import { limits } from "../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import type { Clock, Random } from "../core/world.ts";
import type { Store } from "./store/store.ts";

export interface OverloadOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes waiting in all queues from which on some posts are refused, ... */
  readonly queueBytesSoft: number;
  /** ... and from which on all are. */
  readonly queueBytesHard: number;
}

/** The room that one post takes while it is read. */
export interface Place extends Disposable {
  reserve(bytes: number): boolean;
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
  #posts = 0;
  #postsBytes = 0;

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  /** @throws {StoreTrouble} where nobody knows how much waits */
  async enter(): Promise<Result<Place, RequestRefusal & { readonly retryAfterS: number }>> {
    if (this.#posts >= limits.postsMax) {
      return this.#refuse(0, `cannot read more than ${limits.postsMax} posts at once`);
    }
    await this.#look();
    const { queueBytesSoft, queueBytesHard, random } = this.#options;
    const fullness = (this.#queueBytes - queueBytesSoft) / (queueBytesHard - queueBytesSoft);
    if (fullness >= 1 || random() < fullness) {
      return this.#refuse(fullness, `cannot enqueue more while ${this.#queueBytes} bytes wait to be drained`);
    }
    this.#posts++;
    return accept(this.#place());
  }

  /** What this server has put into the queues since it last looked. */
  added(bytes: number): void {
    this.#queueBytes += bytes;
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

  #refuse(fullness: number, why: string) {
    const refused = refuse("over_capacity", `${why}: post again later`);
    const retryAfterS = RETRY_AFTER_S + Math.round(RETRY_AFTER_FULL_S * Math.min(1, fullness));
    return { ok: false, refusal: { ...refused.refusal, retryAfterS } } as const;
  }

  #place(): Place {
    let held = 0;
    return {
      reserve: (bytes) => {
        if (this.#postsBytes + bytes > limits.postsBytesMax) return false;
        held += bytes;
        this.#postsBytes += bytes;
        return true;
      },
      [Symbol.dispose]: () => {
        this.#posts--;
        this.#postsBytes -= held;
      },
    };
  }
}
