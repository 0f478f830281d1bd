// StatsD and DogStatsD: datagrams of lines, from bytes to events by tab. Never throws for what a sender wrote, answers
// nobody, and keeps the books: each line counts or is refused for a reason.

import { assert } from "../assert.ts";
import type { Json, Line, NumericEvents } from "../event.ts";
import type { LineRefusalCode } from "../refusal.ts";
import { EventLog } from "./event_log.ts";
import type { GaugeValues } from "./gauge_values.ts";
import { COUNTER, DATAGRAM_BYTES_MAX, GAUGE, LINE_VALUES_MAX, SET, StatsdLine, TIMER } from "./statsd_line.ts";
import { StatsdTabs } from "./statsd_tabs.ts";

export interface StatsdReaderOptions {
  /** Whose events these are. */
  readonly client: string;
  /**
   * Takes the events of a tab, whole or not at all, and answers why not. They lie in scratch space. It is called from
   * within `take` and `flush`; there being no body, the line has no number.
   */
  readonly fold: (line: Line) => LineRefusalCode | undefined;
  /** The client's, for deltas. */
  readonly gauges: GaugeValues;
  /** Tabs known by their bytes at once, a power of two; where more than these are in use, lines take longer. */
  readonly tabsKnownMax?: number;
  /** Events that wait to be folded; at least as many as a line may have. */
  readonly eventsMax?: number;
}

const TABS_KNOWN_MAX = 1 << 17;
/** So many that tens of thousands of tabs have several events each to be folded at once. */
const EVENTS_MAX = 1 << 18;
/** A member of a set stays in its Buffer for so long. */
const SET_EXPIRY_S = 60;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

const utf8 = new TextDecoder();

/**
 * Reads datagrams. Numeric events wait until `flush`, or until there is no more room, and are then folded tab by tab.
 * A counter's value is one event, multiplied by 1/rate. Of a timer each value counts once, whatever its rate:
 * percentiles are the same either way, and to repeat it would make up events and let a short line cost thousands.
 */
export class StatsdReader {
  readonly #options: StatsdReaderOptions;
  readonly #tabs: StatsdTabs;
  readonly #log: EventLog;
  readonly #bytes = new Uint8Array(DATAGRAM_BYTES_MAX + 1);
  readonly #line = new StatsdLine(this.#bytes);
  readonly #linesByRefusal = new Map<LineRefusalCode, number>();
  #lines = 0;
  #linesRefused = 0;

  constructor(options: StatsdReaderOptions) {
    const { tabsKnownMax = TABS_KNOWN_MAX, eventsMax = EVENTS_MAX } = options;
    assert(eventsMax >= LINE_VALUES_MAX, "a line is never split");
    this.#options = options;
    this.#tabs = new StatsdTabs(this.#bytes, tabsKnownMax);
    this.#log = new EventLog({ eventsMax, entriesMax: tabsKnownMax });
  }

  /** Lines read, those refused among them. Empty ones are none. */
  get lines(): number {
    return this.#lines;
  }

  get linesRefused(): number {
    return this.#linesRefused;
  }

  get linesByRefusal(): ReadonlyMap<LineRefusalCode, number> {
    return this.#linesByRefusal;
  }

  /** Reads a datagram that came at `now`, and keeps nothing of its array. */
  take(datagram: Uint8Array, now: number): void {
    const { length } = datagram;
    assert(length <= DATAGRAM_BYTES_MAX, "no datagram is longer");
    const bytes = this.#bytes;
    bytes.set(datagram);
    bytes[length] = NEWLINE;
    if (datagram.includes(RETURN)) this.#dropReturns(length);
    let at = 0;
    while (at < length) {
      if (bytes[at] === NEWLINE) {
        at++;
        continue;
      }
      const refusal = this.#line.read(at, now) ?? this.#count(now);
      this.#lines++;
      if (refusal !== undefined) this.#refuse(refusal, 1);
      at = (refusal === undefined ? this.#line.end : bytes.indexOf(NEWLINE, at)) + 1;
    }
  }

  /** Folds all events that wait. Lines whose events are not taken count as refused from then on. */
  flush(): void {
    const { client, fold } = this.#options;
    this.#log.drain((entry: number, payload: NumericEvents, lines: number) => {
      const type = TYPES[this.#tabs.kinds[entry]];
      const refusal = fold({ number: 0, lines: 0, tab: this.#tabs.tabs[entry], client, type, payload });
      if (refusal !== undefined) this.#refuse(refusal, lines);
    });
  }

  #refuse(code: LineRefusalCode, lines: number): void {
    this.#linesRefused += lines;
    this.#linesByRefusal.set(code, (this.#linesByRefusal.get(code) ?? 0) + lines);
  }

  /** An empty line in place of the `\r` of each `\r\n`, which is passed over like any. */
  #dropReturns(length: number): void {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(RETURN); at >= 0 && at < length; at = bytes.indexOf(RETURN, at + 1)) {
      if (bytes[at + 1] === NEWLINE) bytes[at] = NEWLINE;
    }
  }

  /** Counts the line that was read, or answers why it can't. */
  #count(now: number): LineRefusalCode | undefined {
    const line = this.#line;
    const entry = this.#entry();
    const tab = this.#tabs.tabs[entry];
    if (tab === "") return "tab_illegal";
    switch (line.key.kind) {
      case COUNTER:
        if (line.rate !== 1 && !this.#scale()) return "value_illegal";
        break;
      case GAUGE:
        if (!this.#setGauge(tab, now)) return "tabs_full";
        break;
      case SET:
        return this.#foldMember(tab);
    }
    if (!this.#log.hasRoomFor(line.count)) this.flush();
    this.#log.add(entry, line);
    return undefined;
  }

  #entry(): number {
    const { key } = this.#line;
    const entry = this.#tabs.find(key);
    if (entry >= 0) return entry;
    this.flush();
    this.#tabs.clear();
    return this.#tabs.find(key);
  }

  #scale(): boolean {
    const { values, count, rate } = this.#line;
    const factor = 1 / rate;
    let areFinite = true;
    for (let index = 0; index < count; index++) {
      values[index] *= factor;
      areFinite &&= Number.isFinite(values[index]);
    }
    return areFinite;
  }

  /** Makes the line's values one, the last. False where it is a delta to what there is no room to know. */
  #setGauge(tab: string, now: number): boolean {
    const line = this.#line;
    const gauge = this.#options.gauges.open(tab, now);
    let value = gauge?.value;
    for (let index = 0; index < line.count; index++) {
      if (!line.isDelta(index)) value = line.values[index];
      else if (value === undefined) return false;
      else value = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value + line.values[index]));
    }
    if (value === undefined) return false;
    line.values[0] = value;
    line.count = 1;
    gauge?.set(value, now);
    if (gauge !== undefined && line.time === now) line.time = gauge.time;
    return true;
  }

  #foldMember(tab: string): LineRefusalCode | undefined {
    const { client, fold } = this.#options;
    const { time, valuesStart, valuesEnd } = this.#line;
    const member = utf8.decode(this.#bytes.subarray(valuesStart, valuesEnd));
    const values: readonly Json[] = [[member, time + SET_EXPIRY_S]];
    return fold({
      number: 0,
      lines: 0,
      tab,
      client,
      type: TYPES[SET],
      payload: { kind: "json", times: [time], values },
    });
  }
}

/** By kind. */
const TYPES: Readonly<Record<number, string>> = {
  [COUNTER]: "CounterGroup",
  [TIMER]: "PercentileGroup",
  [GAUGE]: "Gauge",
  [SET]: "Buffer",
};
