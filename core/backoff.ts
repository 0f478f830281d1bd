// How long to wait before trying again: exponential backoff with full jitter
// (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

import type { Random } from "./world.ts";

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Milliseconds to wait after `failures` failures in a row (1 after the first): uniform in [0, min(max, first · 2^(failures-1))]. */
export function backoffMs(failures: number, options: BackoffOptions, random: Random): number {
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures - 1, 30));
  return random() * ceiling;
}
