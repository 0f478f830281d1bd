// When to try again after trouble: backoff between attempts at one thing.

import { backoffMs } from "../../core/backoff.ts";
import type { Random } from "../../core/world.ts";

const BACKOFF = { firstMs: 100, maxMs: 3000 };

export class Patience {
  readonly #random: Random;
  #failures = 0;
  #nextTry = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  isWaiting(now: number): boolean {
    return now < this.#nextTry;
  }

  failed(now: number): void {
    this.#failures++;
    this.#nextTry = now + backoffMs(this.#failures, BACKOFF, this.#random) / 1000;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#nextTry = 0;
  }
}
