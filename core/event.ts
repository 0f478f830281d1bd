// The words of the design as types: what a batch, a line and its events are once they have been parsed.
// Bytes become these in core/wire/, States grow from them in core/folding.ts.

/** Anything JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The type of a line that names none. */
export const DEFAULT_TYPE = "CounterGroup";

/** The client of a line when neither it nor its batch's header names one. */
export const DEFAULT_CLIENT = "unknown";

/** Identifies a batch: whoever has applied (sender, seq) applies it no second time. */
export interface BatchId {
  readonly sender: string;
  /** A whole number from 0, raised by the sender with each batch. */
  readonly seq: number;
  /** The sender will never again send a seq below this one. */
  readonly low: number;
}

/** The optional first line of a body, after checking. */
export interface BatchHeader {
  /** The client of the lines that name none. */
  readonly client?: string;
  /** Present where the header has both `sender` and `seq`; `low` is 0 where left out. */
  readonly id?: BatchId;
  /** When the sender sealed the batch, in seconds since the epoch. */
  readonly sent?: number;
}

/**
 * Numeric events in columns: event i is (times[i], values[i]). The arrays may be longer than `count` and are the
 * reader's own scratch space: whoever wants to keep them copies them. A time of NaN means the time of receipt.
 */
export interface NumericEvents {
  readonly kind: "numbers";
  readonly count: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Events of any other value. A time of NaN means the time of receipt. */
export interface JsonEvents {
  readonly kind: "json";
  readonly times: readonly number[];
  readonly values: readonly Json[];
}

/** A State in the form that its handler's `encode` gave: bytes (base64 on the wire) or JSON that is no string. */
export type Encoded = Uint8Array | Json;

export interface EncodedState {
  readonly kind: "state";
  /** Bytes lie in scratch space too. */
  readonly encoded: Encoded;
  readonly version: number;
  /** How many events were folded into it. */
  readonly count: number;
}

export type Payload = NumericEvents | JsonEvents | EncodedState;

/** One line of a batch, syntactically checked; whether its tab may have this type is found out later. */
export interface Line {
  /** Counted from 1 within the body, the header included. */
  readonly number: number;
  /** How many lines of the body, from this one on, it stands for: 1 where left out, 0 where there is no body. */
  readonly lines?: number;
  readonly tab: string;
  readonly client: string;
  readonly type: string;
  readonly payload: Payload;
}

/** A line that was left out. */
export interface RejectedLine {
  readonly line: number;
  readonly error: string;
  /** Of core/refusal.ts. Receivers of older versions name none. */
  readonly code?: string;
}

/** What a post answers with status 200. */
export interface PostAnswer {
  /** Lines that count, the header not among them. */
  readonly lines: number;
  readonly events: number;
  readonly rejected: readonly RejectedLine[];
  /** Lines rejected beyond those listed, where there were more than `rejectedLinesMax`. */
  readonly rejectedMore?: number;
  /** True where (sender, seq) had been applied before, so that nothing was applied now. */
  readonly repeated?: true;
}
