// The agent: takes posts from local clients, folds them, seals what it has every so often and sends it on. This file
// says what happens when; receiving, holding, sealing and sending are in files of their own.

import { DEFAULT_CLIENT, type RejectedLine } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { writeBatch } from "../core/wire/ndjson.ts";
import type { Pause, Random, Sleep } from "../core/world.ts";
import { json, refused, text } from "../service/answers.ts";
import { background } from "../service/background.ts";
import { gzip } from "../service/encoding.ts";
import type { Log } from "../service/log.ts";
import { measureNothing } from "../service/own_tabs.ts";
import { VERSION } from "../service/version.ts";
import { Balancer } from "./balancer.ts";
import { Figures } from "./figures.ts";
import { Intake } from "./intake.ts";
import type { Left } from "./journal/journaling.ts";
import { metricsAnswer } from "./metrics.ts";
import { Mirror } from "./mirror.ts";
import { type OpenBatch, Outbox } from "./outbox.ts";
import { Reception, type ReceptionOptions, STOPPING } from "./reception.ts";
import { type Part, partOf } from "./sealing.ts";
import { type Delivery, Sender } from "./sender.ts";
import { Statsd } from "./statsd.ts";
import { type AgentStatus, statusOf } from "./status.ts";

export interface AgentOptions extends Omit<ReceptionOptions, "intake" | "figures" | "stopping"> {
  /** Addresses without a slash at the end. */
  readonly servers: readonly string[];
  readonly flushMs: number;
  /** Bytes of lines, before compression, in one batch. */
  readonly batchBytesMax: number;
  /** Bytes of lines, before compression, that may be sealed and not yet acknowledged. */
  readonly outboxBytesMax: number;
  /** A second cluster that gets a copy of all, and who the agent is there. */
  readonly mirror?: {
    readonly url: string;
    readonly sender: string;
    /** What it is sent as bearer. */
    readonly token?: string | undefined;
  } | undefined;
  /** What servers are sent as bearer. */
  readonly token?: string | undefined;
  /** Whose events those are that come as StatsD lines. */
  readonly statsdClient?: string | undefined;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly pause: Pause;
  readonly fetch: (request: Request) => Promise<Response>;
  readonly log: Log;
}

/** A server that says nothing for this long has failed; it may have to write a large batch through. */
const TIMEOUT_MS = 15_000;

/** How long a stop waits before it asks the journal again. */
const JOURNAL_RETRY_MS = 100;

const EJECTION = { firstMs: 100, maxMs: 10_000 } as const;

export class Agent {
  readonly #options: AgentOptions;
  readonly #figures = new Figures();
  readonly #intake: Intake;
  readonly #reception: Reception;
  readonly #outbox: Outbox;
  readonly #servers: Balancer;
  readonly #sender: Sender;
  readonly #statsd: Statsd;
  readonly #mirror: Mirror | undefined;
  readonly #started: number;
  /** Of an earlier process, until it runs. */
  #left: readonly Left[];
  readonly #sending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #end = new AbortController();
  #isOutboxTold = false;
  /** Whether the last flush found nothing to seal. */
  #isQuiet = false;
  /** Aborted, it has the next flush due. */
  #resting = new AbortController();
  readonly #routes: ReadonlyMap<string, Readonly<Record<string, (request: Request) => Response | Promise<Response>>>>;

  constructor(options: AgentOptions) {
    const { clock, random, sleep, token, log, journal, servers } = options;
    this.#options = options;
    this.#started = clock();
    this.#intake = new Intake({
      ...options,
      partBytesMax: options.batchBytesMax,
      partStatesMax: limits.batchStatesMax,
      lineBytesMax: limits.lineBytesMax,
      refuseLine: ({ tab, client, events }, bytes) => {
        this.#figures.eventsDropped.add("line_too_long", events);
        log.error("dropped a State that makes too long a line", { tab, client, events, bytes });
      },
    });
    this.#reception = new Reception({
      ...{ ...options, intake: this.#intake, figures: this.#figures, stopping: this.#stopping.signal },
    });
    this.#statsd = new Statsd({
      ...{ ...options, client: options.statsdClient ?? DEFAULT_CLIENT, intake: this.#intake },
      taken: (events, refused) => this.#figures.countDatagrams(events, refused),
    });
    this.#left = journal.takeLeft();
    this.#outbox = new Outbox({
      ...{ sender: journal.sender, first: journal.firstSeq },
      open: this.#left.flatMap(({ parts }) => parts.map(({ seq }) => seq)),
      ...{ batchesMax: limits.outboxBatchesMax, bytesMax: options.outboxBytesMax },
    });
    this.#servers = new Balancer(servers, { clock, random, ejection: EJECTION, log });
    this.#sender = new Sender({
      ...{ servers: this.#servers, fetch: options.fetch, clock, sleep, token },
      timeoutMs: TIMEOUT_MS,
    });
    this.#mirror = mirrorOf(options);
    this.#routes = new Map([
      ["/post", { POST: (request: Request) => this.#post(request) }],
      // Senders of the original protocol compress with zlib and say so by the path alone.
      ["/post_zip", { POST: (request: Request) => this.#post(request, "deflate") }],
      ["/status", { GET: () => json(this.status()) }],
      ["/metrics", { GET: () => metricsAnswer(this.status()) }],
      ["/healthz", { GET: () => this.#isStopping ? refused(STOPPING) : text("ok") }],
    ]);
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Answers one request. */
  fetch(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    const route = this.#routes.get(pathname);
    if (route === undefined) {
      const known = [...this.#routes.keys()].join(", ");
      return refused({ code: "not_found", message: `cannot find ${pathname}: an agent has ${known}` });
    }
    if (Object.hasOwn(route, request.method)) return route[request.method](request);
    const allow = Object.keys(route).join(", ");
    const message = `cannot answer as the method of ${pathname} must be ${allow}: current value is ${request.method}`;
    return refused({ code: "method_not_allowed", message }, { allow });
  }

  /** Takes a datagram of StatsD lines. */
  takeStatsd(datagram: Uint8Array): void {
    this.#statsd.take(datagram);
  }

  /** So many datagrams came for which there was no room. */
  dropStatsd(count: number): void {
    this.#statsd.drop(count);
  }

  /**
   * Sends what an earlier process left, then seals what comes, until it is stopped: every `flushMs` while there is work,
   * and at once what comes when there was none.
   */
  async run(): Promise<void> {
    this.#resume();
    while (!this.#isStopping) {
      await this.#rest();
      if (!this.#isStopping) this.#isQuiet = !await this.#flush();
      await this.#compact();
    }
  }

  async #post(request: Request, encoding?: string): Promise<Response> {
    const answer = await this.#reception.post(request, encoding);
    if (this.#isQuiet && this.#intake.states > 0) this.#resting.abort();
    return answer;
  }

  /** Until the next flush is due. */
  async #rest(): Promise<void> {
    const { sleep, flushMs } = this.#options;
    if (this.#isQuiet && this.#intake.states > 0) return; // it came since the flush
    this.#resting = new AbortController();
    await sleep(flushMs, this.#resting.signal);
  }

  /**
   * Refuses what is posted from now on and sends what it holds. What no server has taken after `withinMs` is given up,
   * counted and logged.
   */
  async stop(withinMs: number): Promise<void> {
    this.#stopping.abort();
    this.#resting.abort();
    const { journal, log, sleep } = this.#options;
    const done = new AbortController();
    const late = sleep(withinMs, done.signal).then(() => this.#end.abort());
    while (!this.#end.signal.aborted) {
      await this.#flush();
      if (this.#sending.size > 0) await Promise.race([late, ...this.#sending]);
      else if (this.#intake.states === 0 && this.#statsd.held === 0) break;
      else await sleep(JOURNAL_RETRY_MS, this.#end.signal); // only the journal can hold them back
    }
    const { events, batches } = { events: this.#outbox.events + this.#intake.events, batches: this.#outbox.batches };
    const { held: lost } = this.#statsd;
    await this.#mirror?.stop(late);
    done.abort();
    await late;
    if (lost > 0) log.error("lost StatsD events at the stop as the journal could not keep them", { events: lost });
    if (events === 0 && batches === 0) return;
    if (journal.status() === undefined) log.error("could not send all before the stop", { events, batches });
    else log.warn("could not send all before the stop: the next start does", { events, batches });
  }

  status(): AgentStatus {
    const { journal, statesMax, clock } = this.#options;
    return statusOf(
      { figures: this.#figures, intake: this.#intake, outbox: this.#outbox, servers: this.#servers },
      {
        ...{ version: VERSION, sender: journal.sender, uptimeS: clock() - this.#started, statesMax },
        ...{ sent: this.#sender.attempts, journal: journal.status(), statsd: this.#statsd.status() },
        mirror: this.#mirror?.status(),
      },
    );
  }

  /** Answers whether there was anything to seal. */
  async #flush(): Promise<boolean> {
    await this.#options.journal.tend();
    this.#statsd.flush();
    this.#tellOfRoom();
    if (this.#intake.states === 0) return false;
    if (this.#outbox.isFull) return true; // what comes goes on being folded
    this.#intake.turn();
    await this.#seal();
    return true;
  }

  #tellOfRoom(): void {
    const { isFull, batches, bytes } = this.#outbox;
    const { log, statesMax } = this.#options;
    if (this.#intake.states >= statesMax) log.warn("refuses lines that need further States", { statesMax });
    if (isFull === this.#isOutboxTold) return;
    this.#isOutboxTold = isFull;
    if (isFull) log.warn("folds on without sealing as too much is not acknowledged", { batches, bytes });
    else log.info("seals again", { batches, bytes });
  }

  /** While no server can be reached, what comes takes room by tabs and not by time. */
  async #compact(): Promise<void> {
    for (const _ of this.#intake.compact()) {
      await this.#options.pause();
      if (this.#isStopping) return;
    }
  }

  /** Seals as much of what the last turn closed as the outbox has room for. */
  async #seal(): Promise<void> {
    const { clock, measure = measureNothing } = this.#options;
    while (!this.#outbox.isFull) {
      const begun = clock();
      const sealed = this.#intake.seal(this.#outbox.nextSeq);
      if (sealed === undefined) return;
      measure("taba_agent_seal_s", Math.max(0, clock() - begun));
      measure("taba_agent_batch_lines", sealed.part.lines.length);
      this.#figures.batchesSealed++;
      this.#dispatch(this.#outbox.open(sealed.part, sealed.segment), sealed.part);
      this.#mirror?.copy(sealed.part);
      await this.#options.pause(); // posts have their turn before the next one is encoded
    }
  }

  /** Takes up what an earlier process left: what may have been sent goes out under its old ids. */
  #resume(): void {
    const before = this.#intake.events;
    this.#intake.restore(this.#left);
    for (const left of this.#left) {
      for (const { seq, from, to } of left.parts) {
        const part = partOf(left.folded.slice(from, to));
        this.#dispatch(this.#outbox.reopen(seq, { part, segment: left.segment }), part);
      }
    }
    if (this.#outbox.events > 0) this.#mirror?.passOver(this.#outbox.events);
    this.#figures.eventsReplayed = this.#outbox.events + this.#intake.events - before;
    const { eventsReplayed: events } = this.#figures;
    if (events > 0) this.#options.log.info("replayed the journal", { events, batches: this.#outbox.batches });
    this.#left = [];
  }

  #dispatch(batch: OpenBatch, { lines }: Part): void {
    const body = gzip(writeBatch({ id: batch.id, sent: this.#options.clock() }, lines));
    const sent = this.#send(batch, body).finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
    background("sending", sent);
  }

  async #send(batch: OpenBatch, encoding: Promise<Uint8Array<ArrayBuffer>>): Promise<void> {
    const { clock, measure = measureNothing } = this.#options;
    const { signal: hurry } = this.#stopping;
    const begun = clock();
    const body = await encoding;
    measure("taba_agent_batch_bytes", body.length);
    await this.#options.journal.synced();
    const delivery = await this.#sender.deliver(body, { hurry, end: this.#end.signal });
    if (delivery.kind === "abandoned") return; // it stays open: that is what the stop reports
    measure("taba_agent_post_s", Math.max(0, clock() - begun));
    this.#settle(batch, delivery);
    this.#outbox.close(batch);
    await this.#seal();
  }

  /** A server has decided. */
  #settle(batch: OpenBatch, delivery: Exclude<Delivery, { kind: "abandoned" }>): void {
    switch (delivery.kind) {
      case "dropped": {
        const { reason, error, rejected } = delivery;
        this.#figures.countDropped(batch, reason, rejected);
        this.#options.log.error("a server refused a batch, which is dropped", { reason, error, events: batch.events });
        this.#learnFrom(rejected, batch);
        break;
      }
      case "acked":
        this.#figures.countAcked(batch, delivery.answer);
        this.#learnFrom(delivery.answer.rejected, batch);
        break;
    }
  }

  #learnFrom(rejected: readonly RejectedLine[], { lines }: OpenBatch): void {
    for (const { line, error } of rejected) {
      // Lines are counted from 1, the header included.
      const sent = lines[line - 2];
      if (sent !== undefined) this.#intake.forgetType(sent);
      this.#options.log.warn("a server rejected a line", { ...sent, error });
    }
  }
}

function mirrorOf(options: AgentOptions): Mirror | undefined {
  if (options.mirror === undefined) return undefined;
  const { outboxBytesMax: bytesMax, clock, random, log } = options;
  const { url, sender, token } = options.mirror;
  const servers = new Balancer([url], { clock, random, ejection: EJECTION, log });
  const deliverer = new Sender({ ...options, token, servers, timeoutMs: TIMEOUT_MS });
  return new Mirror({ sender, bytesMax, deliverer, servers, clock, log });
}
