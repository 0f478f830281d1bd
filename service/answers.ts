// What HTTP answers look like: JSON or text that ends in a newline, and the one table from refusals to statuses.

import type { RequestRefusal, RequestRefusalCode } from "../core/refusal.ts";

/** The status of each reason why a request as a whole is refused. */
export const statusOf: Readonly<Record<RequestRefusalCode, number>> = {
  body_malformed: 400,
  body_too_large: 413,
  body_stalled: 408,
  encoding_unknown: 415,
  content_type_unknown: 415,
  seq_stale: 409,
  query_illegal: 400,
  not_found: 404,
  method_not_allowed: 405,
  token_wrong: 401,
  origin_foreign: 403,
  over_capacity: 429,
  store_unavailable: 503,
  order_unfinished: 504,
  journal_full: 503,
  journal_failed: 503,
  stopping: 503,
};

/** How long a sender is asked to wait where nothing better is known. */
const RETRY_AFTER_S = 1;

export interface RefusedOptions {
  readonly retryAfterS?: number;
  /** The methods that the path knows, for `method_not_allowed`. */
  readonly allow?: string;
}

/** The answer to a refused request: `{"error": …, "code": …}`, what else the refusal says, and the status of its code. */
export function refused(refusal: RequestRefusal, options: RefusedOptions = {}): Response {
  const { message, code, ...more } = refusal;
  const status = statusOf[code];
  const response = json({ error: message, code, ...more }, status);
  if (status === 429 || status === 503) {
    response.headers.set("retry-after", String(options.retryAfterS ?? RETRY_AFTER_S));
  }
  if (status === 401) response.headers.set("www-authenticate", "Bearer");
  if (options.allow !== undefined) response.headers.set("allow", options.allow);
  if (code === "stopping" || code === "body_stalled") response.headers.set("connection", "close");
  return response;
}

export function json(value: unknown, status = 200): Response {
  return body(JSON.stringify(value), { status, contentType: "application/json" });
}

export function text(value: string, status = 200): Response {
  return body(value, { status, contentType: "text/plain; charset=utf-8" });
}

function body(value: string, options: { readonly status: number; readonly contentType: string }): Response {
  const ended = value.endsWith("\n") ? value : `${value}\n`;
  return new Response(ended, { status: options.status, headers: { "content-type": options.contentType } });
}
