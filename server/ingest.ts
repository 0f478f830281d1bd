// The way of a post into the store: overload, body, entries, one call, answer. Which type a tab has is the store's to
// say, so a body is folded with types apart and what the store leaves out becomes rejected lines.

import { unreachable } from "../core/assert.ts";
import type { PostAnswer } from "../core/event.ts";
import type { Folded } from "../core/folded.ts";
import { type DenialOf, typeConflict } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { type LineRefusal, refuse, type Result } from "../core/refusal.ts";
import type { Clock, Pause, Sleep } from "../core/world.ts";
import { json, refused } from "../service/answers.ts";
import { type Measure, measureNothing } from "../service/own_tabs.ts";
import {
  answerOf,
  type LateRefusal,
  type Post,
  type PostRefusal,
  readPost,
  refuseLate,
  staleRefusal,
} from "../service/post.ts";
import { Tally } from "../service/tally.ts";
import type { Delays } from "./delays.ts";
import type { Overload } from "./overload.ts";
import { storeEncoded } from "./stored.ts";
import { type Enqueued, type Entry, type Store, StoreTrouble } from "./store/store.ts";

export interface IngestOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly overload: Overload;
  readonly denialOf?: DenialOf | undefined;
  readonly delays: Delays;
  readonly measure?: Measure | undefined;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly pause: Pause;
  readonly bodyBytesMax: number;
  readonly lineBytesMax: number;
}

/** What has been posted to this server since it was started. */
export interface IngestStatus {
  readonly posts: {
    readonly accepted: number;
    readonly repeated: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly lines: {
    readonly accepted: number;
    /** Lines of batches that were accepted before. */
    readonly repeated: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  /** Of lines that could be read: all that were received are accepted, repeated, refused, or of a post that failed. */
  readonly events: {
    readonly received: number;
    readonly accepted: number;
    readonly repeated: number;
    readonly refused: Readonly<Record<string, number>>;
  };
}

/** States encoded before other work has its turn. */
const BURST_STATES = 2048;

type Taken = Result<PostAnswer, PostRefusal & { readonly retryAfterS?: number }>;

export class Ingest {
  readonly #options: IngestOptions;
  readonly #measure: Measure;
  readonly #postsRefused = new Tally();
  readonly #linesRefused = new Tally();
  readonly #eventsRefused = new Tally();
  readonly #counts = {
    ...{ posts: 0, postsRepeated: 0, lines: 0, linesRepeated: 0 },
    ...{ eventsReceived: 0, events: 0, eventsRepeated: 0 },
  };

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#measure = options.measure ?? measureNothing;
  }

  /** `encoding` is that of a body which names none. */
  async post(request: Request, encoding?: string): Promise<Response> {
    const taken = await this.#take(request, encoding);
    if (taken.ok) return json(taken.value);
    const { retryAfterS, ...refusal } = taken.refusal;
    this.#postsRefused.add(refusal.code);
    this.#measure("taba_server_posts_refused", 1, { reason: refusal.code });
    return refused(refusal, retryAfterS === undefined ? {} : { retryAfterS });
  }

  status(): IngestStatus {
    const { posts, postsRepeated, lines, linesRepeated, eventsReceived, events, eventsRepeated } = this.#counts;
    return {
      posts: { accepted: posts, repeated: postsRepeated, refused: this.#postsRefused.toJson() },
      lines: { accepted: lines, repeated: linesRepeated, refused: this.#linesRefused.toJson() },
      events: {
        received: eventsReceived,
        accepted: events,
        repeated: eventsRepeated,
        refused: this.#eventsRefused.toJson(),
      },
    };
  }

  async #take(request: Request, encoding: string | undefined): Promise<Taken> {
    const { overload, registry, denialOf, clock, sleep, bodyBytesMax, lineBytesMax } = this.#options;
    try {
      const entered = await overload.enter();
      if (!entered.ok) return entered;
      using place = entered.value;
      const read = await readPost(request, {
        ...{ registry, denialOf, now: clock, sleep, bodyBytesMax, lineBytesMax, encoding, areTypesApart: true },
        reserve: (bytes) => place.reserve(bytes),
      });
      return read.ok ? await this.#enqueue(read.value) : read;
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error;
      return refuse("store_unavailable", `cannot tell that the post is safe: ${error.message}; post it again`);
    } finally {
      // What was not read would keep the connection waiting.
      await Promise.allSettled([request.bodyUsed ? undefined : request.body?.cancel()]);
    }
  }

  async #enqueue(post: Post): Promise<Taken> {
    const { store, overload, delays, clock } = this.#options;
    this.#counts.eventsReceived += post.events;
    const folded = [...post.folding];
    const entries = await this.#entriesOf(folded);
    const begun = clock();
    const enqueued = await store.enqueue(post.header.id, entries);
    delays.record("enqueue", begun);
    switch (enqueued.verdict) {
      case "repeated":
        this.#counts.postsRepeated++;
        this.#counts.linesRepeated += post.lines;
        this.#counts.eventsRepeated += post.events;
        return answerOf(post, { repeated: true });
      case "stale":
        return { ok: false, refusal: staleRefusal(post) };
      case "new":
        break;
      default:
        unreachable(enqueued.verdict);
    }
    overload.added(entries.reduce((bytes, entry) => bytes + entry.bytes.length, 0));
    const late = [...lateRefusals(folded, enqueued)];
    for (const { folded: { events }, refusal } of late) this.#eventsRefused.add(refusal.code, events);
    const taken = refuseLate(post, late);
    this.#count(taken);
    return answerOf(taken);
  }

  async #entriesOf(all: readonly Folded[]): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const folded of all) {
      entries.push({ ...storeEncoded(folded, folded.handler, folded.encode()), events: folded.events });
      if (entries.length % BURST_STATES === 0) await this.#options.pause();
    }
    return entries;
  }

  #count(post: Post): void {
    for (const [code, count] of post.refusals) {
      this.#linesRefused.add(code, count);
      this.#measure("taba_server_lines_refused", count, { reason: code });
    }
    if (post.lines === 0 && post.refusals.size > 0) return;
    this.#counts.posts++;
    this.#counts.lines += post.lines;
    this.#counts.events += post.events;
    this.#measure("taba_server_events", post.events);
    this.#measure("taba_server_post_lines", post.lines);
  }
}

function* lateRefusals(folded: readonly Folded[], { conflicts, full }: Enqueued): Generator<LateRefusal> {
  for (const { index, type } of conflicts) {
    const { tab, handler } = folded[index];
    yield { folded: folded[index], refusal: { code: "type_conflict", message: typeConflict(tab, type, handler.type) } };
  }
  for (const { index, of } of full) yield { folded: folded[index], refusal: fullRefusal(folded[index], of) };
}

function fullRefusal({ tab, client }: Folded, of: "tabs" | "clients"): LineRefusal {
  return of === "tabs"
    ? { code: "tabs_full", message: `cannot open tab "${tab}": the store holds as many tabs as it may` }
    : { code: "clients_full", message: `cannot take client "${client}": the store holds as many clients as it may` };
}
