// What was recorded and waits to be sent: the numbers, events and States of all tabs, and the bytes that they take.
// Folds, and gives all out as lines; whether an event may come in at all is the recorder's to say.

import { assert } from "../core/assert.ts";
import type { Encoded, Json } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import type { EventsLine, StateLine, WireLine } from "../core/wire/ndjson_writer.ts";
import { Blocks, Sorted } from "./blocks.ts";
import type { BurstClock } from "./burst_clock.ts";
import type { DropReason, Drops } from "./drops.ts";
import type { Settings } from "./options.ts";
import type { Group, HeldTab, Seat, WaitingEvents } from "./tab.ts";
import { eventBytesOf } from "./value.ts";

/** Numbers of a tab that has no State yet are sent as they are, if they are no more: that is cheaper for all. */
const FEW_EVENTS = 8;
/** A State takes about so many bytes in memory for each of its encoding (2 to 7 were measured), ... */
const BYTES_ENCODED = 5;
/** ... and so many until it is measured. */
const STATE_BYTES_FIRST = 1024;
/** Values that are no numbers may replace each other in a State: after so many bytes of them it is measured. */
const MEASURED_BYTES = 64 * 1024;
/** One line of events. */
const LINE_EVENTS_MAX = 500;
const LINE_EVENTS_BYTES_MAX = limits.lineBytesMax / 4;

/** Blocks that a group holds, at most, and more for each of its tabs: to sort and fold them takes a millisecond or two. */
const CHAIN_BLOCKS = { least: 16, ofTab: 2 } as const;

/** A tab, and which of some sorted numbers are its own. */
interface Numbers {
  readonly tab: HeldTab;
  readonly sorted: Sorted;
  readonly from: number;
  readonly to: number;
}

export class Waiting {
  /** Bytes that the sender holds: `bytesMax` bounds them together with those here. */
  bytesSealed = 0;

  #settings: Settings;
  readonly #blocks = new Blocks();
  readonly #drops: Drops;
  /** Called when a group of tabs begins to wait. */
  readonly #onWaiting: () => void;
  /** Groups with something to send, the longest waiting first; `#due` of them are to be given out in this flush. */
  readonly #groups: Group[] = [];
  readonly #waiting = new Set<Group>();
  #due = 0;
  /** The group that is being given out, tab by tab from `#openIndex` on, with the numbers that were recorded before. */
  #openGroup: Group | undefined;
  #openIndex = 0;
  readonly #opened = new Sorted();
  /** For what is folded in between. */
  readonly #sorted = new Sorted();
  #lastMeasured = 0;
  /** Events in States or kept as they are, how many are so kept, and about how many bytes all that takes. */
  #events = 0;
  #unfolded = 0;
  #bytes = 0;

  constructor(
    settings: Settings,
    options: { readonly drops: Drops; readonly onWaiting: () => void },
  ) {
    this.#settings = settings;
    this.#drops = options.drops;
    this.#onWaiting = options.onWaiting;
  }

  use(settings: Settings): void {
    // What was recorded before stays with the client that it was recorded for.
    if (settings.client !== this.#settings.client) this.#foldAll();
    this.#settings = settings;
  }

  /** Whether there is nothing to send. */
  get isEmpty(): boolean {
    return this.#groups.length === 0 && this.#openGroup === undefined;
  }

  /** Events that wait. O(groups). */
  get events(): number {
    const opened = this.#openGroup === undefined ? 0 : this.#opened.count - this.#opened.starts[this.#openIndex];
    return this.#groups.reduce(
      (sum, { chain }) => sum + chain.newest,
      this.#events + this.#blocks.closedValues + opened,
    );
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes + this.#blocks.bytes + this.bytesSealed;
  }

  /** The tabs of a group that have something to send. */
  tabsOf(group: Group): ReadonlySet<HeldTab> {
    const used = group.chain.used();
    const tabs = new Set<HeldTab>();
    group.tabs.forEach((tab, index) => {
      if (tab !== undefined && (used[index] === 1 || hasWaiting(tab) || this.#isOpened(group, index))) tabs.add(tab);
    });
    return tabs;
  }

  /** Begins another block with `value`; after it, and until it is full or the second is over, values are just stored. */
  addNumber(tab: HeldTab, value: number, { second, epoch }: BurstClock): void {
    const { group, index } = seatOf(tab);
    // Blocks may take half of what is left.
    const isCrowded = !this.#hasRoom(this.#blocks.bytes);
    const { least, ofTab } = CHAIN_BLOCKS;
    if (isCrowded || group.chain.blocks.length >= least + ofTab * group.tabs.length) this.#foldGroup(group);
    this.#add(group);
    this.#blocks.begin(group.chain, { index, value, second, epoch });
  }

  /** Folds one event into the tab's State. */
  foldEvent(tab: HeldTab, time: number, value: Json): DropReason | undefined {
    const bytes = eventBytesOf(value);
    // Not before a State has doubled, so that measuring costs no more than what led to it.
    if (tab.holding.bytes - tab.holding.bytesMeasured > Math.max(MEASURED_BYTES, tab.holding.bytesMeasured)) {
      this.#measure(tab);
    }
    if (tab.holding.handler === undefined || !this.#hasRoom(bytes)) return "bytes_full";
    this.#add(seatOf(tab).group);
    tab.holding.handler.fold(this.#stateOf(tab), time, value);
    tab.holding.stateEvents++;
    this.#events++;
    this.#addBytes(tab, bytes);
  }

  /** Keeps one event as it is. */
  keepEvent(tab: HeldTab, time: number, value: Json): DropReason | undefined {
    const bytes = eventBytesOf(value);
    if (this.#unfolded >= this.#settings.eventsMax) return "events_full";
    if (bytes > LINE_EVENTS_BYTES_MAX || !this.#hasRoom(bytes)) return "bytes_full";
    this.#add(seatOf(tab).group);
    (tab.holding.events ??= []).push([time, value]);
    this.#unfolded++;
    this.#events++;
    this.#addBytes(tab, bytes);
  }

  /** From here on `lines` gives out what waits now, and not what comes later. */
  beginFlush(): void {
    this.#due = this.#groups.length;
  }

  /** Whether there is more to give out in this flush. */
  get isDue(): boolean {
    return this.#due > 0 || this.#openGroup !== undefined;
  }

  /**
   * Gives out what is due, tab by tab, until `isEnough`. What has been given out is the caller's to deliver. Recording
   * may go on between one line and the next.
   */
  *lines(isEnough: () => boolean): Generator<WireLine> {
    while (!isEnough()) {
      const next = this.#next();
      if (next === undefined) return;
      const { state, events } = this.#seal(next);
      if (state !== undefined) yield state;
      if (events.length > 0) yield* inLines(next.tab, events);
    }
  }

  /**
   * Finds out how large the States of the next `count` groups have become. As long as all is sent as it comes nobody
   * needs to know: only what waits for long grows.
   */
  measure(count: number): void {
    for (let left = Math.min(count, this.#groups.length); left > 0; left--) {
      this.#lastMeasured = (this.#lastMeasured + 1) % this.#groups.length;
      for (const tab of this.#groups[this.#lastMeasured].tabs) if (tab !== undefined) this.#measure(tab);
    }
  }

  /** Drops all that waits. */
  discard(reason: DropReason): void {
    this.beginFlush();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { tab, from, to } = next;
      const { stateEvents, events = [], name } = tab.holding;
      this.#drops.add(reason, stateEvents + events.length + to - from, name);
      this.#clear(tab);
    }
  }

  /** Whether a tab has numbers in the group that is being given out. */
  #isOpened(group: Group, index: number): boolean {
    const { starts } = this.#opened;
    return group === this.#openGroup && index >= this.#openIndex && starts[index] < starts[index + 1];
  }

  /** The next tab with something that is due. */
  #next(): Numbers | undefined {
    for (;;) {
      const group = this.#openGroup ?? this.#openNext();
      if (group === undefined) return undefined;
      while (this.#openIndex < group.tabs.length) {
        const numbers = numbersOf(group, this.#opened, this.#openIndex++);
        if (numbers !== undefined && (numbers.from < numbers.to || hasWaiting(numbers.tab))) return numbers;
      }
      this.#openGroup = undefined;
    }
  }

  #openNext(): Group | undefined {
    if (this.#due === 0) return undefined;
    this.#due--;
    const group = this.#groups.shift();
    if (group === undefined) return undefined;
    this.#waiting.delete(group);
    this.#drain(group, this.#opened);
    this.#openIndex = 0;
    return this.#openGroup = group;
  }

  /** The group has something to send. */
  #add(group: Group): void {
    if (this.#waiting.has(group)) return;
    this.#waiting.add(group);
    this.#groups.push(group);
    this.#onWaiting();
  }

  /** All numbers go into States. A group that is being given out waits for the next flush then. */
  #foldAll(): void {
    for (const group of this.#groups) this.#foldGroup(group);
    const group = this.#openGroup;
    if (group === undefined) return;
    this.#foldSorted(group, { sorted: this.#opened, from: this.#openIndex });
    this.#openGroup = undefined;
    this.#add(group);
  }

  /** The numbers of a group go into States. */
  #foldGroup(group: Group): void {
    this.#drain(group, this.#sorted);
    this.#foldSorted(group, { sorted: this.#sorted, from: 0 });
  }

  /** The numbers of a group's tabs, from an index on, go into States as far as there is room. */
  #foldSorted(group: Group, { sorted, from }: { readonly sorted: Sorted; readonly from: number }): void {
    for (let index = from; index < group.tabs.length; index++) {
      const numbers = numbersOf(group, sorted, index);
      if (numbers === undefined) continue;
      if (this.#hasRoom(0)) this.#fold(numbers);
      else this.#drops.add("bytes_full", numbers.to - numbers.from, numbers.tab.holding.name);
    }
  }

  /** Takes the numbers of a group out of their blocks, so that each counts once whatever happens then. */
  #drain({ chain, tabs }: Group, into: Sorted): void {
    this.#blocks.drain(chain, into);
    const { starts, times } = into;
    tabs.forEach((tab, index) => {
      if (tab === undefined || starts[index] === starts[index + 1]) return;
      tab.holding.second = Math.max(tab.holding.second, times[starts[index]]);
    });
  }

  /** Numbers go into their tab's State. */
  #fold({ tab, sorted, from, to }: Numbers): void {
    const { handler } = tab.holding;
    const count = to - from;
    if (count === 0 || handler?.foldNumbers === undefined) return;
    try {
      const [times, values] = [sorted.times.subarray(from, to), sorted.values.subarray(from, to)];
      handler.foldNumbers(this.#stateOf(tab), times, values, count);
      tab.holding.stateEvents += count;
      this.#events += count;
    } catch (error) {
      this.#drops.add("bug", count, String(error));
    }
  }

  #stateOf(tab: HeldTab): unknown {
    if (tab.holding.state === undefined && tab.holding.handler !== undefined) {
      tab.holding.client = this.#settings.client;
      tab.holding.state = tab.holding.handler.create(tab.holding.client);
      this.#addBytes(tab, STATE_BYTES_FIRST);
    }
    return tab.holding.state;
  }

  #hasRoom(bytes: number): boolean {
    return this.bytes + bytes <= this.#settings.bytesMax;
  }

  #measure(tab: HeldTab): void {
    if (tab.holding.state === undefined || tab.holding.handler === undefined) return;
    try {
      tab.holding.bytesMeasured = BYTES_ENCODED * bytesOf(tab.holding.handler.encode(tab.holding.state));
      this.#addBytes(tab, tab.holding.bytesMeasured - tab.holding.bytes);
    } catch {
      // Whatever the handler's trouble is, it comes again when the State is sealed, and is counted then.
    }
  }

  #addBytes(tab: HeldTab, bytes: number): void {
    tab.holding.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Takes all out of the tab. */
  #seal(numbers: Numbers): { readonly state?: StateLine | undefined; readonly events: WaitingEvents } {
    const { tab, from, to } = numbers;
    try {
      const isFew = tab.holding.state === undefined && to - from <= FEW_EVENTS;
      if (!isFew) this.#fold(numbers);
      const { handler, name, client, state, events = [] } = tab.holding;
      return {
        state: handler === undefined || state === undefined ? undefined : {
          tab: name,
          type: tab.type,
          client,
          version: handler.version,
          events: tab.holding.stateEvents,
          encoded: handler.encode(state),
        },
        events: isFew && from < to ? events.concat(eventsOf(numbers)) : events,
      };
    } catch (error) {
      const { stateEvents, events = [] } = tab.holding;
      this.#drops.add("bug", stateEvents + events.length, String(error));
      return { events: [] };
    } finally {
      this.#clear(tab);
    }
  }

  /** The tab has nothing to send any more. */
  #clear(tab: HeldTab): void {
    const unfolded = tab.holding.events?.length ?? 0;
    this.#events -= tab.holding.stateEvents + unfolded;
    this.#unfolded -= unfolded;
    this.#addBytes(tab, -tab.holding.bytes);
    tab.holding.stateEvents = 0;
    tab.holding.state = undefined;
    tab.holding.events = undefined;
    tab.holding.bytesMeasured = 0;
  }
}

function seatOf({ holding: { seat } }: HeldTab): Seat {
  assert(seat !== undefined, "the recorder holds a tab before it takes anything of it");
  return seat;
}

/** The tab at `index` of a group whose numbers were sorted. */
function numbersOf({ tabs }: Group, sorted: Sorted, index: number): Numbers | undefined {
  const tab = tabs[index];
  return tab && { tab, sorted, from: sorted.starts[index], to: sorted.starts[index + 1] };
}

/** Whether something beside numbers waits. */
function hasWaiting({ holding }: HeldTab): boolean {
  return holding.state !== undefined || holding.events !== undefined;
}

/** Numbers as they would be sent. */
function eventsOf({ sorted: { times, values }, from, to }: Numbers): WaitingEvents {
  return Array.from({ length: to - from }, (_, index) => [times[from + index], values[from + index]] as const);
}

/** Events as lines that are not too long. */
function* inLines(tab: HeldTab, events: WaitingEvents): Generator<EventsLine> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < events.length; index++) {
    const added = eventBytesOf(events[index][1]);
    if (index - start >= LINE_EVENTS_MAX || bytes + added > LINE_EVENTS_BYTES_MAX) {
      yield { tab: tab.holding.name, type: tab.type, events: events.slice(start, index) };
      start = index;
      bytes = 0;
    }
    bytes += added;
  }
  yield { tab: tab.holding.name, type: tab.type, events: start === 0 ? events : events.slice(start) };
}

function bytesOf(encoded: Encoded): number {
  return encoded instanceof Uint8Array ? encoded.length : JSON.stringify(encoded).length;
}
