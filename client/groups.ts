// The groups that tabs are in, where they share blocks. The place of a tab that was forgotten is the next one's.

import { Chain, GROUP_TABS } from "./blocks.ts";
import type { Group, HeldTab, Seat } from "./tab.ts";

export class Groups {
  readonly all: Group[] = [];
  readonly #free: Seat[] = [];

  /** Finds a place for a tab. */
  seat(tab: HeldTab): Seat {
    const seat = this.#free.pop() ?? this.#make();
    seat.group.tabs[seat.index] = tab;
    return seat;
  }

  /** Frees the place of a tab of which nothing waits. */
  leave({ holding: { seat } }: HeldTab): void {
    if (seat === undefined) return;
    seat.group.tabs[seat.index] = undefined;
    this.#free.push(seat);
  }

  /** Ends the blocks of all: whoever records has to begin another one. */
  closeAll(): void {
    for (const { chain } of this.all) chain.epoch = 0;
  }

  #make(): Seat {
    let group = this.all.at(-1);
    if (group === undefined || group.tabs.length === GROUP_TABS) {
      group = { tabs: [], chain: new Chain() };
      this.all.push(group);
    }
    return { group, index: group.tabs.length };
  }
}
