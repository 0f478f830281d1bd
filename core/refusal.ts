// The closed list of reasons why input is not counted. A refusal is a value: returned, counted by code, and
// shown to the sender. It is never thrown.

/** Why one line of a batch was left out; the rest of the batch counts. */
export type LineRefusalCode =
  | "line_malformed" // not one JSON object with the fields of a line
  | "line_too_long"
  | "tab_illegal"
  | "client_illegal"
  | "type_unknown"
  | "type_conflict" // the tab has another type already
  | "time_illegal"
  | "value_illegal"
  | "state_illegal" // the handler can't decode it, or its version is newer than ours
  | "tabs_full"
  | "clients_full"
  | "not_a_metric" // an event or service check of DogStatsD, which no tab could hold
  | "denied"; // a tab or a client that the settings deny

/** Why nothing of a request was applied. */
export type RequestRefusalCode =
  | "body_malformed" // cut in the middle, a corrupt encoding, or no acceptable line in it
  | "body_too_large"
  | "body_stalled" // nothing more of it came for too long
  | "encoding_unknown"
  | "content_type_unknown"
  | "seq_stale" // below the window that this receiver remembers: it can't tell whether the batch was applied
  | "query_illegal"
  | "not_found"
  | "method_not_allowed"
  | "token_wrong"
  | "origin_foreign" // of a web page that nobody allowed to post
  | "over_capacity"
  | "store_unavailable"
  | "order_unfinished" // not all servers have done in time what was asked of them
  | "journal_full" // it has as many bytes as it may
  | "journal_failed" // the disk is full, or worse
  | "stopping";

export type RefusalCode = LineRefusalCode | RequestRefusalCode;

export interface Refusal<Code extends RefusalCode = RefusalCode> {
  readonly code: Code;
  /** One line that says what was found, what must hold, and what the sender can do. */
  readonly message: string;
}

export type LineRefusal = Refusal<LineRefusalCode>;
export type RequestRefusal = Refusal<RequestRefusalCode>;

/** What parsing and folding answer: the value, or the reason why there is none. */
export type Result<Value, Reason extends Refusal = Refusal> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Reason };

export function accept<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

export function refuse<Code extends RefusalCode>(
  code: Code,
  message: string,
): { readonly ok: false; readonly refusal: Refusal<Code> } {
  return { ok: false, refusal: { code, message } };
}
