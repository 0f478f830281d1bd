// Which type tabs had when they were last sealed, so that a client hears at once of a line that no server would take.
// What was not sealed for a while is forgotten: a tab may have been deleted meanwhile, and have another type now.

import type { Clock } from "../core/world.ts";

/** A type is remembered for this long after it was last sealed, and for at most twice that. */
const REMEMBERED_S = 60;

export class TabTypes {
  readonly #clock: Clock;
  readonly #tabsMax: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();
  #turns: number;

  /** About `tabsMax` tabs are remembered. */
  constructor(options: { readonly clock: Clock; readonly tabsMax: number }) {
    this.#clock = options.clock;
    this.#tabsMax = options.tabsMax;
    this.#turns = options.clock() + REMEMBERED_S;
  }

  typeOf(tab: string): string | undefined {
    this.#turn();
    return this.#young.get(tab) ?? this.#old.get(tab);
  }

  learn(tab: string, type: string): void {
    this.#turn();
    this.#young.set(tab, type);
  }

  /** Where it is this type that is remembered. */
  forget(tab: string, type: string): void {
    if (this.#young.get(tab) === type) this.#young.delete(tab);
    if (this.#old.get(tab) === type) this.#old.delete(tab);
  }

  #turn(): void {
    const now = this.#clock();
    if (now < this.#turns && this.#young.size < this.#tabsMax) return;
    // After a long silence what is young is old as well.
    this.#old = now < this.#turns + REMEMBERED_S ? this.#young : new Map();
    this.#young = new Map();
    this.#turns = now + REMEMBERED_S;
  }
}
