// What an agent has done since it started, as numbers. Events add up: those folded and replayed are those held, open,
// acknowledged, rejected and dropped.

import type { PostAnswer, RejectedLine } from "../core/event.ts";
import type { LineRefusalCode } from "../core/refusal.ts";
import type { Post } from "../service/post.ts";
import { Tally } from "../service/tally.ts";
import type { OpenBatch } from "./outbox.ts";

/** The reason of a line that a server left out without naming one. */
const UNNAMED = "unnamed";

export class Figures {
  postsAccepted = 0;
  postsRepeated = 0;
  readonly postsRefused = new Tally();
  linesAccepted = 0;
  readonly linesRefused = new Tally();
  /** Accepted from clients. */
  eventsFolded = 0;
  /** Accepted by an earlier process and found in its journal, where they were not known to be counted. */
  eventsReplayed = 0;
  /** Counted by a server. */
  eventsAcked = 0;
  /** In lines that a server left out of a batch that it took. */
  eventsRejected = 0;
  /** Also those of batches that a server refused as a whole for its lines. */
  readonly linesRejected = new Tally();
  /** In batches that a server refused as a whole, and in lines that no server takes. */
  readonly eventsDropped = new Tally();
  batchesSealed = 0;
  batchesAcked = 0;
  /** Of those, the ones that a server had applied before. */
  batchesRepeated = 0;
  readonly batchesDropped = new Tally();

  /** Counts a post that could be read, refused ones aside. */
  countPost(post: Post, verdict: "new" | "repeated" | "refused"): void {
    if (verdict === "repeated") this.postsRepeated++;
    if (verdict !== "new") return;
    // Where none of its lines could be taken, it is counted as refused.
    if (post.lines > 0 || post.refusals.size === 0) this.postsAccepted++;
    this.linesAccepted += post.lines;
    this.eventsFolded += post.events;
    for (const [code, count] of post.refusals) this.linesRefused.add(code, count);
  }

  /** Counts what came in without a post; of its lines only those refused are known, an event for each. */
  countDatagrams(events: number, refused: ReadonlyMap<LineRefusalCode, number>): void {
    this.eventsFolded += events;
    for (const [code, count] of refused) this.linesRefused.add(code, count);
  }

  countAcked({ events, lines }: OpenBatch, answer: PostAnswer): void {
    this.batchesAcked++;
    if (answer.repeated) {
      // What it said of single lines the first time is not known any more.
      this.batchesRepeated++;
      this.eventsAcked += events;
      return;
    }
    const acked = Math.min(events, answer.events);
    this.eventsAcked += acked;
    this.eventsRejected += events - acked;
    this.#countRejected(lines.length - answer.lines, answer.rejected);
  }

  countDropped({ events, lines }: OpenBatch, reason: string, rejected: readonly RejectedLine[]): void {
    this.batchesDropped.add(reason);
    this.eventsDropped.add(reason, events);
    if (rejected.length > 0) this.#countRejected(lines.length, rejected);
  }

  /** So many lines of a batch were left out, some of them named. */
  #countRejected(lines: number, rejected: readonly RejectedLine[]): void {
    const named = rejected.slice(0, Math.max(0, lines));
    for (const { code = UNNAMED } of named) this.linesRejected.add(code);
    if (lines > named.length) this.linesRejected.add(UNNAMED, lines - named.length);
  }
}
