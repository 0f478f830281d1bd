// A post from its first byte to its answer: who may post, how much may be read at once, and what is said of it. What a
// post counts for is the intake's to say.

import type { PostAnswer } from "../core/event.ts";
import type { DenialOf } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import type { RequestRefusal, Result } from "../core/refusal.ts";
import type { Clock, Sleep } from "../core/world.ts";
import { json, refused } from "../service/answers.ts";
import { originRefusal } from "../service/cors.ts";
import { type Measure, measureNothing } from "../service/own_tabs.ts";
import { Places } from "../service/places.ts";
import { type Post, type PostRefusal, readPost } from "../service/post.ts";
import { tokenRefusal } from "../service/token.ts";
import type { Figures } from "./figures.ts";
import type { Intake } from "./intake.ts";
import type { Journal } from "./journal/journaling.ts";

export interface ReceptionOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly journal: Journal;
  readonly intake: Intake;
  readonly figures: Figures;
  readonly statesMax: number;
  /** Of what clients post: of a body, decompressed, and of one of its lines. By default those of core/limits.ts. */
  readonly bodyBytesMax?: number;
  readonly lineBytesMax?: number;
  readonly denialOf?: DenialOf | undefined;
  /** What clients have to send as bearer. */
  readonly listenToken?: string | undefined;
  /** Origins of web pages that may post; "*" for all. */
  readonly corsOrigin?: readonly string[];
  /** Told what the agent measures of itself. */
  readonly measure?: Measure | undefined;
  /** From its abortion on nothing is taken. */
  readonly stopping: AbortSignal;
}

export const STOPPING: RequestRefusal = {
  code: "stopping",
  message: "cannot take posts any more as the agent is stopping: post again later",
};

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #measure: Measure;
  readonly #places = new Places();

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#measure = options.measure ?? measureNothing;
  }

  /** Answers once what the post holds is safe. `encoding` is the content-encoding where the request names none. */
  async post(request: Request, encoding?: string): Promise<Response> {
    try {
      const taken = await this.#take(request, encoding);
      return taken.ok ? json(taken.value) : this.#refuse(taken.refusal);
    } finally {
      // What was not read would keep the connection waiting.
      await Promise.allSettled([request.bodyUsed ? undefined : request.body?.cancel()]);
    }
  }

  async #take(request: Request, encoding: string | undefined): Promise<Result<PostAnswer, PostRefusal>> {
    const { registry, clock, sleep, journal, intake, figures, statesMax } = this.#options;
    const { stopping, listenToken, corsOrigin } = this.#options;
    if (stopping.aborted) return { ok: false, refusal: STOPPING };
    const refusal = originRefusal(request, corsOrigin) ?? tokenRefusal(request, listenToken);
    if (refusal !== undefined) return { ok: false, refusal };
    const entered = this.#places.enter();
    if (!entered.ok) return entered;
    using place = entered.value;
    const begun = clock();
    const read = await readPost(request, {
      ...{ registry, now: clock, sleep, statesMax, areTypesApart: true, encoding },
      bodyBytesMax: this.#options.bodyBytesMax ?? limits.bodyBytesMax,
      lineBytesMax: this.#options.lineBytesMax ?? limits.lineBytesMax,
      typeOf: (tab) => intake.typeOf(tab),
      denialOf: this.#options.denialOf,
      reserve: (bytes) => place.reserve(bytes),
    });
    if (!read.ok) return read;
    // The last States may have been sealed while the body was read.
    if (stopping.aborted) return { ok: false, refusal: STOPPING };
    const { verdict, post, answer } = intake.take(read.value);
    figures.countPost(post, verdict);
    if (verdict === "new") this.#tell(post, clock() - begun);
    // A repeat waits as well: it may have come before what it repeats is safe.
    await journal.synced();
    return answer;
  }

  #tell({ events, refusals }: Post, tookS: number): void {
    this.#measure("taba_agent_events", events);
    this.#measure("taba_agent_fold_s", Math.max(0, tookS));
    for (const [reason, lines] of refusals) this.#measure("taba_agent_lines_refused", lines, { reason });
  }

  #refuse(refusal: PostRefusal): Response {
    this.#options.figures.postsRefused.add(refusal.code);
    this.#measure("taba_agent_posts_refused", 1, { reason: refusal.code });
    return refused(refusal);
  }
}
