// The contract between the system and the code behind a type. Handlers are pure: no clock, no I/O, no globals;
// `now` comes in as an argument. tests/laws/handler_laws.ts holds every handler to what is said here.

import type { Encoded, Json } from "../event.ts";

/**
 * The code behind a type: folds events into a State, reduces States together, renders a State.
 *
 * Laws, where `==` compares encodings (totals up to the rounding of floating-point addition):
 * - reduce is associative and commutative, and `create(client)` is its identity;
 * - folding events into two States and reducing them equals folding all into one;
 * - `decode(encode(state), version) == state`;
 * - `clamp` changes nothing where the State holds no time after `now`.
 *
 * A State belongs to whoever made it: `fold`, `reduce` and `clamp` change their first argument in place and nothing
 * else, and no State ever shares a mutable part with another.
 */
export interface Handler<State = unknown, Value = unknown> {
  /** The name that lines carry, e.g. "CounterGroup". */
  readonly type: string;

  /** The version of the encoding that `encode` writes; `decode` reads it and every lower one. */
  readonly version: number;

  /** How far the quantiles that it shows may be off, as a part of the true value; left out where all is exact. */
  readonly relativeError?: number;

  /** The State of no events. `client` is whose events will be folded in; an Aggregate is made with "". */
  create(client: string): State;

  /**
   * Whether a value off the wire may be folded: a reason ("must be a finite number: current value is null") or
   * undefined. Whatever it lets through, `fold` takes.
   */
  check(value: Json): string | undefined;

  /** Adds one event. `time` is in seconds since the epoch, finite, not after the folder's now. O(1) amortised. */
  fold(state: State, time: number, value: Value): void;

  /**
   * Adds events 0 to count - 1 of two columns, as `fold` would one by one. Offered by the handlers whose values are
   * numbers, for which it is the fast path; the values are finite.
   */
  foldNumbers?(state: State, times: Float64Array, values: Float64Array, count: number): void;

  /** Adds all that `from` holds to `into`; `from` stays as it is. */
  reduce(into: State, from: State): void;

  /**
   * Counts what lies after `now` (a sender's wrong clock) at `now`, so that it can't roll other windows away. Answers
   * false where it is sure that there was nothing: then the State's encoding may be passed on as it came.
   */
  clamp(state: State, now: number): boolean | void;

  /** The State in its compact form: bytes, or JSON that is not a string. */
  encode(state: State): Encoded;

  /**
   * Reads what `encode` of this or an older version wrote, from an untrusted sender. Bytes are only lent: the State
   * holds no part of them. Whose events they are is not told: such a State is reduced into others, not folded into.
   * @throws {DecodeError} where it is anything else; no other error, no unbounded work.
   */
  decode(encoded: Encoded, version: number): State;

  /**
   * As `decode`, into a State that the handler keeps for this and lends: nobody folds into it, and it is over with the
   * next call. For whoever only wants to know that it can be read, to clamp it, or to reduce it into another. Offered
   * by handlers of which all that `decode` reads is as good as what `encode` writes, where it is the faster way.
   */
  lend?(encoded: Encoded, version: number): State;

  /** What a query shows: the windows as seen at `now`, or at the State's own clock where that is later. */
  render(state: State, now: number): Json;

  /** `render` as the text form of the API, without the tab's name. */
  renderText(state: State, now: number): string;

  /** The cells behind `render`, for plots, and what was left out of the windows as too late. */
  detail(state: State, now: number): Json;

  /** Whether the State says nothing any more and may be pruned. */
  isEmpty(state: State, now: number): boolean;
}

/** The encoded State is not one that the handler can read. Its message is shown to the sender. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** `lend` of a handler, or `decode` where it does not lend. */
export function lend(handler: Handler, encoded: Encoded, version: number): unknown {
  return handler.lend === undefined ? handler.decode(encoded, version) : handler.lend(encoded, version);
}
