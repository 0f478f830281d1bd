// Which tabs a recorder knows, by name and by place. Owns who is known and for how long; what they hold is the recorder's.

import type { HeldTab } from "./tab.ts";

/** A tab that was not recorded into for so long is forgotten; its handle takes a new place when it is used again. */
const UNUSED_S = 600;
/** Unused tabs are looked for this often at most. */
const SWEEP_S = 10;

export class TabTable {
  readonly #byName = new Map<string, HeldTab>();
  /** Place 0 is nobody's, so that a tab without a place can have the number 0. */
  readonly #bySlot: (HeldTab | undefined)[] = [undefined];
  readonly #freeSlots: number[] = [];
  #sweptAt = 0;

  get size(): number {
    return this.#bySlot.length - 1 - this.#freeSlots.length;
  }

  get(name: string): HeldTab | undefined {
    return this.#byName.get(name);
  }

  /** Gives the tab a place; answers whether there was one. `second` is now. */
  hold(tab: HeldTab, options: { readonly second: number; readonly tabsMax: number }): boolean {
    if (this.size >= options.tabsMax) this.forgetUnused(options.second);
    if (this.size >= options.tabsMax) return false;
    tab.slot = this.#freeSlots.pop() ?? this.#bySlot.length;
    tab.second = options.second;
    this.#bySlot[tab.slot] = tab;
    // An old handle that comes back may find its name taken by a newer one. Both are right: receivers add up lines.
    if (!this.#byName.has(tab.name)) this.#byName.set(tab.name, tab);
    return true;
  }

  forgetUnused(second: number): void {
    if (Math.abs(second - this.#sweptAt) < SWEEP_S) return;
    this.#sweptAt = second;
    for (const tab of this.#bySlot) {
      if (tab !== undefined && !tab.isDirty && tab.second < second - UNUSED_S) this.#forget(tab);
    }
  }

  #forget(tab: HeldTab): void {
    if (this.#byName.get(tab.name) === tab) this.#byName.delete(tab.name);
    this.#bySlot[tab.slot] = undefined;
    this.#freeSlots.push(tab.slot);
    tab.slot = 0;
    tab.next = 0;
  }
}
