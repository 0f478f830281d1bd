// Takes events: knows the tabs and the time, and says which events can't be taken and why. Never throws to whoever
// records; what it has taken waits in waiting.ts.

import { nameProblem } from "../core/names.ts";
import { BurstClock } from "./burst_clock.ts";
import { type DropReason, Drops } from "./drops.ts";
import { Groups } from "./groups.ts";
import type { Settings } from "./options.ts";
import { HeldTab, type Intake } from "./tab.ts";
import { TabTable } from "./tab_table.ts";
import { toJson } from "./value.ts";
import { Waiting } from "./waiting.ts";

export class Recorder implements Intake {
  readonly clock: BurstClock;
  readonly waiting: Waiting;
  readonly drops = new Drops();
  /** Whether events are folded, or kept as they are. */
  isFolding = true;

  #settings: Settings;
  readonly #groups = new Groups();
  readonly #table: TabTable;
  #isStopped = false;
  #lastEventTime = 0;

  /** `onWaiting` is called whenever a tab begins to wait. */
  constructor(settings: Settings, onWaiting: () => void) {
    this.#settings = settings;
    this.clock = new BurstClock(settings.clock);
    this.waiting = new Waiting(settings, { drops: this.drops, onWaiting });
    this.#table = new TabTable(this.#groups, (group) => this.waiting.tabsOf(group));
  }

  /** Goes on under these settings. A State begun already stays with the client that it was begun for. */
  use(settings: Settings): void {
    this.#settings = settings;
    this.isFolding = settings.fold;
    this.#isStopped = false;
    // Only what comes to `take` is folded or not as the settings say.
    this.#groups.closeAll();
    this.clock.use(settings.clock);
    this.waiting.use(settings);
  }

  /** Drops all that is recorded from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#groups.closeAll();
  }

  /** Tabs known. */
  get tabs(): number {
    return this.#table.size;
  }

  stopwatch(): number {
    return this.#settings.stopwatch();
  }

  record(name: string, value: unknown, type: string): void {
    const known = this.#table.get(name);
    (known?.type === type ? known : this.tab(name, type)).record(value);
  }

  /** The tab of this name and type, whatever they are: one that can't be drops and counts all that it is given. */
  tab(name: string, type: string): HeldTab {
    const known = this.#table.get(name);
    if (known?.type === type) return known;
    const isLegal = nameProblem(name) === undefined && nameProblem(type) === undefined;
    const problem = !isLegal ? "tab_illegal" : known !== undefined ? "type_conflict" : undefined;
    const handler = this.#settings.registry.get(type);
    const tab = new HeldTab(this, { name: typeof name === "string" ? name : "", type, handler, problem });
    if (problem === undefined) this.#hold(tab);
    return tab;
  }

  take(tab: HeldTab, value: unknown): void {
    try {
      const refused = this.#refusal(tab) ?? this.#takeValue(tab, value);
      if (refused !== undefined) return this.drops.add(refused, 1, tab.holding.name);
      tab.holding.second = this.clock.second;
    } catch (error) {
      this.drops.add("bug", 1, String(error));
    }
  }

  #hold(tab: HeldTab): boolean {
    return this.#table.hold(tab, { second: Math.floor(this.clock.now()), tabsMax: this.#settings.tabsMax });
  }

  #refusal(tab: HeldTab): DropReason | undefined {
    if (this.#isStopped) return "stopped";
    if (tab.holding.problem !== undefined) return tab.holding.problem;
    return tab.holding.seat === undefined && !this.#hold(tab) ? "tabs_full" : undefined;
  }

  #takeValue(tab: HeldTab, value: unknown): DropReason | undefined {
    const { handler } = tab.holding;
    if (this.isFolding && handler?.foldNumbers !== undefined) {
      if (typeof value !== "number" || value - value !== 0) return "value_illegal";
      this.waiting.addNumber(tab, value, this.clock);
      return undefined;
    }
    const json = toJson(value);
    if (json === undefined || handler?.check(json) !== undefined) return "value_illegal";
    const time = this.#eventTime();
    return this.isFolding && handler !== undefined
      ? this.waiting.foldEvent(tab, time, json)
      : this.waiting.keepEvent(tab, time, json);
  }

  /** Now, but later than the event before: of two Gauge values in one millisecond the second is the one to keep. */
  #eventTime(): number {
    const now = this.clock.now();
    const ahead = this.#lastEventTime - now;
    // A clock that was set back is believed.
    this.#lastEventTime = ahead >= 0 && ahead < 1 ? this.#lastEventTime + 1e-6 : now;
    return this.#lastEventTime;
  }
}
