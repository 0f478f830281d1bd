// Which tabs a recorder knows: their number is bounded, and unused ones are forgotten. What they hold is the recorder's.

import type { HeldTab } from "./tab.ts";

/** A tab that was not recorded into for so long is forgotten; its handle comes back when it is used again. */
const UNUSED_S = 600;
/** Unused tabs are looked for this often at most. */
const SWEEP_S = 10;

export class TabTable {
  readonly #tabs = new Set<HeldTab>();
  readonly #tabByName = new Map<string, HeldTab>();
  #sweptAt = -Infinity;

  get size(): number {
    return this.#tabs.size;
  }

  get(name: string): HeldTab | undefined {
    return this.#tabByName.get(name);
  }

  /** Takes the tab in; answers whether there was room. `second` is now. */
  hold(tab: HeldTab, options: { readonly second: number; readonly tabsMax: number }): boolean {
    this.#forgetUnused(options.second);
    if (this.size >= options.tabsMax) return false;
    tab.holding.isHeld = true;
    tab.holding.second = options.second;
    this.#tabs.add(tab);
    // An old handle that comes back may find its name taken by a newer one. Both are right: receivers add up lines.
    if (!this.#tabByName.has(tab.holding.name)) this.#tabByName.set(tab.holding.name, tab);
    return true;
  }

  #forgetUnused(second: number): void {
    // A clock that was set back must not put it off for ever.
    if (Math.abs(second - this.#sweptAt) < SWEEP_S) return;
    this.#sweptAt = second;
    for (const tab of this.#tabs) {
      if (tab.holding.isWaiting || tab.holding.second > second - UNUSED_S) continue;
      tab.holding.isHeld = false;
      this.#tabs.delete(tab);
      if (this.#tabByName.get(tab.holding.name) === tab) this.#tabByName.delete(tab.holding.name);
    }
  }
}
