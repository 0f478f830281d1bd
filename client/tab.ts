// One named stream of events: the handle with the fast path of every record, and what waits of it. Its recorder says
// what may come in, and does all the rest.

import type { Json } from "../core/event.ts";
import type { Handler } from "../core/handlers/handler.ts";
import type { TagValue } from "../core/names.ts";
import { BLOCK_VALUES, Chain } from "./blocks.ts";
import type { BurstClock } from "./burst_clock.ts";
import type { DropReason } from "./drops.ts";

/** What the events of each built-in type carry. */
export interface TabValues {
  readonly CounterGroup: number;
  readonly PercentileGroup: number;
  readonly PercentileCounter: number;
  readonly TotalsCounter: number;
  readonly Gauge: string | number;
  /** The value, and when it expires in seconds since the epoch. */
  readonly ExpiryGauge: readonly [value: string | number, expiry: number];
  /** The value, and when it expires in seconds since the epoch. */
  readonly Buffer: readonly [value: Json, expiry: number];
}

/** What the events of a type carry; any JSON for types of your own. */
export type ValueOf<Type extends string> = Type extends keyof TabValues ? TabValues[Type] : Json;

/** Tags by key. They become part of the tab's name, sorted: `requests;route=/bid;status=200`. */
export type Tags = Readonly<Record<string, TagValue>>;

/** Which of the tabs of one name is meant. */
export interface TabOptions<Type extends string = string> {
  /** What is made of the events. Default `"CounterGroup"`. A tab has one type for good. */
  readonly type?: Type | undefined;
  readonly tags?: Tags | undefined;
}

/**
 * A handle on one tab: the fastest way to record, without a look-up. Valid for as long as its client, over all flushes;
 * hold it in a constant. Nothing here throws.
 */
export interface Tab<Value = number> {
  /** With the tags in it. */
  readonly name: string;
  readonly type: string;
  /** Records one event, now. Costs some 30 ns for numbers. */
  record(value: Value): void;
  /** Begins to measure; the function that it gives records the seconds since, once, and answers them. */
  startTimer(): () => number;
}

/** Events that are sent as they are. */
export type WaitingEvents = (readonly [time: number, value: Json])[];

/** What a tab needs of its recorder. */
export interface Intake {
  readonly clock: BurstClock;
  stopwatch(): number;
  /** Takes an event that can't just be stored in the tab's block. */
  take(tab: HeldTab, value: unknown): void;
}

/** Tabs that share blocks. */
export interface Group {
  /** By index. */
  readonly tabs: (HeldTab | undefined)[];
  readonly chain: Chain;
}

/** A tab's place in a group. */
export interface Seat {
  readonly group: Group;
  readonly index: number;
}

/** What else there is to a tab, and what waits of it but for numbers: kept by its recorder. */
export interface Holding {
  readonly name: string;
  /** Undefined: the type is not known here, and its events are sent as they are. */
  readonly handler: Handler | undefined;
  /** Why nothing can ever be recorded here. */
  readonly problem: DropReason | undefined;
  /** Its place among the recorder's tabs; undefined while it is none of them: then that has to ask for one first. */
  seat: Seat | undefined;
  /** Roughly when it was last recorded into. */
  second: number;
  /** A State, made under the id that the client had then, and the events in it. */
  state: unknown;
  client: string;
  stateEvents: number;
  /** Events that are sent as they are. */
  events: WaitingEvents | undefined;
  /** About how many bytes State and events take, and how many when the State was last measured. */
  bytes: number;
  bytesMeasured: number;
}

/** For tabs that the recorder does not know, or whose values are no numbers: no block of it is ever begun. */
const NO_CHAIN = new Chain();

/** As small as it can be: of many thousand tabs, all that a plain record touches should stay in the cache. */
export class HeldTab implements Tab<unknown> {
  /** Where its numbers may be written, and the index under which. */
  #chain = NO_CHAIN;
  #index = 0;
  readonly #intake: Intake;
  /** What each record by name looks at. */
  readonly type: string;
  readonly holding: Holding;

  constructor(
    intake: Intake,
    { type, ...holding }: Pick<Holding, "name" | "handler" | "problem"> & { readonly type: string },
  ) {
    this.#intake = intake;
    this.type = type;
    this.holding = {
      ...holding,
      seat: undefined,
      second: 0,
      state: undefined,
      client: "",
      stateEvents: 0,
      events: undefined,
      bytes: 0,
      bytesMeasured: 0,
    };
  }

  get name(): string {
    return this.holding.name;
  }

  /** The recorder knows it from now on. */
  hold(seat: Seat, second: number): void {
    this.holding.seat = seat;
    this.holding.second = second;
    if (this.holding.handler?.foldNumbers === undefined) return;
    this.#chain = seat.group.chain;
    this.#index = seat.index;
  }

  /** The recorder has forgotten it. */
  letGo(): void {
    this.holding.seat = undefined;
    this.#chain = NO_CHAIN;
  }

  record(value: unknown): void {
    const { clock } = this.#intake;
    if (--clock.credit < 0) clock.read();
    const chain = this.#chain;
    const { place } = chain;
    // value - value is 0 for finite numbers alone.
    if (
      typeof value === "number" && value - value === 0 && (place & (BLOCK_VALUES - 1)) !== 0 &&
      chain.epoch === clock.epoch
    ) {
      chain.values[place] = value;
      chain.indexes[place] = this.#index;
      chain.place = place + 1;
    } else {
      this.#intake.take(this, value);
    }
  }

  startTimer(): () => number {
    const intake = this.#intake;
    const start = intake.stopwatch();
    let seconds: number | undefined;
    return () => {
      if (seconds === undefined) {
        seconds = intake.stopwatch() - start;
        this.record(seconds);
      }
      return seconds;
    };
  }
}
