// What clients have posted and is not sealed yet: which batches were applied, which type a tab has, the States they
// grew into, and how much of all that may be held. Never reads a body and never sends.

import { Folding, type Refused } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { accept, type RequestRefusal, type Result } from "../core/refusal.ts";
import type { BatchHeader, PostAnswer } from "../core/event.ts";
import type { Clock } from "../core/world.ts";
import { answerOf, type Post, type PostRefusal, refuseLate, staleRefusal } from "../service/post.ts";
import type { Journal, Left, Segment } from "./journal/journaling.ts";
import { type Part, Sealing, type SealingOptions } from "./sealing.ts";
import { TabTypes } from "./tab_types.ts";

export interface IntakeOptions extends SealingOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly journal: Journal;
  /** States held at once: lines that would need one more are refused. */
  readonly statesMax: number;
}

/** What became of a post that could be read. */
export interface Taken {
  readonly verdict: "new" | "repeated" | "refused";
  /** Without the lines that could not be taken after all. */
  readonly post: Post;
  readonly answer: Result<PostAnswer, PostRefusal>;
}

/** States that are being sealed, and where they are kept. */
interface Closed {
  readonly sealing: Sealing;
  readonly segment: Segment;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #types: TabTypes;
  #folding: Folding;
  #segment: Segment;
  #closed: readonly Closed[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#types = new TabTypes({ clock: options.clock, tabsMax: options.statesMax });
    this.#folding = this.#open();
    this.#segment = options.journal.begin();
  }

  get states(): number {
    return this.#folding.size + this.#closedStates;
  }

  get events(): number {
    return this.#closed.reduce((events, { sealing }) => events + sealing.events, this.#folding.events);
  }

  /** Takes over what an earlier process had not sealed, in its order, so that seqs go on rising from segment to segment. */
  restore(lefts: readonly Left[]): void {
    const last = lefts.at(-1);
    const isOpenAgain = last !== undefined && this.#goOnWith(last);
    const closed = (isOpenAgain ? lefts.slice(0, -1) : lefts).map(({ folded, segment, sealedTo }) => {
      for (const { tab, handler } of folded) this.#types.learn(tab, handler.type);
      return { sealing: new Sealing(folded, this.#options, sealedTo), segment };
    });
    this.#closed = [...this.#closed, ...closed];
    this.#leaveEmpty();
  }

  /**
   * Folds on where the earlier process stopped, in its segment: else each restart in a long outage would leave one more.
   * False where that can't be.
   */
  #goOnWith({ folded, segment, sealedTo, parts }: Left): boolean {
    if (sealedTo > 0 || parts.length > 0 || this.#folding.size > 0) return false;
    const { taken, refused } = this.#folding.sift(folded);
    if (refused.length > 0) return false;
    this.#folding.reduce(taken);
    this.#segment.finish();
    this.#segment = segment;
    return true;
  }

  /** The type that a tab had when it was last sealed, if that was lately. */
  typeOf(tab: string): string | undefined {
    return this.#types.typeOf(tab);
  }

  /** A server has rejected a line: maybe the tab has another type there, so that from now on any is taken. */
  forgetType({ tab, type }: { readonly tab: string; readonly type: string }): void {
    this.#types.forget(tab, type);
  }

  /**
   * Takes a post that was read whole. One step without a pause, so that of two equal posts, read at the same time,
   * one counts.
   */
  take(post: Post): Taken {
    const { journal, clock } = this.#options;
    const { id } = post.header;
    switch (id === undefined ? "new" : journal.applied.verdict(id)) {
      case "repeated":
        return { verdict: "repeated", post, answer: answerOf(post, { repeated: true }) };
      case "stale":
        return { verdict: "refused", post, answer: { ok: false, refusal: staleRefusal(post) } };
      case "new":
        break;
    }
    const now = clock();
    const refused = this.absorb(post.folding, { ...(id === undefined ? {} : { id }), sent: now });
    if (!refused.ok) return { verdict: "refused", post, answer: refused };
    const rest = refuseLate(post, refused.value);
    return { verdict: "new", post: rest, answer: answerOf(rest) };
  }

  /**
   * Keeps and folds in what was folded elsewhere, and answers what of it could not be taken; nothing of it is where the
   * journal can't keep it.
   */
  absorb(folding: Folding, header: BatchHeader = {}): Result<readonly Refused[], RequestRefusal> {
    const { taken, refused } = this.#folding.sift(folding);
    // A batch of which nothing counts is not remembered: its repeat would be told that all of it does.
    if (taken.length === 0 && refused.length > 0) return accept(refused);
    const { id, sent = 0 } = header;
    const kept = this.#segment.append(header, taken);
    if (!kept.ok) return kept;
    this.#folding.reduce(taken);
    if (id !== undefined) this.#options.journal.applied.note(id, sent);
    return accept(refused);
  }

  /** Has what is folded take little room in the journal, in steps between which posts may come. */
  compact(): Iterable<void> {
    return this.#segment.compact(this.#folding);
  }

  /** Closes the current States, so that `seal` gives them out, unless earlier ones still wait for that. */
  turn(): void {
    if (this.#closed.length > 0 || this.#folding.size === 0) return;
    const folded = [...this.#folding];
    for (const { tab, handler } of folded) this.#types.learn(tab, handler.type);
    this.#closed = [{ sealing: new Sealing(folded, this.#options), segment: this.#segment }];
    this.#folding = this.#open();
    this.#segment = this.#options.journal.begin();
    this.#leaveEmpty();
  }

  /**
   * The next part of what was closed, to be sent as `seq`; undefined where nothing of it is left, or where the journal
   * can't tell now that it was sealed.
   */
  seal(seq: number): { readonly part: Part; readonly segment: Segment } | undefined {
    if (this.#closed.length === 0) return undefined;
    const [{ sealing, segment }] = this.#closed;
    const part = sealing.peek();
    if (part === undefined || !segment.seal(seq, part.to)) return undefined;
    sealing.take();
    this.#leaveEmpty();
    return { part, segment };
  }

  get #closedStates(): number {
    return this.#closed.reduce((states, { sealing }) => states + sealing.states, 0);
  }

  #leaveEmpty(): void {
    for (const { sealing, segment } of this.#closed) if (sealing.states === 0) segment.finish();
    this.#closed = this.#closed.filter(({ sealing }) => sealing.states > 0);
  }

  #open(): Folding {
    // What waits to be sealed takes room as well; the more of it is gone, the more may be folded.
    const room = () => this.#options.statesMax - this.#closedStates;
    return new Folding(this.#options.registry, {
      typeOf: (tab) => this.typeOf(tab),
      get statesMax() {
        return room();
      },
    });
  }
}
