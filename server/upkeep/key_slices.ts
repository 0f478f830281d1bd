// The States of several tabs as keys, in pieces that one call to the store takes.

import type { StateKey } from "../store/store.ts";

/** The keys of these States, so many at a time. */
export function* keySlices(
  clientsByTab: ReadonlyMap<string, readonly string[]>,
  size: number,
): Generator<readonly StateKey[]> {
  let keys: StateKey[] = [];
  for (const [tab, clients] of clientsByTab) {
    for (const client of clients) {
      keys.push({ tab, client });
      if (keys.length < size) continue;
      yield keys;
      keys = [];
    }
  }
  if (keys.length > 0) yield keys;
}
