// Brings one body to a server, however often that takes. Owns timeouts, waiting and what an answer means; knows
// nothing of what is in the body. A repeat is the same bytes, whichever server it goes to.

import type { PostAnswer, RejectedLine } from "../core/event.ts";
import { readAnswer, readRejected } from "../core/wire/answer.ts";
import type { Clock, Sleep } from "../core/world.ts";
import { statusOf } from "../service/answers.ts";
import { describeError } from "../service/log.ts";
import type { Balancer } from "./balancer.ts";

export interface SenderOptions {
  readonly servers: Balancer;
  readonly fetch: (request: Request) => Promise<Response>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Sent to the servers as bearer. */
  readonly token?: string | undefined;
  /** A server that has not answered for this long has failed. */
  readonly timeoutMs: number;
}

export interface DeliverOptions {
  /** Once aborted, nobody waits for long any more. */
  readonly hurry: AbortSignal;
  /** Once aborted, it is given up. */
  readonly end: AbortSignal;
}

export type Delivery =
  | { readonly kind: "acked"; readonly answer: PostAnswer }
  | Dropped
  /** Whether it arrived is unknown. */
  | { readonly kind: "abandoned" };

/** The server will never take it: it refused the batch as a whole, and may have said why line by line. */
interface Dropped {
  readonly kind: "dropped";
  readonly reason: string;
  readonly error: string;
  readonly rejected: readonly RejectedLine[];
}

interface Failed {
  readonly kind: "failed";
  readonly error: string;
  readonly retryAfterMs: number;
}

/**
 * Statuses below 500 after which the same request may be taken later (RFC 9110, RFC 6585, RFC 8470): those that ask for
 * it, and those that speak of a wrong token or address and not of the batch, which an operator can mend.
 */
const REPEATED_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 425, 429]);

/** An answer lists at most `rejectedLinesMax` lines, so a longer one is none. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** Nobody is waited for longer than this, whatever a server asks. */
const RETRY_AFTER_MAX_MS = 60_000;

export class Sender {
  readonly #options: SenderOptions;
  #attempts = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Requests made so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Sends `body`, as gzip NDJSON, until a server has decided about it or `end` is aborted. */
  async deliver(body: Uint8Array<ArrayBuffer>, { hurry, end }: DeliverOptions): Promise<Delivery> {
    const { servers } = this.#options;
    for (let hasHurried = false; !end.aborted;) {
      // Who is in a hurry tries once where he would have waited.
      const attempt = hurry.aborted && !hasHurried ? servers.beginAnyway(body.length) : servers.begin(body.length);
      hasHurried = hurry.aborted;
      if (attempt === undefined) {
        await this.#wait(hasHurried ? end : AbortSignal.any([hurry, end]));
        continue;
      }
      const outcome = await this.#attempt(attempt.url, { body, end });
      if (outcome.kind !== "failed") {
        attempt.succeeded();
        return outcome;
      }
      if (end.aborted) attempt.cancelled();
      else attempt.failed(outcome.error, outcome.retryAfterMs);
    }
    return { kind: "abandoned" };
  }

  /** Until a server is due, a probe has ended, or `signal` is aborted. */
  async #wait(signal: AbortSignal): Promise<void> {
    const { servers, sleep, timeoutMs } = this.#options;
    const probed = new AbortController();
    const forget = servers.onProbed(() => probed.abort());
    await sleep(servers.dueMs ?? timeoutMs, AbortSignal.any([probed.signal, signal]));
    forget();
  }

  /** The one place where trouble with servers is caught. */
  async #attempt(
    server: string,
    { body, end }: { readonly body: Uint8Array<ArrayBuffer>; readonly end: AbortSignal },
  ): Promise<Delivery | Failed> {
    const { token, timeoutMs, sleep } = this.#options;
    const [timeout, answered] = [new AbortController(), new AbortController()];
    const headers = new Headers({ "content-type": "application/x-ndjson", "content-encoding": "gzip" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const signal = AbortSignal.any([timeout.signal, end]);
    const timer = sleep(timeoutMs, answered.signal).then(() => timeout.abort());
    this.#attempts++;
    let response: Response;
    let text: string;
    try {
      const request = new Request(`${server}/post`, { method: "POST", headers, body, signal, redirect: "manual" });
      response = await this.#options.fetch(request);
      text = await readText(response);
    } catch (error) {
      return failed(timeout.signal.aborted ? `it did not answer within ${timeoutMs} ms` : describeError(error));
    } finally {
      answered.abort();
      await timer;
    }
    return this.#judge(response, text);
  }

  #judge(response: Response, text: string): Delivery | Failed {
    const { status } = response;
    if (status === 200) {
      const answer = readAnswer(text);
      return answer === undefined
        ? failed("its answer must be one to a post: is a Taba server there?")
        : { kind: "acked", answer };
    }
    const { code, error, rejected = [] } = readRefusal(text);
    const what = error === undefined ? `it answered ${status}` : `it answered ${status}: ${error}`;
    if (status >= 400 && status < 500 && !REPEATED_STATUSES.has(status)) {
      return { kind: "dropped", reason: code ?? `http_${status}`, error: what, rejected };
    }
    return failed(what, retryAfterMs(response, this.#options.clock()));
  }
}

function failed(error: string, retryAfterMs = 0): Failed {
  return { kind: "failed", error, retryAfterMs };
}

/** The body of an answer, which comes from anyone: bounded. */
async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer must have at most ${ANSWER_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What a server of ours says when it refuses; another may say anything. */
function readRefusal(
  text: string,
): { readonly code?: string; readonly error?: string; readonly rejected?: readonly RejectedLine[] } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return {};
    const code = "code" in value && typeof value.code === "string" && Object.hasOwn(statusOf, value.code);
    const error = "error" in value && typeof value.error === "string";
    const rejected = "rejected" in value ? readRejected(value.rejected) : undefined;
    return {
      ...(code ? { code: String(value.code) } : {}),
      ...(error ? { error: String(value.error).slice(0, 500) } : {}),
      ...(rejected === undefined ? {} : { rejected }),
    };
  } catch {
    return {};
  }
}

/** Retry-After in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfterMs(response: Response, now: number): number {
  const value = response.headers.get("retry-after")?.trim() ?? "";
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now * 1000;
  return ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : 0;
}
