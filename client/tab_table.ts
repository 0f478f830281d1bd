// Which tabs a recorder knows: their number is bounded, and unused ones are forgotten. What waits of them is elsewhere.

import { GROUP_TABS } from "./blocks.ts";
import type { Slots } from "./slots.ts";
import type { HeldTab } from "./tab.ts";

/** A tab that was not recorded into for so long is forgotten; its handle comes back when it is used again. */
const UNUSED_S = 600;
/** Unused tabs are looked for this often at most. */
const SWEEP_S = 10;

export class TabTable {
  readonly #slots: Slots;
  /** The tabs of a group of which something waits: they can't be forgotten. */
  readonly #waitingOf: (group: number) => ReadonlySet<HeldTab>;
  readonly #tabByName = new Map<string, HeldTab>();
  #size = 0;
  #sweptAt = -Infinity;

  constructor(slots: Slots, waitingOf: (group: number) => ReadonlySet<HeldTab>) {
    this.#slots = slots;
    this.#waitingOf = waitingOf;
  }

  get size(): number {
    return this.#size;
  }

  get(name: string): HeldTab | undefined {
    return this.#tabByName.get(name);
  }

  /** Takes the tab in; answers whether there was room. `second` is now. */
  hold(tab: HeldTab, options: { readonly second: number; readonly tabsMax: number }): boolean {
    this.#forgetUnused(options.second);
    if (this.size >= options.tabsMax) return false;
    tab.hold(this.#slots.take(tab), options.second);
    this.#size++;
    // An old handle that comes back may find its name taken by a newer one. Both are right: receivers add up lines.
    if (!this.#tabByName.has(tab.holding.name)) this.#tabByName.set(tab.holding.name, tab);
    return true;
  }

  #forgetUnused(second: number): void {
    // A clock that was set back must not put it off for ever.
    if (Math.abs(second - this.#sweptAt) < SWEEP_S) return;
    this.#sweptAt = second;
    for (let group = 1; group <= this.#slots.lastGroup; group++) {
      const unused = this.#unusedOf(group, second - UNUSED_S);
      if (unused.length === 0) continue;
      const waiting = this.#waitingOf(group);
      for (const tab of unused) if (!waiting.has(tab)) this.#forget(tab);
    }
  }

  /** The tabs of a group that were last recorded into at `until`, or earlier. */
  #unusedOf(group: number, until: number): HeldTab[] {
    const unused: HeldTab[] = [];
    for (let index = 0; index < GROUP_TABS; index++) {
      const tab = this.#slots.at(group, index);
      if (tab !== undefined && tab.holding.second <= until) unused.push(tab);
    }
    return unused;
  }

  #forget(tab: HeldTab): void {
    this.#slots.free(tab.holding.slot);
    tab.letGo();
    this.#size--;
    if (this.#tabByName.get(tab.holding.name) === tab) this.#tabByName.delete(tab.holding.name);
  }
}
