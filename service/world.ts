// The real clock, randomness and sleep. Only composition roots name these; everything else is handed them.

import { setImmediate } from "node:timers/promises";
import type { Clock, Pause, Random, Sleep } from "../core/world.ts";

export const systemClock: Clock = () => Date.now() / 1000;

/** Seconds from some moment, finer than the clock and never running backwards. */
export const systemStopwatch = (): number => performance.now() / 1000;

/** The name of this machine, where this process may know it. */
export function systemHostname(): string | undefined {
  const isGranted = Deno.permissions.querySync({ name: "sys", kind: "hostname" }).state === "granted";
  return isGranted ? Deno.hostname() : undefined;
}

export const systemRandom: Random = () => Math.random();

export const systemSleep: Sleep = (ms, signal) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted) return Promise.resolve();
  const timer = setTimeout(wake, ms);
  signal?.addEventListener("abort", wake, { once: true });
  function wake(): void {
    clearTimeout(timer);
    signal?.removeEventListener("abort", wake);
    resolve();
  }
  return promise;
};

// A timer of 0 ms takes milliseconds, once some have followed each other.
export const systemPause: Pause = () => setImmediate();
