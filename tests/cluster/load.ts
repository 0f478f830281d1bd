// A load of many tabs and clients: senders that post batch after batch, raw events and States, and repeat what was not
// answered, unchanged and under the same id, at whichever server answers next. Keeps its ledger.

import { joinBytes } from "../../core/bytes.ts";
import { SendWindow } from "../../core/delivery.ts";
import type { BatchId } from "../../core/event.ts";
import { createRegistry } from "../../core/handlers/registry.ts";
import { type WireLine, writeBatch } from "../../core/wire/ndjson.ts";
import { Ledger, type Sum, type Sums } from "./ledger.ts";
import { post } from "./request.ts";
import { pass } from "./waiting.ts";

export interface LoadOptions {
  /** How its tabs and senders begin. */
  readonly name: string;
  /** Servers, or an agent. */
  readonly urls: readonly string[];
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Default 4. */
  readonly senders?: number;
}

const TABS = 24;
const CLIENTS = 20;
const LINES_MAX = 8;
const EVENTS_MAX = 20;
/** Batches of one sender under way at once. */
const LANES = 2;
/** Between batches of a lane, and before a repeat: a load that leaves some of the machine to the others. */
const PAUSE_MS = 25;
/** Raw events; the odd ones as States. */
const TYPES = ["CounterGroup", "PercentileGroup", "TotalsCounter"] as const;

const registry = createRegistry();

interface Batch {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly sums: Sums;
}

export class Load {
  readonly ledger: Ledger;
  readonly #options: LoadOptions;
  /** What was answered, by status; 0 stands for no answer at all. */
  readonly answers = new Map<number, number>();
  readonly repeated = { batches: 0 };
  /** Answers that nobody may give to a good batch. */
  readonly violations: string[] = [];
  readonly #work: readonly Promise<unknown>[];
  /** When the batch of each sender was made that was accepted last, as of performance.now(). */
  readonly #newestBySender = new Map<string, number>();
  #isStopping = false;
  #isAbandoned = false;

  /** Begins at once. */
  constructor(options: LoadOptions) {
    this.#options = options;
    this.ledger = options.ledger;
    this.#work = Array.from({ length: options.senders ?? 4 }, (_, sender) => {
      const window = new SendWindow(`${options.name}-${sender}-${crypto.randomUUID()}`, { batchesMax: LANES });
      return Promise.all(Array.from({ length: LANES }, () => this.#send(window)));
    });
  }

  /** Makes no further batch, and waits until the last one was accepted. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#work);
  }

  /** Attempts that got no answer. */
  get unanswered(): number {
    return this.answers.get(0) ?? 0;
  }

  /** Whether each sender had a batch accepted that it made after a moment of performance.now(). */
  hasAcceptedSince(moment: number): boolean {
    return [...this.#newestBySender.values()].every((made) => made > moment);
  }

  /** Leaves what was not answered as it is. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  async #send(window: SendWindow): Promise<void> {
    while (!this.#isStopping) {
      const id = window.open();
      const { body, sums } = this.#batch(id);
      const made = performance.now();
      this.ledger.offer(sums);
      while (!await this.#post(body)) {
        if (this.#isAbandoned) return;
        await pass(2 * PAUSE_MS);
      }
      this.ledger.accept(sums);
      this.#newestBySender.set(id.sender, made);
      window.close(id.seq);
      await pass(PAUSE_MS);
    }
  }

  /** Whether it was accepted. */
  async #post(body: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const { urls } = this.#options;
    const url = urls[this.#below(urls.length)];
    const answer = await post(url, body);
    this.answers.set(answer.status, (this.answers.get(answer.status) ?? 0) + 1);
    switch (answer.status) {
      case 0:
        return false;
      case 200: {
        const { rejected, repeated } = JSON.parse(answer.text);
        if (rejected?.length > 0) this.#note(`${url} rejected lines: ${answer.text}`);
        if (repeated === true) this.repeated.batches++;
        return true;
      }
      case 429:
      case 503:
        if (!(Number(answer.retryAfter) > 0)) this.#note(`${url} answered ${answer.status} without Retry-After`);
        return false;
      default:
        this.#note(`${url} answered ${answer.status}: ${answer.text}`);
        return true; // repeating it would change nothing
    }
  }

  #batch(id: BatchId): Batch {
    const now = Date.now() / 1000;
    const sums = new Map<string, Sum>();
    const lines: WireLine[] = [];
    for (let left = 1 + this.#below(LINES_MAX); left > 0; left--) {
      const number = this.#below(TABS);
      const tab = `${this.#options.name}.tab${number}`;
      const client = `web-${this.#below(CLIENTS)}`;
      const type = TYPES[number % TYPES.length];
      const values = Array.from({ length: 1 + this.#below(EVENTS_MAX) }, () => 1 + this.#below(100));
      lines.push(
        number % 2 === 0 ? rawLine({ tab, client, type }, now, values) : stateLine({ tab, client, type }, now, values),
      );
      const { events, total } = sums.get(tab) ?? { events: 0, total: 0 };
      sums.set(tab, { events: events + values.length, total: total + values.reduce((sum, value) => sum + value, 0) });
    }
    return { body: joinBytes([...writeBatch({ id, sent: now }, lines)]), sums };
  }

  #below(bound: number): number {
    return Math.floor(this.#options.random() * bound);
  }

  #note(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation);
  }
}

interface Line {
  readonly tab: string;
  readonly client: string;
  readonly type: string;
}

function rawLine(line: Line, now: number, values: readonly number[]): WireLine {
  return { ...line, events: values.map((value) => [now, value]) };
}

function stateLine(line: Line, now: number, values: readonly number[]): WireLine {
  const handler = registry.get(line.type);
  if (handler === undefined) throw new Error(`There is no handler for ${line.type}`);
  const state = handler.create(line.client);
  for (const value of values) handler.fold(state, now, value);
  return { ...line, version: handler.version, events: values.length, encoded: handler.encode(state) };
}

/** A seeded generator of numbers in [0, 1) (Mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
