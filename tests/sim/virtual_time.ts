// Time that passes only when a test lets it: a Clock and a Sleep for code that takes them as arguments.

import { setImmediate } from "node:timers/promises";
import type { Clock, Sleep } from "../../core/world.ts";

interface Sleeper {
  readonly wakesMs: number;
  readonly wake: () => void;
}

/** How long a condition may take to come true, in real time. Only a test that is about to fail waits for so long. */
const DEADLINE_MS = 20_000;

export class VirtualTime {
  #nowMs: number;
  #sleepers: readonly Sleeper[] = [];

  constructor(now = 1_763_890_000) {
    this.#nowMs = now * 1000;
  }

  readonly clock: Clock = () => this.#nowMs / 1000;

  readonly sleep: Sleep = (ms, signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal?.aborted) return Promise.resolve();
    const wake = () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const sleeper = { wakesMs: this.#nowMs + ms, wake };
    this.#sleepers = [...this.#sleepers, sleeper];
    signal?.addEventListener("abort", wake);
    return promise;
  };

  /** How many sleep now. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  /** Lets `ms` pass; whoever wakes meanwhile has run as far as it can without real I/O before time goes on. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.wakesMs - b.wakesMs).find((one) => one.wakesMs <= endMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.wakesMs);
      next.wake();
      await turn();
    }
    this.#nowMs = endMs;
    await turn();
  }
}

/** Lets all that is ready run, real I/O included. */
export async function turn(): Promise<void> {
  await setImmediate();
}

/** Waits for a condition, letting `step` happen again and again. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, step = turn }: { readonly what: string; readonly step?: () => Promise<void> },
): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await step();
  }
}
