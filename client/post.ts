// One request to the agent, and what came of it. Never throws, and leaves no body unread and no timer running.

import type { PostAnswer } from "../core/event.ts";
import { readAnswer } from "../core/wire/answer.ts";
import type { Settings } from "./options.ts";
import { tryTimer } from "./platform.ts";

/** What came of a post. */
export type Outcome =
  | { readonly kind: "answered"; readonly answer: PostAnswer }
  /** The agent does not want this batch: to repeat it is no use. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Whether it was applied is not known: it has to be repeated. */
  | { readonly kind: "failed"; readonly reason: string; readonly retryAfterS: number };

export interface PostOptions {
  readonly body: Uint8Array<ArrayBuffer>;
  /** The host is about to end. */
  readonly isLast: boolean;
  /** Ends the request early, also when its time is over. */
  readonly request: AbortController;
}

/** An answer names a thousand rejected lines at most; what is longer is none. */
const ANSWER_CHARACTERS_MAX = 1024 * 1024;
/** Browsers take no larger body along when a page ends. */
const KEEPALIVE_BYTES_MAX = 60 * 1024;
/** What of 4xx says nothing about the batch: time-out, too early, too many requests. */
const PASSING: readonly number[] = [408, 425, 429];
const REASON_CHARACTERS_MAX = 300;

export async function post(settings: Settings, { body, isLast, request }: PostOptions): Promise<Outcome> {
  let isLate = false;
  const cancelTimer = tryTimer(settings, () => {
    isLate = true;
    request.abort();
  }, { ms: settings.requestTimeoutMs, background: true });
  try {
    const response = await settings.fetch(settings.url, {
      method: "POST",
      headers: settings.headers,
      body,
      keepalive: isLast && body.length <= KEEPALIVE_BYTES_MAX,
      // A redirect would repeat the post at an unknown place, and not every platform knows "error" here.
      redirect: "manual",
      signal: request.signal,
    });
    return outcomeOf(settings.url, { response, text: await readText(response) });
  } catch (error) {
    const reason = isLate ? `no answer within ${settings.requestTimeoutMs} ms` : causesOf(error);
    return { kind: "failed", reason: `Cannot post to ${settings.url}: ${reason}`, retryAfterS: 0 };
  } finally {
    cancelTimer?.();
  }
}

function outcomeOf(url: string, { response, text }: { readonly response: Response; readonly text: string }): Outcome {
  const { status } = response;
  const answer = status === 200 ? readAnswer(text) : undefined;
  if (answer !== undefined) return { kind: "answered", answer };
  const reason = `${url} answered ${status}: ${errorOf(text).slice(0, REASON_CHARACTERS_MAX)}`;
  if (status >= 400 && status < 500 && !PASSING.includes(status)) return { kind: "refused", reason };
  return { kind: "failed", reason, retryAfterS: retryAfterOf(response) };
}

/** What our own answers say for people; any other text as it is. */
function errorOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "error" in body) return String(body.error);
  } catch {
    // Not ours.
  }
  return text.trim();
}

/** Seconds to wait that the answer asks for; 0 where it doesn't, or gives a date, which needs clocks to agree. */
function retryAfterOf(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? 0);
  return seconds > 0 ? seconds : 0;
}

/** The body to its end, so that the connection can be used again. */
async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > ANSWER_CHARACTERS_MAX) {
      await reader.cancel();
      throw new Error(`an answer of more than ${ANSWER_CHARACTERS_MAX} characters`);
    }
  }
}

/** "fetch failed" alone helps nobody: what lies behind it is named too. */
function causesOf(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error && messages.length < 4; cause = cause.cause) {
    if (cause.message !== "") messages.push(cause.message);
  }
  return messages.length === 0 ? String(error) : messages.join(": ");
}
