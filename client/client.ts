// The client as a class: what an application calls, put together from a recorder and a sender.

import { DEFAULT_TYPE, type Json } from "../core/event.ts";
import { formatTab } from "../core/names.ts";
import type { Dropped, DropReason } from "./drops.ts";
import { checkOptions, type Settings, type TabaClientOptions } from "./options.ts";
import { Recorder } from "./recorder.ts";
import { type FlushResult, Sender } from "./sender.ts";
import type { Tab, TabOptions, Tags, ValueOf } from "./tab.ts";

/** For the records that may carry tags. Tags are put into the tab's name at each call: where that counts, hold a `tab`. */
export interface RecordOptions {
  readonly tags?: Tags | undefined;
}

/** For values that expire. */
export interface ExpiryOptions extends RecordOptions {
  /** Seconds from now until the value is forgotten. Default 60. */
  readonly expiresInS?: number | undefined;
}

/** How a client is doing. */
export interface ClientStatus {
  readonly client: string;
  /** The URL that batches are posted to. */
  readonly url: string;
  /** The id that makes its batches recognisable; undefined before the first one. */
  readonly sender: string | undefined;
  /** Tabs known. */
  readonly tabs: number;
  /** Events that were recorded: always `acked + pending + dropped`. */
  readonly recorded: number;
  /** Events that the system has acknowledged, and counts once. */
  readonly acked: number;
  /** Events held. */
  readonly pending: number;
  /** Events that were not and will not be counted, and why. */
  readonly dropped: number;
  readonly droppedByReason: { readonly [Reason in DropReason]?: Dropped };
  /** About how many bytes of memory what waits takes. */
  readonly bytes: number;
  /** Requests made, and how many failed since the last one that did not. */
  readonly requests: number;
  readonly failures: number;
  /** What went wrong last, if anything ever did. */
  readonly lastTrouble: string | undefined;
  /** What the agent said of the lines that it rejected last, five at most. */
  readonly lastRejections: readonly string[];
}

const EXPIRES_IN_S = 60;

/**
 * Records events and sends them to an agent, folded: one line a tab and flush, however many events there were.
 *
 * Nothing but the constructor and `initialize` ever throws, no promise of it rejects, and none of its timers keeps the
 * process alive. It holds what the agent has not acknowledged within `tabsMax` and `bytesMax`, and counts in `status()`
 * by reason what it can't hold. A batch that may have arrived is repeated under the same number, so that it counts once.
 *
 * Flushes come by themselves: `flushPeriodMs` after the one before, or sooner than that after what is recorded when that
 * is long over. On platforms without timers call `flush`.
 *
 * @example
 * ```ts
 * import { TabaClient } from "./mod.ts";
 *
 * await using client = new TabaClient({ client: "web-17" });
 * const bids = client.tab("bids", { tags: { exchange: "north" } });
 * bids.record(3.25);
 * client.gauge("build", "2.4.1");
 * ```
 */
export class TabaClient implements AsyncDisposable {
  #settings: Settings;
  readonly #recorder: Recorder;
  readonly #sender: Sender;

  /**
   * Without options the client waits for `initialize`: until then, or until its first flush, it holds what is recorded
   * unfolded, so that all of it is sent under the id that it is given.
   *
   * @throws {TypeError} for an option that can't be followed; its message names it.
   */
  constructor(options?: TabaClientOptions) {
    this.#settings = checkOptions(options ?? {});
    this.#recorder = new Recorder(this.#settings, () => this.#sender.schedule());
    this.#sender = new Sender(this.#settings, this.#recorder);
    this.#recorder.isFolding = options !== undefined && this.#settings.fold;
  }

  /**
   * Sets the client up, or anew. Handles stay valid, what waits to be sent stays; after `stop` it begins again.
   *
   * @throws {TypeError} for an option that can't be followed; nothing has changed then.
   */
  initialize(options: TabaClientOptions = {}): void {
    this.#settings = checkOptions(options);
    this.#recorder.use(this.#settings);
    this.#sender.use(this.#settings);
  }

  /** Adds to a CounterGroup: how often, with what total and percentiles. */
  counter(name: string, value = 1, options?: RecordOptions): void {
    this.#record(name, value, DEFAULT_TYPE, options);
  }

  /** Adds to a PercentileGroup: percentiles over the last minute, ten minutes, hour and day. */
  percentile(name: string, value: number, options?: RecordOptions): void {
    this.#record(name, value, "PercentileGroup", options);
  }

  /** Sets a Gauge: what holds of this client now. The system shows how many clients hold which value. */
  gauge(name: string, value: string | number, options?: RecordOptions): void {
    this.#record(name, value, "Gauge", options);
  }

  /** Sets an ExpiryGauge: as `gauge`, but forgotten after `expiresInS`. */
  expiryGauge(name: string, value: string | number, options?: ExpiryOptions): void {
    this.#recordExpiring(name, value, "ExpiryGauge", options);
  }

  /** Adds to a Buffer: the values themselves, until they expire. */
  buffer(name: string, value: Json, options?: ExpiryOptions): void {
    this.#recordExpiring(name, value, "Buffer", options);
  }

  /** Records into a tab of any type. */
  record<Type extends string = "CounterGroup">(
    name: string,
    value: ValueOf<Type>,
    options?: TabOptions<Type>,
  ): void {
    this.#record(name, value, typeOf(options, DEFAULT_TYPE), options);
  }

  /** A handle on a tab, for recording without a look-up. */
  tab<Type extends string = "CounterGroup">(name: string, options?: TabOptions<Type>): Tab<ValueOf<Type>> {
    return this.#recorder.tab(tabOf(name, options), typeOf(options, DEFAULT_TYPE));
  }

  /** Begins to measure a time; the function that it gives records the seconds since, once, and answers them. */
  startTimer(name: string, options?: TabOptions): () => number {
    return this.#recorder.tab(tabOf(name, options), typeOf(options, "PercentileGroup")).startTimer();
  }

  /**
   * Sends what was recorded so far, and says what became of it. One request is under way at a time: calls during a
   * flush share the one that follows it. Tries once, at once, unless the agent asked to be left alone for a while.
   */
  flush(): Promise<FlushResult> {
    return this.#sender.flush();
  }

  /**
   * Ends the client: what is recorded from now on is dropped, what was recorded is sent, with retries, within
   * `stopTimeoutMs`; what is left then is dropped.
   */
  stop(): Promise<FlushResult> {
    return this.#sender.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** How the client is doing. Costs some nanoseconds for each tab that waits. */
  status(): ClientStatus {
    const { drops } = this.#recorder;
    const { acked, pending, sender, requests, failures, lastTrouble, lastRejections } = this.#sender;
    return {
      client: this.#settings.client,
      url: this.#settings.url,
      sender,
      tabs: this.#recorder.tabs,
      recorded: acked + pending + drops.total,
      acked,
      pending,
      dropped: drops.total,
      droppedByReason: drops.byReason,
      bytes: this.#recorder.waiting.bytes,
      requests,
      failures,
      lastTrouble,
      lastRejections,
    };
  }

  #record(name: string, value: unknown, type: string, options: RecordOptions | undefined): void {
    this.#recorder.record(tabOf(name, options), value, type);
  }

  #recordExpiring(name: string, value: Json, type: string, options: ExpiryOptions | undefined): void {
    this.#record(name, [value, this.#settings.clock() + expiresInSOf(options)], type, options);
  }
}

// Callers without types may pass anything, even what throws when it is looked at. What is answered for such options is
// illegal, and so is counted where the event is taken.

function tabOf(name: string, options: RecordOptions | undefined): string {
  if (options === undefined) return name;
  try {
    return options.tags === undefined ? name : formatTab(name, options.tags);
  } catch {
    return "";
  }
}

function typeOf(options: TabOptions | undefined, otherwise: string): string {
  if (options === undefined) return otherwise;
  try {
    return options.type ?? otherwise;
  } catch {
    return "";
  }
}

function expiresInSOf(options: ExpiryOptions | undefined): number {
  try {
    const expiresInS: unknown = options?.expiresInS ?? EXPIRES_IN_S;
    return typeof expiresInS === "number" ? expiresInS : NaN;
  } catch {
    return NaN;
  }
}
