// The world as the client sees it: clock, randomness, fetch and timers of whatever runs it (Deno, Node, Bun, a browser,
// an edge worker). The one place in the client that touches them; each can be replaced by an option.

import type { Clock, Random } from "../core/world.ts";

/** What the client takes from its host. */
export interface Platform {
  /** The time of an event: seconds since the epoch. */
  readonly clock: Clock;
  /** Seconds from any fixed moment, never running backwards: what `startTimer` measures with. */
  readonly stopwatch: () => number;
  /** For the sender's id and for the jitter between retries. */
  readonly random: Random;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /**
   * Calls back once after `ms`, and answers how to call that off. `background` timers must not keep the process alive.
   * May throw where the host has no timers at the moment: the client then waits for its host to call `flush`.
   */
  readonly setTimer: (callback: () => void, ms: number, options?: { readonly background?: boolean }) => () => void;
}

/** The real world. Everything is looked up when it is called, so that importing the client touches nothing. */
export const platform: Platform = {
  clock: () => Date.now() / 1000,
  stopwatch: () => performance.now() / 1000,
  // Not Math.random: copies of one process image must not share a sender's id.
  random: () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32,
  fetch: (url, init) => fetch(url, init),
  setTimer: (callback, ms, options) => {
    const timer = setTimeout(callback, ms);
    if (options?.background) release(timer);
    return () => clearTimeout(timer);
  },
};

/** Starts a timer where the host has timers, and answers how to call it off; undefined where it has none. */
export function tryTimer(
  host: Platform,
  callback: () => void,
  options: { readonly ms: number; readonly background?: boolean },
): (() => void) | undefined {
  try {
    return host.setTimer(callback, options.ms, { background: options.background ?? false });
  } catch {
    // At the top level of a module, edge workers refuse timers. Whoever needs one does without.
    return undefined;
  }
}

/** Lets the process end while the timer runs, where the platform knows such a thing. */
function release(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
  } else if (typeof timer === "number" && "Deno" in globalThis) {
    Deno.unrefTimer(timer);
  }
}
