// Numeric events of many tabs in the order in which they came, given out tab by tab: to fold many events of a tab at
// once is far cheaper than one by one. Bounded.

import type { NumericEvents } from "../event.ts";
import { Columns } from "./columns.ts";

/** Of an entry side by side: how many events it has, of how many lines, and where they go when they are sorted. */
const ENTRY = 3;
const COUNT = 0;
const LINES = 1;
const PLACE = 2;

/** Events by entry, a small number that stands for a tab. */
export class EventLog {
  /** Time and value of each event side by side, and its entry. */
  readonly #events: Float64Array;
  readonly #entryByEvent: Int32Array;
  #count = 0;

  readonly #byEntry: Int32Array;
  /** Those that have events, in the order of their first ones. */
  readonly #entries: number[] = [];

  /** The events again, entry by entry. */
  readonly #sorted: Float64Array;
  readonly #columns = new Columns();

  /** Entries are below `entriesMax`. */
  constructor(options: { readonly eventsMax: number; readonly entriesMax: number }) {
    this.#events = new Float64Array(2 * options.eventsMax);
    this.#entryByEvent = new Int32Array(options.eventsMax);
    this.#byEntry = new Int32Array(ENTRY * options.entriesMax);
    this.#sorted = new Float64Array(2 * options.eventsMax);
  }

  hasRoomFor(count: number): boolean {
    return this.#count + count <= this.#entryByEvent.length;
  }

  /** Adds the first `count` of `values`, at least one, which are one line; there must be room for them. */
  add(entry: number, line: { readonly time: number; readonly values: Float64Array; readonly count: number }): void {
    const { time, values, count } = line;
    const at = ENTRY * entry;
    if (this.#byEntry[at + COUNT] === 0) this.#entries.push(entry);
    this.#byEntry[at + COUNT] += count;
    this.#byEntry[at + LINES]++;
    for (let index = 0; index < count; index++) {
      const event = this.#count++;
      this.#events[2 * event] = time;
      this.#events[2 * event + 1] = values[index];
      this.#entryByEvent[event] = entry;
    }
  }

  /** Gives each entry's events to `take`, which has read them when it returns, and forgets them. */
  drain(take: (entry: number, events: NumericEvents, lines: number) => void): void {
    this.#sort();
    let place = 0;
    for (const entry of this.#entries) {
      const at = ENTRY * entry;
      const count = this.#byEntry[at + COUNT];
      const lines = this.#byEntry[at + LINES];
      this.#byEntry[at + COUNT] = 0;
      this.#byEntry[at + LINES] = 0;
      take(entry, this.#sortedEvents(place, count), lines);
      place += count;
    }
    this.#entries.length = 0;
    this.#count = 0;
  }

  /** By counting, which reads and writes each event once: chains of events would wait for memory at each step. */
  #sort(): void {
    let place = 0;
    for (const entry of this.#entries) {
      this.#byEntry[ENTRY * entry + PLACE] = place;
      place += this.#byEntry[ENTRY * entry + COUNT];
    }
    for (let event = 0; event < this.#count; event++) {
      const to = this.#byEntry[ENTRY * this.#entryByEvent[event] + PLACE]++;
      this.#sorted[2 * to] = this.#events[2 * event];
      this.#sorted[2 * to + 1] = this.#events[2 * event + 1];
    }
  }

  #sortedEvents(place: number, count: number): NumericEvents {
    const columns = this.#columns;
    while (columns.times.length < count) columns.grow();
    const { times, values } = columns;
    for (let index = 0; index < count; index++) {
      times[index] = this.#sorted[2 * (place + index)];
      values[index] = this.#sorted[2 * (place + index) + 1];
    }
    return columns.events(count);
  }
}
