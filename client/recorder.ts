// What was recorded and waits to be sent: the buffers and the States of all tabs. Takes events, folds them, and gives
// them out as lines; never sends anything, and never throws to whoever records.

import type { Encoded } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { nameProblem } from "../core/names.ts";
import type { EventsLine, StateLine, WireLine } from "../core/wire/ndjson_writer.ts";
import { BurstClock } from "./burst_clock.ts";
import { type DropReason, Drops } from "./drops.ts";
import type { Settings } from "./options.ts";
import { BUFFER_VALUES, HeldTab, type Intake, type WaitingEvents } from "./tab.ts";
import { TabTable } from "./tab_table.ts";
import { eventBytesOf, toJson } from "./value.ts";

/** What a State counts for until it is measured. */
const STATE_BYTES_FIRST = 256;
/** What the State of one tab may have taken up of values that are no numbers, so that its line stays legal. */
const TAB_BYTES_MAX = limits.lineBytesMax / 2;
/** One line of events that are not folded. */
const LINE_EVENTS_MAX = 500;
const LINE_EVENTS_BYTES_MAX = limits.lineBytesMax / 4;

export class Recorder implements Intake {
  readonly clock: BurstClock;
  columns = new Float64Array(64 * BUFFER_VALUES);
  readonly drops = new Drops();
  /** Whether events are folded, or kept as they are. */
  isFolding = true;
  /** Bytes that the sender holds: `bytesMax` bounds both. */
  bytesSealed = 0;

  #settings: Settings;
  /** Called when a tab begins to wait. */
  readonly #onWaiting: () => void;
  readonly #table = new TabTable();
  #isStopped = false;
  /** Tabs with something to send, the longest waiting first; the first `#sealed` of them are given out as lines already. */
  readonly #dirty: HeldTab[] = [];
  #sealed = 0;
  /** How many of the dirty tabs are still to be given out in this flush. */
  #due = 0;
  #nextMeasured = 0;
  /** Events that wait outside of buffers, how many of them are not folded, and about how many bytes all that is. */
  #waiting = 0;
  #unfolded = 0;
  #bytes = 0;
  #lastEventTime = 0;
  // One buffer as columns for a handler.
  readonly #times = new Float64Array(BUFFER_VALUES);
  readonly #values = new Float64Array(BUFFER_VALUES);

  constructor(settings: Settings, onWaiting: () => void) {
    this.#settings = settings;
    this.#onWaiting = onWaiting;
    this.clock = new BurstClock(settings.clock);
  }

  /** Goes on under these settings. A State begun already stays with the client that it was begun for. */
  use(settings: Settings): void {
    this.#settings = settings;
    this.#isStopped = false;
    this.clock.use(settings.clock);
  }

  /** Tabs known. */
  get tabs(): number {
    return this.#table.size;
  }

  /** Tabs with something to send. */
  get dirtyTabs(): number {
    return this.#dirty.length - this.#sealed;
  }

  /** Events that wait to be sent. O(dirty tabs). */
  get events(): number {
    let events = this.#waiting;
    for (let index = this.#sealed; index < this.#dirty.length; index++) events += filled(this.#dirty[index]);
    return events;
  }

  /** About how many bytes they would be on the wire. */
  get bytes(): number {
    return this.#bytes;
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
    const tab = new HeldTab(this, { name: String(name), type, handler: this.#settings.registry.get(type), problem });
    if (problem === undefined) this.#hold(tab);
    return tab;
  }

  take(tab: HeldTab, value: unknown): void {
    try {
      const refused = this.#refusal(tab) ?? this.#takeValue(tab, value);
      if (refused !== undefined) {
        this.drops.add(refused, 1, tab.name);
      } else if (!tab.isDirty) {
        tab.isDirty = true;
        this.#dirty.push(tab);
        this.#onWaiting();
      }
    } catch (error) {
      this.drops.add("bug", 1, String(error));
    }
  }

  /** From here on `lines` gives out what waits now, and not what is recorded later. */
  beginFlush(): void {
    this.#due = this.#dirty.length;
  }

  /** Whether there is more to give out in this flush. */
  get isDue(): boolean {
    return this.#due > 0;
  }

  /**
   * Gives out what is due, tab by tab, until `isEnough`. What has been given out is the caller's to deliver. Recording
   * may go on between one line and the next.
   */
  *lines(isEnough: () => boolean): Generator<WireLine> {
    try {
      while (this.#due > 0 && !isEnough()) {
        this.#due--;
        const tab = this.#dirty[this.#sealed++];
        const { state, events } = this.#seal(tab);
        if (state !== undefined) yield state;
        if (events !== undefined) yield* inLines(tab, events);
      }
    } finally {
      this.#dirty.splice(0, this.#sealed);
      this.#sealed = 0;
      this.#table.forgetUnused(this.clock.second);
    }
  }

  /**
   * Finds out how large the next `count` waiting States have become. While all is sent as it comes there is no need
   * to: only what waits for long grows.
   */
  measure(count: number): void {
    for (let left = Math.min(count, this.#dirty.length); left > 0; left--) {
      this.#nextMeasured = (this.#nextMeasured + 1) % this.#dirty.length;
      this.#measureState(this.#dirty[this.#nextMeasured]);
    }
  }

  /** Takes nothing from now on. */
  close(): void {
    this.#isStopped = true;
  }

  /** Drops what waits. */
  discard(): void {
    this.#due = 0;
    for (const tab of this.#dirty.splice(0)) {
      this.drops.add("stopped", eventsOf(tab), tab.name);
      this.#clear(tab);
    }
  }

  #hold(tab: HeldTab): boolean {
    const { tabsMax } = this.#settings;
    if (!this.#table.hold(tab, { second: Math.floor(this.clock.now()), tabsMax })) return false;
    const needed = (tab.slot + 1) * BUFFER_VALUES;
    if (needed > this.columns.length) {
      const grown = new Float64Array(2 * needed);
      grown.set(this.columns);
      this.columns = grown;
    }
    return true;
  }

  #refusal(tab: HeldTab): DropReason | undefined {
    if (this.#isStopped) return "stopped";
    if (tab.problem !== undefined) return tab.problem;
    return tab.slot === 0 && !this.#hold(tab) ? "tabs_full" : undefined;
  }

  #takeValue(tab: HeldTab, value: unknown): DropReason | undefined {
    if (!this.isFolding || tab.handler?.foldNumbers === undefined) return this.#takeEvent(tab, value);
    if (typeof value !== "number" || value - value !== 0) return "value_illegal";
    this.#foldBuffer(tab);
    const base = tab.slot * BUFFER_VALUES;
    this.columns[base] = value;
    tab.next = base + 1;
    tab.epoch = this.clock.epoch;
    tab.second = this.clock.second;
  }

  /** Takes a value that is no number, or must not be folded: it goes through no buffer. */
  #takeEvent(tab: HeldTab, value: unknown): DropReason | undefined {
    const { handler } = tab;
    const json = toJson(value);
    if (json === undefined || handler?.check(json) !== undefined) return "value_illegal";
    const bytes = eventBytesOf(json);
    if (!this.#hasRoom(bytes)) return "bytes_full";
    if (handler !== undefined && this.isFolding) {
      if (!this.#hasRoomInLine(tab, bytes)) return "bytes_full";
      handler.fold(this.#stateOf(tab), this.#eventTime(), json);
      tab.stateEvents++;
    } else {
      if (bytes > LINE_EVENTS_BYTES_MAX) return "bytes_full";
      if (this.#unfolded >= this.#settings.eventsMax) return "events_full";
      (tab.events ??= []).push([this.#eventTime(), json]);
      this.#unfolded++;
    }
    tab.second = this.clock.second;
    this.#waiting++;
    this.#addBytes(tab, bytes);
  }

  /** Empties the tab's buffer into its State. */
  #foldBuffer(tab: HeldTab): void {
    const count = filled(tab);
    if (count === 0 || tab.handler?.foldNumbers === undefined) return;
    // First of all: whatever happens, a value is folded once.
    tab.next -= count;
    if (!this.#hasRoom(0)) return this.drops.add("bytes_full", count, tab.name);
    try {
      for (let index = 0; index < count; index++) this.#values[index] = this.columns[tab.next + index];
      if (this.#times[0] !== tab.second) this.#times.fill(tab.second);
      tab.handler.foldNumbers(this.#stateOf(tab), this.#times, this.#values, count);
      tab.stateEvents += count;
      this.#waiting += count;
    } catch (error) {
      this.drops.add("bug", count, String(error));
    }
  }

  #stateOf(tab: HeldTab): unknown {
    if (tab.state === undefined && tab.handler !== undefined) {
      tab.client = this.#settings.client;
      tab.state = tab.handler.create(tab.client);
      this.#addBytes(tab, STATE_BYTES_FIRST);
    }
    return tab.state;
  }

  /**
   * Now, but later than the event before: of two Gauge values in the same millisecond the second is the one to keep.
   */
  #eventTime(): number {
    const now = this.clock.now();
    const ahead = this.#lastEventTime - now;
    // A clock that was set back is believed.
    this.#lastEventTime = ahead >= 0 && ahead < 1 ? this.#lastEventTime + 1e-6 : now;
    return this.#lastEventTime;
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes + this.bytesSealed + bytes <= this.#settings.bytesMax;
  }

  #hasRoomInLine(tab: HeldTab, bytes: number): boolean {
    // The values of a Gauge replace each other. Measuring costs as much as the bytes since the last time, at most.
    const isDue = tab.bytes - tab.bytesMeasured >= TAB_BYTES_MAX / 2;
    if (tab.bytes + bytes > TAB_BYTES_MAX && isDue) this.#measureState(tab);
    return tab.bytes + bytes <= TAB_BYTES_MAX;
  }

  #measureState(tab: HeldTab): void {
    if (tab.state === undefined || tab.handler === undefined) return;
    const bytes = encodedBytesOf(tab.handler.encode(tab.state));
    this.#addBytes(tab, bytes - tab.bytes);
    tab.bytesMeasured = bytes;
  }

  #addBytes(tab: HeldTab, bytes: number): void {
    tab.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Takes all out of the tab. */
  #seal(tab: HeldTab): { readonly state?: StateLine | undefined; readonly events?: WaitingEvents | undefined } {
    try {
      // A few events are smaller than a State, and cheaper for all: where there is no State yet, none is made.
      const events = tab.state === undefined ? this.#bufferedEvents(tab) : undefined;
      this.#foldBuffer(tab);
      const { handler, type, name, client } = tab;
      const state = handler === undefined || tab.state === undefined ? undefined : {
        tab: name,
        type,
        client,
        version: handler.version,
        events: tab.stateEvents,
        encoded: handler.encode(tab.state),
      };
      return { state, events: tab.events === undefined ? events : tab.events.concat(events ?? []) };
    } catch (error) {
      this.drops.add("bug", eventsOf(tab), String(error));
      return {};
    } finally {
      this.#clear(tab);
    }
  }

  #bufferedEvents(tab: HeldTab): WaitingEvents | undefined {
    const count = filled(tab);
    if (count === 0) return undefined;
    tab.next -= count;
    return Array.from(this.columns.subarray(tab.next, tab.next + count), (value) => [tab.second, value] as const);
  }

  /** The tab holds nothing any more. */
  #clear(tab: HeldTab): void {
    tab.isDirty = false;
    tab.next -= filled(tab);
    this.#waiting -= tab.stateEvents;
    tab.stateEvents = 0;
    tab.state = undefined;
    if (tab.events !== undefined) {
      this.#waiting -= tab.events.length;
      this.#unfolded -= tab.events.length;
      tab.events = undefined;
    }
    this.#addBytes(tab, -tab.bytes);
    tab.bytesMeasured = 0;
  }
}

/** Values in the tab's buffer. */
function filled(tab: HeldTab): number {
  return tab.next === 0 ? 0 : tab.next - tab.slot * BUFFER_VALUES;
}

function eventsOf(tab: HeldTab): number {
  return tab.stateEvents + (tab.events?.length ?? 0) + filled(tab);
}

/** Events as lines that are not too long. */
function* inLines(tab: HeldTab, events: WaitingEvents): Generator<EventsLine> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < events.length; index++) {
    const added = eventBytesOf(events[index][1]);
    if (index - start >= LINE_EVENTS_MAX || bytes + added > LINE_EVENTS_BYTES_MAX) {
      yield { tab: tab.name, type: tab.type, events: events.slice(start, index) };
      start = index;
      bytes = 0;
    }
    bytes += added;
  }
  yield { tab: tab.name, type: tab.type, events: start === 0 ? events : events.slice(start) };
}

function encodedBytesOf(encoded: Encoded): number {
  return encoded instanceof Uint8Array ? Math.ceil(encoded.length * 4 / 3) : JSON.stringify(encoded).length;
}
