// What clients have posted and is not sealed yet: which batches were applied, which type a tab has, the States they
// grew into, and how much of all that may be held. Never reads a body and never sends.

import { AppliedBatches } from "../core/delivery.ts";
import { Folding } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import type { Result } from "../core/refusal.ts";
import type { PostAnswer } from "../core/event.ts";
import type { Clock } from "../core/world.ts";
import { answerOf, type LateRefusal, type Post, type PostRefusal, refuseLate, staleRefusal } from "../service/post.ts";
import { type Part, Sealing, type SealingOptions } from "./sealing.ts";

export interface IntakeOptions extends SealingOptions {
  readonly registry: Registry;
  readonly clock: Clock;
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

export class Intake {
  readonly #options: IntakeOptions;
  readonly #applied = new AppliedBatches();
  readonly #typeByTab = new Map<string, string>();
  #folding: Folding;
  #sealing: Sealing | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#folding = this.#open();
  }

  get states(): number {
    return this.#folding.size + (this.#sealing?.states ?? 0);
  }

  get events(): number {
    return this.#folding.events + (this.#sealing?.events ?? 0);
  }

  /** The type that a tab had when it was last sealed. */
  typeOf(tab: string): string | undefined {
    return this.#typeByTab.get(tab);
  }

  /** A server has rejected a line: maybe the tab has another type there, so that from now on any is taken. */
  forgetType({ tab, type }: { readonly tab: string; readonly type: string }): void {
    if (this.#typeByTab.get(tab) === type) this.#typeByTab.delete(tab);
  }

  /**
   * Takes a post that was read whole. One step without a pause, so that of two equal posts, read at the same time,
   * one counts.
   */
  take(post: Post): Taken {
    const { id } = post.header;
    switch (id === undefined ? "new" : this.#applied.verdict(id)) {
      case "repeated":
        return { verdict: "repeated", post, answer: answerOf(post, { repeated: true }) };
      case "stale":
        return { verdict: "refused", post, answer: { ok: false, refusal: staleRefusal(post) } };
      case "new":
        break;
    }
    const late: readonly LateRefusal[] = this.#folding.absorb(post.folding);
    if (id !== undefined) this.#applied.note(id, this.#options.clock());
    const taken = refuseLate(post, late);
    return { verdict: "new", post: taken, answer: answerOf(taken) };
  }

  /** Closes the current States, so that `seal` gives them out, unless earlier ones still wait for that. */
  turn(): void {
    if (this.#sealing !== undefined || this.#folding.size === 0) return;
    for (const { tab, handler } of this.#folding) this.#learnType(tab, handler.type);
    this.#sealing = new Sealing(this.#folding, this.#options);
    this.#folding = this.#open();
  }

  /** The next part of what was closed; undefined where nothing of it is left. */
  seal(): Part | undefined {
    const part = this.#sealing?.take();
    if (this.#sealing?.states === 0) this.#sealing = undefined;
    return part;
  }

  #open(): Folding {
    // What waits to be sealed takes room as well; the more of it is gone, the more may be folded.
    const room = () => this.#options.statesMax - (this.#sealing?.states ?? 0);
    return new Folding(this.#options.registry, {
      typeOf: (tab) => this.typeOf(tab),
      get statesMax() {
        return room();
      },
    });
  }

  #learnType(tab: string, type: string): void {
    if (this.#typeByTab.has(tab)) return;
    this.#typeByTab.set(tab, type);
    if (this.#typeByTab.size <= this.#options.statesMax) return;
    // What was learned first goes first; a tab in use is learned again when it is next sealed.
    for (const oldest of this.#typeByTab.keys()) {
      this.#typeByTab.delete(oldest);
      return;
    }
  }
}
