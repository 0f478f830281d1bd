// A server put together: the HTTP API, and what goes on beside it, which is announcing itself and draining its share.

import type { DenialOf } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import type { Clock, Pause, Random, Sleep } from "../core/world.ts";
import { describeError, type Log } from "../service/log.ts";
import type { Measure } from "../service/own_tabs.ts";
import { Delays } from "./delays.ts";
import { Drain, drainUntil } from "./drain/drain.ts";
import { Ingest } from "./ingest.ts";
import { Membership } from "./membership.ts";
import { Metrics } from "./metrics/metrics.ts";
import { Overload } from "./overload.ts";
import { Query } from "./query.ts";
import { createRoutes } from "./routes.ts";
import { serverStatus } from "./status.ts";
import { type Member, type Store, StoreTrouble } from "./store/store.ts";
import { Upkeep } from "./upkeep/upkeep.ts";
import { Watches } from "./watch.ts";

export interface ServerOptions {
  readonly store: Store;
  readonly registry: Registry;
  /** This server as the others shall know it. It drains if it has the role `be`. */
  readonly self: Member;
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly pause: Pause;
  readonly log: Log;
  /** What must be given to post, if anything. */
  readonly token?: string | undefined;
  /** Told what the server measures of itself. */
  readonly measure?: Measure | undefined;
  readonly commitMs?: number;
  /** A server that has died is known as gone, and loses its buckets, after this long. Default 5,000. */
  readonly leaseMs?: number;
  readonly heldBytesMax?: number;
  readonly bodyBytesMax?: number;
  readonly lineBytesMax?: number;
  readonly denialOf?: DenialOf | undefined;
  readonly queueBytesSoft?: number;
  readonly queueBytesHard?: number;
}

/** Announcements while one lasts. */
const BEATS = 5;
/** Servers that a line of the log names. */
const TOLD_MAX = 10;
/** Between two looks at the queues while they are empty. */
const POLL_MS = 200;

export class Server {
  /** Answers one request. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly #options: ServerOptions;
  readonly #membership: Membership;
  readonly #drain: Drain | undefined;
  readonly #watches: Watches;
  readonly #leaseMs: number;

  constructor(options: ServerOptions) {
    const { store, registry, self, clock, random, sleep, pause, log, token, measure } = options;
    this.#options = options;
    const leaseMs = options.leaseMs ?? 5000;
    const membership = new Membership(store, self, { ttlMs: leaseMs });
    this.#leaseMs = leaseMs;
    this.#membership = membership;
    const delays = new Delays(clock, measure);
    this.#drain = self.roles.includes("be") ? new Drain({ ...options, leaseMs, membership, delays }) : undefined;
    const overload = new Overload({
      ...{ store, clock, random, log },
      queueBytesSoft: options.queueBytesSoft ?? limits.queueBytesSoft,
      queueBytesHard: options.queueBytesHard ?? limits.queueBytesHard,
    });
    const ingest = new Ingest({
      ...{ store, registry, overload, delays, measure, clock, sleep, pause },
      bodyBytesMax: options.bodyBytesMax ?? limits.bodyBytesMax,
      lineBytesMax: options.lineBytesMax ?? limits.lineBytesMax,
      denialOf: options.denialOf,
    });
    const query = new Query({ store, registry, pause });
    const upkeep = new Upkeep({ store, registry, query, membership, clock, sleep, pause });
    const watches = new Watches({ query, clock, sleep });
    this.#watches = watches;
    const drain = this.#drain;
    const metrics = new Metrics({ self, store, ingest, drain, overload, delays, watches, clock }, query);
    const status = () => serverStatus({ self, store, ingest, drain, watchers: watches.watchers, now: clock(), pause });
    this.fetch = createRoutes({ store, ingest, query, watches, metrics, upkeep, status, delays, clock, token });
  }

  /** Ends the answers that would go on for ever. */
  endWatches(): void {
    this.#watches.end();
  }

  /** Announces this server and drains until `signal` aborts, then hands its buckets over and leaves. */
  async run(signal: AbortSignal): Promise<void> {
    const { sleep } = this.#options;
    const draining = this.#drain === undefined
      ? Promise.resolve()
      : drainUntil(signal, this.#drain, { sleep, pollMs: POLL_MS });
    await Promise.all([this.#announce(signal), draining]);
    await this.#attempt("cannot take the announcement back, which will lapse", () => this.#membership.leave());
  }

  async #announce(signal: AbortSignal): Promise<void> {
    const { clock, log, sleep } = this.#options;
    let outSince: number | undefined;
    while (!signal.aborted) {
      const before = this.#membership.members;
      const isDone = await this.#attempt("cannot announce this server", () => this.#membership.beat());
      if (!isDone) outSince ??= clock();
      else if (outSince !== undefined) {
        log.info("the store answers again", { afterS: Math.round(clock() - outSince) });
        outSince = undefined;
      }
      this.#tellOfOthers(before);
      await sleep(this.#leaseMs / BEATS, signal);
    }
  }

  #tellOfOthers(before: readonly Member[]): void {
    const { members } = this.#membership;
    const tell = (change: string, some: readonly Member[], others: readonly Member[]) => {
      const changed = some.filter(({ id }) => others.every((other) => other.id !== id)).map(({ url }) => url);
      if (changed.length === 0) return;
      const more = changed.length > TOLD_MAX ? ` and ${changed.length - TOLD_MAX} more` : "";
      const servers = members.length;
      this.#options.log.info(`${change} the cluster: ${changed.slice(0, TOLD_MAX).join(" ")}${more}`, { servers });
    };
    tell("in", members, before);
    tell("gone from", before, members);
  }

  /** Whether it was done. */
  async #attempt(message: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error;
      this.#options.log.warn(message, { error: describeError(error) });
      return false;
    }
  }
}
