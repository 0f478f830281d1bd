// Where tabs have their slots: which group a tab is of, and which tabs a group has. The slot of a tab that was forgotten
// is the next one's.

import { GROUP_TABS } from "./blocks.ts";
import type { HeldTab } from "./tab.ts";

export class Slots {
  /** By slot; nobody has those of group 0. */
  readonly #tabs: (HeldTab | undefined)[] = new Array(GROUP_TABS).fill(undefined);
  readonly #free: number[] = [];

  /** Groups are numbered from 1 to here. */
  get lastGroup(): number {
    return Math.ceil(this.#tabs.length / GROUP_TABS) - 1;
  }

  take(tab: HeldTab): number {
    const slot = this.#free.pop() ?? this.#tabs.length;
    this.#tabs[slot] = tab;
    return slot;
  }

  free(slot: number): void {
    this.#tabs[slot] = undefined;
    this.#free.push(slot);
  }

  /** The tab that has a slot, by its group and its index there. */
  at(group: number, index: number): HeldTab | undefined {
    return this.#tabs[group * GROUP_TABS + index];
  }
}
