// What was recorded and waits to be sent: the numbers, events and States of all tabs, and the bytes that they take.
// Folds, and gives all out as lines; whether an event may come in at all is the recorder's to say.

import type { Encoded, Json } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import type { EventsLine, StateLine, WireLine } from "../core/wire/ndjson_writer.ts";
import { BLOCK_BYTES, Blocks, CHAIN_BLOCKS_MAX, valuesBefore } from "./blocks.ts";
import type { BurstClock } from "./burst_clock.ts";
import type { DropReason, Drops } from "./drops.ts";
import type { Settings } from "./options.ts";
import type { HeldTab, WaitingEvents } from "./tab.ts";
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

export class Waiting {
  readonly blocks = new Blocks();
  /** Bytes that the sender holds: `bytesMax` bounds them together with those here. */
  bytesSealed = 0;

  #settings: Settings;
  readonly #drops: Drops;
  /** Called when a tab begins to wait. */
  readonly #onWaiting: () => void;
  /** Tabs with something to send, the longest waiting first; the first `#given` of them are given out as lines already. */
  readonly #tabs: HeldTab[] = [];
  #given = 0;
  /** How many more of the tabs are to be given out in this flush. */
  #due = 0;
  #lastMeasured = 0;
  /** Events outside of blocks, how many of them are in no State, and about how many bytes all that takes. */
  #events = 0;
  #unfolded = 0;
  #bytes = 0;

  constructor(settings: Settings, options: { readonly drops: Drops; readonly onWaiting: () => void }) {
    this.#settings = settings;
    this.#drops = options.drops;
    this.#onWaiting = options.onWaiting;
  }

  use(settings: Settings): void {
    this.#settings = settings;
  }

  /** Tabs with something to send. */
  get tabs(): number {
    return this.#tabs.length - this.#given;
  }

  /** Events that wait. O(tabs). */
  get events(): number {
    let events = this.#events;
    for (let index = this.#given; index < this.#tabs.length; index++) events += numbersOf(this.#tabs[index]);
    return events;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes + this.blocks.taken * BLOCK_BYTES + this.bytesSealed;
  }

  /** Begins another block with `value`; after it, and until it is full or the second is over, values are just stored. */
  addNumber(tab: HeldTab, value: number, clock: BurstClock): void {
    const { blocks } = this;
    const isCrowded = blocks.taken * BLOCK_BYTES > this.#settings.bytesMax / 2;
    if (isCrowded || tab.holding.blocks >= CHAIN_BLOCKS_MAX) this.#fold(tab);
    this.#add(tab);
    tab.holding.closedValues += valuesBefore(tab.next);
    tab.holding.blocks++;
    const place = blocks.take(clock.second, tab.next);
    blocks.places[place] = value;
    tab.next = place + 1;
    tab.epoch = clock.epoch;
  }

  /** Folds one event into the tab's State. */
  foldEvent(tab: HeldTab, time: number, value: Json): DropReason | undefined {
    const bytes = eventBytesOf(value);
    // Not before a State has doubled, so that measuring costs no more than what led to it.
    if (tab.holding.bytes - tab.holding.bytesMeasured > Math.max(MEASURED_BYTES, tab.holding.bytesMeasured)) {
      this.#measure(tab);
    }
    if (tab.holding.handler === undefined || !this.#hasRoom(bytes)) return "bytes_full";
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
    this.#add(tab);
    (tab.holding.events ??= []).push([time, value]);
    this.#unfolded++;
    this.#events++;
    this.#addBytes(tab, bytes);
  }

  /** From here on `lines` gives out what waits now, and not what comes later. */
  beginFlush(): void {
    this.#due = this.#tabs.length;
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
        const tab = this.#tabs[this.#given++];
        const { state, events } = this.#seal(tab);
        if (state !== undefined) yield state;
        if (events.length > 0) yield* inLines(tab, events);
      }
    } finally {
      this.#tabs.splice(0, this.#given);
      this.#given = 0;
    }
  }

  /**
   * Finds out how large the next `count` States have become. As long as all is sent as it comes nobody needs to know:
   * only what waits for long grows.
   */
  measure(count: number): void {
    for (let left = Math.min(count, this.#tabs.length); left > 0; left--) {
      this.#lastMeasured = (this.#lastMeasured + 1) % this.#tabs.length;
      this.#measure(this.#tabs[this.#lastMeasured]);
    }
  }

  /** Drops all that waits. */
  discard(reason: DropReason): void {
    this.#due = 0;
    for (const tab of this.#tabs.splice(0)) {
      this.#drops.add(reason, eventsOf(tab), tab.holding.name);
      this.#clear(tab);
    }
  }

  /** The tab has something to send. */
  #add(tab: HeldTab): void {
    if (tab.holding.isWaiting) return;
    tab.holding.isWaiting = true;
    this.#tabs.push(tab);
    this.#onWaiting();
  }

  /** The tab's numbers go into its State. */
  #fold(tab: HeldTab): void {
    const count = this.#drain(tab);
    if (count === 0 || tab.holding.handler?.foldNumbers === undefined) return;
    if (!this.#hasRoom(0)) return this.#drops.add("bytes_full", count, tab.holding.name);
    try {
      const { drainedTimes, drainedValues } = this.blocks;
      tab.holding.handler.foldNumbers(this.#stateOf(tab), drainedTimes, drainedValues, count);
      tab.holding.stateEvents += count;
      this.#events += count;
    } catch (error) {
      this.#drops.add("bug", count, String(error));
    }
  }

  /** Takes the tab's numbers out of their blocks, so that each counts once whatever happens then; how many there are. */
  #drain(tab: HeldTab): number {
    const count = this.blocks.drain(tab.next);
    tab.next = 0;
    tab.holding.blocks = 0;
    tab.holding.closedValues = 0;
    return count;
  }

  #stateOf(tab: HeldTab): unknown {
    if (tab.holding.state === undefined && tab.holding.handler !== undefined) {
      this.#add(tab);
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
  #seal(tab: HeldTab): { readonly state?: StateLine | undefined; readonly events: WaitingEvents } {
    try {
      const isFew = tab.holding.state === undefined && numbersOf(tab) <= FEW_EVENTS;
      const few = isFew ? this.#drainedEvents(tab) : [];
      if (!isFew) this.#fold(tab);
      const { handler, name, client } = tab.holding;
      const state = handler === undefined || tab.holding.state === undefined ? undefined : {
        tab: name,
        type: tab.type,
        client,
        version: handler.version,
        events: tab.holding.stateEvents,
        encoded: handler.encode(tab.holding.state),
      };
      return { state, events: tab.holding.events === undefined ? few : tab.holding.events.concat(few) };
    } catch (error) {
      this.#drops.add("bug", eventsOf(tab), String(error));
      return { events: [] };
    } finally {
      this.#clear(tab);
    }
  }

  #drainedEvents(tab: HeldTab): WaitingEvents {
    const count = this.#drain(tab);
    const { drainedTimes, drainedValues } = this.blocks;
    return Array.from({ length: count }, (_, index) => [drainedTimes[index], drainedValues[index]] as const);
  }

  /** The tab has nothing to send any more. */
  #clear(tab: HeldTab): void {
    tab.holding.isWaiting = false;
    this.#drain(tab);
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

/** Values in the tab's blocks. */
function numbersOf(tab: HeldTab): number {
  return tab.holding.closedValues + valuesBefore(tab.next);
}

function eventsOf(tab: HeldTab): number {
  return tab.holding.stateEvents + (tab.holding.events?.length ?? 0) + numbersOf(tab);
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
