// Which server a batch goes to: the better of two picked at random (Mitzenmacher, "The Power of Two Choices in
// Randomized Load Balancing", 2001), among those that do not fail. Never sends anything. Names are resolved by whoever
// connects, anew with each connection: one that fails is closed.

import { assert } from "../core/assert.ts";
import { backoffMs, type BackoffOptions } from "../core/backoff.ts";
import type { Clock, Random } from "../core/world.ts";
import type { Log } from "../service/log.ts";

export interface BalancerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long a server is left out after it failed, by its failures in a row. */
  readonly ejection: BackoffOptions;
  readonly log: Log;
}

export interface ServerStatus {
  readonly url: string;
  /** Left out until its time is over; then one batch probes it. */
  readonly state: "healthy" | "ejected" | "probed";
  /** Under way to it. */
  readonly batches: number;
  readonly bytes: number;
  /** Smoothed time to its answers; it fades while nothing is sent there. */
  readonly latencyMs: number;
  /** Ejections since it last answered. */
  readonly failures: number;
  readonly lastError?: string;
}

/** One batch under way to one server. Ends once, in one of these ways. */
export interface Attempt {
  readonly url: string;
  /** It decided about the batch, whatever it said. */
  succeeded(): void;
  /** It is left out, for at least so long. */
  failed(error: string, retryAfterMs: number): void;
  /** Given up by us. */
  cancelled(): void;
}

interface Server {
  readonly url: string;
  state: ServerStatus["state"];
  ejectedUntil: number;
  batches: number;
  bytes: number;
  latencyMs: number;
  /** When that was measured. */
  measured: number;
  failures: number;
  lastError?: string;
}

/** What a new measurement counts for in the smoothed latency. */
const LATENCY_WEIGHT = 0.3;
/** A server that was slow is tried again some time, since what is known of it counts half after so long. */
const LATENCY_HALVED_S = 5;
/** Latencies count as equal where the larger is no more than twice the other and this. */
const LATENCY_SLACK_MS = 20;

export class Balancer {
  readonly #servers: readonly Server[];
  readonly #options: BalancerOptions;
  readonly #waiting = new Set<() => void>();

  constructor(urls: readonly string[], options: BalancerOptions) {
    assert(urls.length > 0, "there is a server to send to");
    this.#options = options;
    this.#servers = urls.map((url) => ({
      ...{ url, state: "healthy", ejectedUntil: 0, batches: 0, bytes: 0 },
      ...{ latencyMs: 0, measured: 0, failures: 0 },
    }));
  }

  /** Begins an attempt; undefined where all servers are left out and none is due for a probe. */
  begin(bytes: number): Attempt | undefined {
    const now = this.#options.clock();
    const due = this.#servers.find(({ state, ejectedUntil }) => state === "ejected" && ejectedUntil <= now);
    const server = due ?? this.#choose();
    return server === undefined ? undefined : this.#open(server, bytes);
  }

  /** Begins an attempt in any case, for one who can't wait. */
  beginAnyway(bytes: number): Attempt {
    const [first] = this.#servers.toSorted((a, b) => a.ejectedUntil - b.ejectedUntil);
    return this.begin(bytes) ?? this.#open(first, bytes);
  }

  /** Milliseconds until a server is due for a probe; undefined where each is being probed. */
  get dueMs(): number | undefined {
    const ejected = this.#servers.filter(({ state }) => state === "ejected");
    if (ejected.length === 0) return undefined;
    const due = Math.min(...ejected.map(({ ejectedUntil }) => ejectedUntil));
    return Math.max(0, 1000 * (due - this.#options.clock()));
  }

  /** Calls `wake` once, when a probe has ended, unless what it answers is called before. */
  onProbed(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => {
      this.#waiting.delete(wake);
    };
  }

  status(): readonly ServerStatus[] {
    return this.#servers.map((server) => {
      const { url, state, batches, bytes, failures, lastError } = server;
      const latencyMs = Math.round(10 * this.#latencyMs(server)) / 10;
      return {
        ...{ url, state, batches, bytes, latencyMs, failures },
        ...(lastError === undefined ? {} : { lastError }),
      };
    });
  }

  #choose(): Server | undefined {
    const { random } = this.#options;
    const healthy = this.#servers.filter(({ state }) => state === "healthy");
    if (healthy.length <= 1) return healthy.at(0);
    const at = Math.floor(random() * healthy.length);
    const other = Math.floor(random() * (healthy.length - 1));
    return this.#better(healthy[at], healthy[other < at ? other : other + 1]);
  }

  /** The first where they are equal: it was picked at random. */
  #better(first: Server, second: Server): Server {
    if (first.bytes !== second.bytes) return first.bytes < second.bytes ? first : second;
    return this.#latencyMs(first) > 2 * this.#latencyMs(second) + LATENCY_SLACK_MS ? second : first;
  }

  #latencyMs({ latencyMs, measured }: Server): number {
    return latencyMs * 2 ** ((measured - this.#options.clock()) / LATENCY_HALVED_S);
  }

  #open(server: Server, bytes: number): Attempt {
    const begun = this.#options.clock();
    const isProbe = server.state !== "healthy";
    if (isProbe) server.state = "probed";
    server.batches++;
    server.bytes += bytes;
    const leave = () => {
      server.batches--;
      server.bytes -= bytes;
    };
    return {
      url: server.url,
      succeeded: () => {
        leave();
        const now = this.#options.clock();
        const ms = 1000 * (now - begun);
        const known = this.#latencyMs(server);
        server.latencyMs = known === 0 ? ms : known + LATENCY_WEIGHT * (ms - known);
        server.measured = now;
        this.#heal(server);
      },
      failed: (error, retryAfterMs) => {
        leave();
        // Batches under way to it fail one after the other: only the first of them counts.
        const isCounted = isProbe || server.state === "healthy";
        this.#eject(server, { error, retryAfterMs, isCounted });
      },
      cancelled: () => {
        leave();
        if (isProbe && server.state === "probed") server.state = "ejected";
      },
    };
  }

  #heal(server: Server): void {
    if (server.state !== "healthy") {
      this.#options.log.info(`server ${server.url} answers again`, { failures: server.failures });
    }
    server.state = "healthy";
    server.failures = 0;
    server.ejectedUntil = 0;
    delete server.lastError;
    this.#wake();
  }

  #eject(
    server: Server,
    { error, retryAfterMs, isCounted }: {
      readonly error: string;
      readonly retryAfterMs: number;
      readonly isCounted: boolean;
    },
  ): void {
    const { clock, random, ejection, log } = this.#options;
    server.lastError = error;
    log.warn(`server ${server.url} failed`, { error, failures: server.failures + (isCounted ? 1 : 0) });
    const backoff = isCounted ? backoffMs(++server.failures, ejection, random) : 0;
    const until = clock() + Math.max(backoff, retryAfterMs) / 1000;
    server.ejectedUntil = Math.max(server.ejectedUntil, until);
    if (isCounted) server.state = "ejected";
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
