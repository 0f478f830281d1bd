/**
 * The Taba client: an application records events, an agent on its host passes them on, and anyone can ask for their
 * counts, totals and percentiles seconds later. No dependencies, web standards only: imports from a URL and runs in
 * Deno, Node, Bun, browsers and edge workers.
 *
 * The functions here belong to one default client, which works without being set up; `new TabaClient(options)` gives
 * further ones. Recording never throws and never waits.
 *
 * @example
 * ```ts
 * import * as taba from "./mod.ts";
 *
 * taba.initialize({ client: "web-17", agent: "http://127.0.0.1:8279", stopTimeoutMs: 100 });
 *
 * taba.counter("winning_bid_price", 3.25);
 * taba.counter("requests", 1, { tags: { route: "/bid", status: 200 } });
 * taba.gauge("build", "2.4.1");
 *
 * // A handle is the fastest way to record, and knows how to take the time.
 * const latency = taba.tab("bid_latency", { type: "PercentileGroup" });
 * const stopTimer = latency.startTimer();
 * stopTimer();
 *
 * // Events are sent once a second. At the end of a program, send what is left.
 * await taba.stop();
 * ```
 *
 * @module
 */

import type { Json } from "../core/event.ts";
import { type ClientStatus, type ExpiryOptions, type RecordOptions, TabaClient } from "./client.ts";
import type { TabaClientOptions } from "./options.ts";
import type { FlushResult } from "./sender.ts";
import type { Tab, TabOptions, ValueOf } from "./tab.ts";

export type { ClientStatus, ExpiryOptions, RecordOptions } from "./client.ts";
export type { Dropped, DropReason } from "./drops.ts";
export { TabaClient } from "./client.ts";
export type { TabaClientOptions } from "./options.ts";
export type { Platform } from "./platform.ts";
export type { FlushResult } from "./sender.ts";
export type { TagValue } from "../core/names.ts";
export type { Tab, TabOptions, TabValues, Tags, ValueOf } from "./tab.ts";

// For those who write handlers of their own.
export type { Encoded, Json } from "../core/event.ts";
export { DecodeError, type Handler } from "../core/handlers/handler.ts";

const client = new TabaClient();

/**
 * Sets the default client up: call it once, when the program starts. What was recorded before is sent under the id
 * given here, unless a flush came first (a flush period after the first event, at the earliest). Handles made before
 * stay valid.
 *
 * @throws {TypeError} for an option that can't be followed; its message names it.
 */
export function initialize(options: TabaClientOptions = {}): void {
  client.initialize(options);
}

/** Adds to a CounterGroup: how often, with what total and percentiles. */
export function counter(name: string, value = 1, options?: RecordOptions): void {
  client.counter(name, value, options);
}

/** Adds to a PercentileGroup: percentiles over the last minute, ten minutes, hour and day. */
export function percentile(name: string, value: number, options?: RecordOptions): void {
  client.percentile(name, value, options);
}

/** Sets a Gauge: what holds of this client now. The system shows how many clients hold which value. */
export function gauge(name: string, value: string | number, options?: RecordOptions): void {
  client.gauge(name, value, options);
}

/** Sets an ExpiryGauge: as `gauge`, but forgotten after `expiresInS`, which is 60 unless given. */
export function expiryGauge(name: string, value: string | number, options?: ExpiryOptions): void {
  client.expiryGauge(name, value, options);
}

/** Adds to a Buffer: the values themselves, until they expire after `expiresInS`, which is 60 unless given. */
export function buffer(name: string, value: Json, options?: ExpiryOptions): void {
  client.buffer(name, value, options);
}

/** Records into a tab of any type; of type `CounterGroup` where none is given. */
export function record<Type extends string = "CounterGroup">(
  name: string,
  value: ValueOf<Type>,
  options?: TabOptions<Type>,
): void {
  client.record(name, value, options);
}

/** A handle on a tab, of type `CounterGroup` where none is given: records without a look-up, and stays valid. */
export function tab<Type extends string = "CounterGroup">(
  name: string,
  options?: TabOptions<Type>,
): Tab<ValueOf<Type>> {
  return client.tab(name, options);
}

/**
 * Begins to measure a time; the function that it gives records the seconds since, once, and answers them. Into a
 * PercentileGroup unless another type is given.
 */
export function startTimer(name: string, options?: TabOptions): () => number {
  return client.startTimer(name, options);
}

/**
 * Sends what was recorded so far, and says what became of it; never rejects. Flushes come by themselves once a second:
 * call it to know that events have arrived, and on platforms without timers.
 */
export function flush(): Promise<FlushResult> {
  return client.flush();
}

/** Sends what is left, with retries, for three seconds at most. What is recorded afterwards is dropped; never rejects. */
export function stop(): Promise<FlushResult> {
  return client.stop();
}

/** How the client is doing: what was recorded, acknowledged, is held, was dropped and why. */
export function status(): ClientStatus {
  return client.status();
}
