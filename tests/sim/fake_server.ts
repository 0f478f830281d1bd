// A server as an agent sees it, in process and without a store: it applies each batch once and keeps books. What goes
// wrong with each request is up to the test.

import { AppliedBatches } from "../../core/delivery.ts";
import { Folding } from "../../core/folding.ts";
import { createRegistry } from "../../core/handlers/registry.ts";
import type { Clock, Sleep } from "../../core/world.ts";
import { json, refused } from "../../service/answers.ts";
import { answerOf, readPost, refuseLate } from "../../service/post.ts";

/** What becomes of one request. */
export type Fate =
  | "answered"
  /** Applied, but the answer is lost on its way. */
  | "lost"
  /** Nothing arrives. */
  | "unreached"
  /** Never answered, nor applied. */
  | "hung"
  /** Applied, but what comes back is no answer to a post. */
  | "garbled"
  /** Refused with this status, nothing applied. */
  | { readonly status: number; readonly retryAfter?: string; readonly body?: unknown }
  /** Applied after this time, then answered. */
  | { readonly delayMs: number };

/** One request as it came. */
export interface Received {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly time: number;
}

export class FakeServer {
  readonly registry = createRegistry();
  readonly received: Received[] = [];
  /** The fate of each request, in order of arrival. */
  fate: (index: number, url: string) => Fate = () => "answered";
  /** Requests that it really works on: virtual time must stand still meanwhile. */
  busy = 0;
  /** All that was applied. */
  readonly ledger = new Folding(this.registry, { statesMax: 1_000_000 });
  readonly #applied = new AppliedBatches();
  readonly #clock: Clock;
  readonly #sleep: Sleep;

  constructor(world: { readonly clock: Clock; readonly sleep: Sleep }) {
    this.#clock = world.clock;
    this.#sleep = world.sleep;
  }

  /** Stands for the network, too. */
  readonly fetch = async (request: Request): Promise<Response> => {
    this.busy++;
    const body = new Uint8Array(await request.arrayBuffer());
    const { url, headers } = request;
    const fate = this.fate(this.received.length, url);
    this.received.push({ url, headers, body, time: this.#clock() });
    try {
      return await this.#meet(fate, { request, body });
    } finally {
      this.busy--;
    }
  };

  async #meet(
    fate: Fate,
    { request, body }: { readonly request: Request; readonly body: Uint8Array<ArrayBuffer> },
  ): Promise<Response> {
    const arrived = { headers: request.headers, body };
    switch (fate) {
      case "answered":
        return await this.#apply(arrived);
      case "lost":
        await this.#apply(arrived);
        throw new TypeError("connection reset");
      case "unreached":
        throw new TypeError("connection refused");
      case "hung": {
        const { signal } = request;
        signal.throwIfAborted();
        const aborted = new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        );
        return await this.#idly(aborted);
      }
      case "garbled":
        await this.#apply(arrived);
        return new Response("<html>It works!</html>");
    }
    if ("status" in fate) {
      const headers = new Headers(fate.retryAfter === undefined ? {} : { "retry-after": fate.retryAfter });
      return new Response(JSON.stringify(fate.body ?? {}), { status: fate.status, headers });
    }
    await this.#idly(this.#sleep(fate.delayMs, request.signal));
    return await this.#apply(arrived);
  }

  /** Waits for virtual time, which so must be free to pass. */
  async #idly<Value>(waiting: Promise<Value>): Promise<Value> {
    this.busy--;
    try {
      return await waiting;
    } finally {
      this.busy++;
    }
  }

  async #apply({ body, headers }: { readonly body: Uint8Array<ArrayBuffer>; readonly headers: Headers }) {
    const request = new Request("http://server/post", { method: "POST", body, headers });
    const read = await readPost(request, { registry: this.registry, now: this.#clock, sleep: this.#sleep });
    if (!read.ok) return refused(read.refusal);
    const { id } = read.value.header;
    if (id === undefined) throw new Error("an agent always names its batches");
    switch (this.#applied.verdict(id)) {
      case "repeated":
        return json({ lines: 0, events: 0, rejected: [], repeated: true });
      case "stale":
        return refused({ code: "seq_stale", message: "too old" });
      case "new": {
        const late = this.ledger.absorb(read.value.folding);
        this.#applied.note(id, this.#clock());
        const answer = answerOf(refuseLate(read.value, late));
        return answer.ok ? json(answer.value) : refused(answer.refusal);
      }
    }
  }

  /** Batches as text, decompressed. */
  async texts(): Promise<readonly string[]> {
    return await Promise.all(this.received.map(({ body }) => textOf(body)));
  }

  /** Events by "tab client". */
  events(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.ledger].map(({ tab, client, events }) => [`${tab} ${client}`, events]));
  }
}

async function textOf(body: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}
