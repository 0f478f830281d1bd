// The load of `taba-cli bench`, and its books: every event that was sent is accepted, refused for a reason, or unknown.
// A post without an answer is repeated under its own (sender, seq), so that it counts once whatever became of it.

import { backoffMs } from "../../core/backoff.ts";
import type { PostAnswer } from "../../core/event.ts";
import type { Clock, Random, Sleep } from "../../core/world.ts";
import { type Api, ApiTrouble } from "../api.ts";
import type { BenchBodies, BenchPost } from "./bench_bodies.ts";
import { sumOf } from "../json.ts";
import { Latencies } from "./latencies.ts";

export interface LoadOptions {
  readonly api: Api;
  readonly bodies: BenchBodies;
  /** No other run has it. */
  readonly sender: string;
  /** Posts under way at once. */
  readonly connections: number;
  readonly eventsAPost: number;
  /** Events a second; as many as are taken where undefined. */
  readonly rate: number | undefined;
  readonly eventsMax: number;
  readonly secondsMax: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
}

const TRIES_MAX = 5;
const BACKOFF = { firstMs: 100, maxMs: 2_000 };
/** Reasons told apart: whoever answers may say anything. */
const REASONS_MAX = 20;
const OVER_CAPACITY = "over_capacity";

export class Load {
  sent = 0;
  accepted = 0;
  readonly refused = new Map<string, number>();
  posts = 0;
  /** Posts made again. */
  repeats = 0;
  bytes = 0;
  /** From when a post was due, or was begun where there is no rate, to its answer. */
  readonly latencies = new Latencies();
  readonly #options: LoadOptions;
  readonly #begun: number;
  readonly #stopping = new AbortController();
  #ended: number | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#begun = options.clock();
  }

  /** Of posts that were not answered, or not in a way that says what became of them. */
  get unknown(): number {
    return this.sent - this.accepted - sumOf(this.refused);
  }

  get seconds(): number {
    return (this.#ended ?? this.#options.clock()) - this.#begun;
  }

  /** How much of what was asked for is done, from 0 to 1. */
  get share(): number {
    const { eventsMax, secondsMax } = this.#options;
    return Math.max(this.sent / eventsMax, this.seconds / secondsMax);
  }

  /** Begins nothing more. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves once all is sent and answered, or given up. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.connections }, (_, lane) => this.#lane(lane)));
    this.#ended = this.#options.clock();
  }

  async #lane(lane: number): Promise<void> {
    const { rate, eventsAPost, eventsMax, secondsMax, bodies, clock, sleep } = this.#options;
    const sender = `${this.#options.sender}-${lane}`;
    for (let seq = 0;; seq++) {
      const events = Math.min(eventsAPost, eventsMax - this.sent);
      if (events <= 0 || this.#stopping.signal.aborted) return;
      const dueS = rate === undefined ? undefined : this.sent / rate;
      if (Math.max(this.seconds, dueS ?? 0) >= secondsMax) return;
      // Taken before it is due, so that no other lane takes the same.
      this.sent += events;
      const waitMs = dueS === undefined ? 0 : (this.#begun + dueS - clock()) * 1000;
      if (waitMs > 0) await sleep(waitMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) {
        this.sent -= events;
        return;
      }
      const post = bodies.next(events, { sender, seq, low: seq });
      await this.#deliver(post, dueS === undefined ? clock() : this.#begun + dueS);
    }
  }

  async #deliver(post: BenchPost, since: number): Promise<void> {
    const { api, clock, sleep, random } = this.#options;
    this.posts++;
    this.bytes += post.body.length;
    let isUnknown = false;
    for (let tries = 1;; tries++) {
      try {
        this.#count(post, await api.postBody(post.body));
        this.latencies.add(clock() - since);
        return;
      } catch (error) {
        if (!(error instanceof ApiTrouble)) throw error;
        const { code, retryAfterMs } = error;
        // Only these two say that nothing of it was applied.
        isUnknown ||= retryAfterMs !== undefined && code !== OVER_CAPACITY;
        if (retryAfterMs === undefined || tries === TRIES_MAX || this.#stopping.signal.aborted) {
          if (!isUnknown) this.#refuse(code ?? "refused", post.events);
          return;
        }
        this.repeats++;
        await sleep(Math.max(retryAfterMs, backoffMs(tries, BACKOFF, random)));
      }
    }
  }

  #count({ events, eventsByLine }: BenchPost, answer: PostAnswer): void {
    if (answer.repeated) {
      // It had been taken, and what was said of its lines then is lost.
      this.accepted += events;
      return;
    }
    this.accepted += answer.events;
    let left = events - answer.events;
    for (const { line, error } of answer.rejected) {
      // The header is the first line of the body.
      const refused = Math.min(left, eventsByLine[line - 2] ?? 0);
      left -= refused;
      this.#refuse(error, refused);
    }
    this.#refuse("not listed", left);
  }

  /** Names within a reason are of no use here. */
  #refuse(reason: string, events: number): void {
    if (events <= 0) return;
    const kind = reason.replaceAll(/"[^"]*"/g, "…");
    const known = this.refused.has(kind) || this.refused.size < REASONS_MAX ? kind : "other reasons";
    this.refused.set(known, (this.refused.get(known) ?? 0) + events);
  }
}
