// What was not delivered, counted by reason. Nothing that is recorded is lost without being counted here.

/** Why events were dropped. */
export type DropReason =
  | "value_illegal" // not a value of the tab's type, e.g. NaN for a CounterGroup
  | "tab_illegal" // no legal name
  | "type_conflict" // the tab was recorded into with another type before
  | "tabs_full"
  | "events_full"
  | "bytes_full"
  | "rejected" // the agent refused the line
  | "refused" // the agent refused the whole batch
  | "stopped"
  | "bug"; // one of ours, or of a handler's

/** What was dropped for one reason. */
export interface Dropped {
  readonly events: number;
  /** The last tab it happened to, or what was last said about it. */
  readonly last: string;
}

export class Drops {
  readonly #byReason = new Map<DropReason, { events: number; last: string }>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  get byReason(): { readonly [Reason in DropReason]?: Dropped } {
    return Object.fromEntries(Array.from(this.#byReason, ([reason, dropped]) => [reason, { ...dropped }]));
  }

  /** `last` is a tab's name or a message: a string that exists already, as this is called for every event dropped. */
  add(reason: DropReason, events: number, last: string): void {
    if (events === 0) return;
    this.#total += events;
    const dropped = this.#byReason.get(reason);
    if (dropped === undefined) {
      this.#byReason.set(reason, { events, last });
    } else {
      dropped.events += events;
      dropped.last = last;
    }
  }
}
