// The time at which events happen, for less than a look at the clock each: reading it costs more than recording does.

import type { Clock } from "../core/world.ts";

/** Records that go by without a look at the clock, at most. */
const CREDIT_MAX = 64;
/** Looks in a row that found records dense before any goes by without one. */
const LOOKS_FIRST = 4;
const DENSE_S = 0.001;

/**
 * Whoever records does `if (--clock.credit < 0) clock.read()` first. The clock is looked at for every record until
 * several in a row came within a millisecond of each other; then for every 2nd, 4th ... 64th, for as long as those
 * looks are still less than a millisecond apart. A microtask ends that, so that a record in another turn of the event
 * loop always looks. So a time can lag by no more than what passes while one turn of the host records 64 events.
 */
export class BurstClock {
  /** Records that may still go by without a look. */
  credit = 0;
  /** Changes whenever the second does. */
  epoch = 1;
  /** The whole second of the last look. */
  second = 0;
  #time = 0;
  #clock: Clock;
  #denseLooks = 0;
  #isBurst = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  use(clock: Clock): void {
    this.#clock = clock;
    this.#endBurst();
  }

  /** Looks at the clock, and grants the records that follow the credit they have earned. */
  read(): void {
    const before = this.#time;
    const time = this.now();
    const isDense = time - before < DENSE_S && time >= before;
    this.#denseLooks = isDense ? this.#denseLooks + 1 : 0;
    const doublings = this.#denseLooks - LOOKS_FIRST;
    this.credit = doublings < 0 ? 0 : Math.min(2 ** doublings, CREDIT_MAX) - 1;
    if (this.credit > 0 && !this.#isBurst) {
      this.#isBurst = true;
      queueMicrotask(this.#endBurst);
    }
  }

  /** Looks at the clock: seconds since the epoch. */
  now(): number {
    const time = this.#clock();
    const second = Math.floor(time);
    if (second !== this.second) {
      this.second = second;
      this.epoch++;
    }
    return this.#time = time;
  }

  readonly #endBurst = (): void => {
    this.credit = 0;
    this.#denseLooks = 0;
    this.#isBurst = false;
  };
}
