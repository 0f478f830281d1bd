// The HTTP API of a server or agent as calls over fetch: answers as streams, as JSON or event by event, posts with their
// answer, and one class for all that can go wrong on the way. Prints nothing and decides no exit code.

import type { BatchId, PostAnswer } from "../core/event.ts";
import { quote } from "../core/quote.ts";
import { readAnswer } from "../core/wire/answer.ts";
import { type EventsLine, writeBatch } from "../core/wire/ndjson.ts";
import type { Sleep } from "../core/world.ts";
import { textAt } from "./json.ts";
import { type ServerSentEvent, ServerSentEvents } from "./server_sent_events.ts";

/** What can be asked for; the server's path of the same name. */
export type View = "tabs" | "projection" | "supertabs" | "names" | "clients" | "types" | "status";

/** Which tabs and clients are meant, in the server's words: see `readSelection` there. */
export interface Selection {
  readonly names: readonly string[];
  readonly clients: readonly string[];
  readonly isRegex: boolean;
  readonly tags: readonly string[];
  readonly by?: string | undefined;
}

export interface ApiOptions {
  /** Of a server, or of an agent for posts; without a slash at the end. */
  readonly address: string;
  readonly token?: string | undefined;
  /** How long the server may be silent, before its answer and within it. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly sleep: Sleep;
}

export interface TroubleOptions {
  readonly retryAfterMs?: number | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

/** No answer was had. The message is one line that names the address and the cause. */
export class ApiTrouble extends Error {
  override readonly name = "ApiTrouble";
  /** How long to wait before the same is tried again; undefined where that would be in vain. */
  readonly retryAfterMs: number | undefined;
  /** What kind of refusal it was, as the server calls it; undefined where there was no answer, or none of ours. */
  readonly code: string | undefined;

  constructor(message: string, options: TroubleOptions = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.code = options.code;
  }
}

type Init = RequestInit & { readonly headers: Record<string, string> };

const RETRY_AFTER_MAX_MS = 10_000;
const silent = Symbol("silent");

export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#options.address;
  }

  /** The server's answer as it comes, as text or as JSON. @throws {ApiTrouble} also while the answer is read */
  async ask(
    view: View,
    options: { readonly selection: Selection; readonly isJson: boolean },
  ): Promise<AsyncIterable<Uint8Array>> {
    const accept = options.isJson ? "application/json" : "text/plain";
    const path = pathOf(`/${view}`, searchOf(options.selection));
    return this.#chunks(await this.#accepted(path, { headers: { accept } }));
  }

  /** The JSON that a GET of this path answers. @throws {ApiTrouble} */
  async read(path: string, search?: URLSearchParams): Promise<unknown> {
    return await this.#json(await this.#accepted(pathOf(path, search), { headers: { accept: "application/json" } }));
  }

  /** The same with what lies behind the values. @throws {ApiTrouble} */
  async readDetailed(path: string, search: URLSearchParams): Promise<unknown> {
    const headers = { accept: "application/json-detailed" };
    return await this.#json(await this.#accepted(pathOf(path, search), { headers }));
  }

  /** Has the server do something, and answers what it says of it. @throws {ApiTrouble} */
  async command(path: string, search?: URLSearchParams): Promise<unknown> {
    const headers = { accept: "application/json" };
    return await this.#json(await this.#accepted(pathOf(path, search), { method: "POST", headers }));
  }

  /** Server-sent events as they come, until the server ends them. @throws {ApiTrouble} also when the signal aborts */
  async *events(
    path: string,
    { search, signal }: { readonly search: URLSearchParams; readonly signal: AbortSignal },
  ): AsyncGenerator<ServerSentEvent> {
    const headers = { accept: "text/event-stream" };
    const response = await this.#accepted(pathOf(path, search), { headers, signal });
    const events = new ServerSentEvents();
    for await (const chunk of this.#chunks(response)) yield* events.feed(chunk);
  }

  /**
   * Posts one batch. An answer that no line could be accepted is an answer like another.
   * @throws {ApiTrouble} where it was not accepted, or may have been: the same id must be used when it is repeated
   */
  async post(
    lines: readonly EventsLine[],
    options: { readonly id: BatchId; readonly client: string | undefined },
  ): Promise<PostAnswer> {
    const { id, client } = options;
    const header = client === undefined ? { id } : { id, client };
    return await this.postBody(new Blob([...writeBatch(header, lines)].map((chunk) => new Uint8Array(chunk))));
  }

  /** The same, of a body that was written already. */
  async postBody(body: Blob | Uint8Array<ArrayBuffer>): Promise<PostAnswer> {
    const headers = { "content-type": "application/x-ndjson" };
    const response = await this.#fetch("/post", { method: "POST", headers, body });
    const text = await this.#text(response);
    const answer = response.ok ? readAnswer(text) : response.status === 400 ? readAnswerOfNone(text) : undefined;
    if (answer !== undefined) return answer;
    if (response.ok) {
      throw new ApiTrouble(`${this.#options.address} is no Taba: its answer to a post is ${quote(text)}`);
    }
    throw this.#refused(response, text);
  }

  async #accepted(path: string, init: Init): Promise<Response> {
    const response = await this.#fetch(path, init);
    if (!response.ok) throw this.#refused(response, await this.#text(response));
    return response;
  }

  async #json(response: Response): Promise<unknown> {
    const text = await this.#text(response);
    const value = parse(text);
    if (value !== undefined) return value;
    throw new ApiTrouble(`${this.#options.address} is no Taba: its answer is ${quote(text)}`);
  }

  async #fetch(path: string, init: Init): Promise<Response> {
    const { address, token, fetch } = this.#options;
    const headers = token === undefined ? init.headers : { ...init.headers, authorization: `Bearer ${token}` };
    const stopped = new AbortController();
    const signal = init.signal ? AbortSignal.any([stopped.signal, init.signal]) : stopped.signal;
    try {
      return await this.#inTime(fetch(`${address}${path}`, { ...init, headers, signal }));
    } catch (error) {
      stopped.abort();
      throw this.#unreachable(error);
    }
  }

  async *#chunks(response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = response.body.getReader();
    try {
      while (true) {
        const { done, value } = await this.#inTime(reader.read());
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw this.#unreachable(error);
    } finally {
      // Ends the transfer where nobody wants the rest; there is nothing to cancel where all was read.
      reader.cancel().catch(() => undefined);
    }
  }

  async #text(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this.#chunks(response)) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  }

  async #inTime<Value>(work: Promise<Value>): Promise<Value> {
    const { sleep, timeoutMs } = this.#options;
    const waking = new AbortController();
    try {
      const first = await Promise.race([work, sleep(timeoutMs, waking.signal).then(() => silent)]);
      if (first === silent) throw new Error(`no answer within ${timeoutMs / 1000} s`);
      return await work;
    } finally {
      waking.abort();
    }
  }

  #refused(response: Response, text: string): ApiTrouble {
    const { status } = response;
    const isPassing = status === 429 || status >= 500;
    const seconds = Number(response.headers.get("retry-after"));
    const retryAfterMs = Math.min(Number.isFinite(seconds) ? seconds * 1000 : 0, RETRY_AFTER_MAX_MS);
    const value = parse(text);
    const error = textAt(value, "error") ?? `it says ${quote(text.trim())}`;
    return new ApiTrouble(`${this.#options.address} answered ${status}: ${error}`, {
      ...(isPassing ? { retryAfterMs } : {}),
      code: textAt(value, "code") ?? `status ${status}`,
    });
  }

  #unreachable(error: unknown): ApiTrouble {
    if (error instanceof ApiTrouble) return error;
    return new ApiTrouble(`cannot reach ${this.#options.address}: ${causeOf(error)}`, {
      retryAfterMs: 0,
      cause: error,
    });
  }
}

function pathOf(path: string, search: URLSearchParams = new URLSearchParams()): string {
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The server's parameters for a selection. */
export function searchOf(selection: Selection): URLSearchParams {
  const search = new URLSearchParams();
  for (const name of selection.names) search.append("name", name);
  for (const client of selection.clients) search.append("client", client);
  if (selection.isRegex) search.append("re", "1");
  for (const tag of selection.tags) search.append("tag", tag);
  if (selection.by !== undefined) search.append("by", selection.by);
  return search;
}

/** The deepest cause, less the address and the layers of the HTTP client that stand before it. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return causeOf(error.cause);
  const [, deepest = error.message] = error.message.match(/client error \(\w+\): (.*)$/s) ?? [];
  return deepest.replaceAll(/\s+/g, " ");
}

/** A post of which no line counts is refused, with its lines listed like those of one that was accepted. */
function readAnswerOfNone(text: string): PostAnswer | undefined {
  const value = parse(text);
  return typeof value === "object" ? readAnswer(JSON.stringify({ lines: 0, events: 0, ...value })) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON: not from a server of ours
  }
}
