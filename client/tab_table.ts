// Which tabs a recorder knows: their number is bounded, and unused ones are forgotten. What waits of them is elsewhere.

import type { Groups } from "./groups.ts";
import type { Group, HeldTab } from "./tab.ts";

/** A tab that was not recorded into for so long is forgotten; its handle comes back when it is used again. */
const UNUSED_S = 600;
/** Unused tabs are looked for this often at most. */
const SWEEP_S = 10;

export class TabTable {
  readonly #groups: Groups;
  /** The tabs of a group of which something waits: they can't be forgotten. */
  readonly #waitingOf: (group: Group) => ReadonlySet<HeldTab>;
  readonly #tabByName = new Map<string, HeldTab>();
  #size = 0;
  #sweptAt = -Infinity;

  constructor(groups: Groups, waitingOf: (group: Group) => ReadonlySet<HeldTab>) {
    this.#groups = groups;
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
    tab.hold(this.#groups.seat(tab), options.second);
    this.#size++;
    // An old handle that comes back may find its name taken by a newer one. Both are right: receivers add up lines.
    if (!this.#tabByName.has(tab.holding.name)) this.#tabByName.set(tab.holding.name, tab);
    return true;
  }

  #forgetUnused(second: number): void {
    // A clock that was set back must not put it off for ever.
    if (Math.abs(second - this.#sweptAt) < SWEEP_S) return;
    this.#sweptAt = second;
    for (const group of this.#groups.all) {
      const unused = group.tabs.filter((tab) => tab !== undefined && tab.holding.second <= second - UNUSED_S);
      if (unused.length === 0) continue;
      const waiting = this.#waitingOf(group);
      for (const tab of unused) if (tab !== undefined && !waiting.has(tab)) this.#forget(tab);
    }
  }

  #forget(tab: HeldTab): void {
    this.#groups.leave(tab);
    tab.letGo();
    this.#size--;
    if (this.#tabByName.get(tab.holding.name) === tab) this.#tabByName.delete(tab.holding.name);
  }
}
