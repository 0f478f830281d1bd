// What an agent asks of a journal, whether there is a disk behind it or not: segments, each of which holds what was
// folded between two turns, and which parts of it were sealed and are still open.

import { AppliedBatches } from "../../core/delivery.ts";
import type { BatchHeader } from "../../core/event.ts";
import type { Folded } from "../../core/folded.ts";
import type { RequestRefusal, Result } from "../../core/refusal.ts";
import { accept } from "../../core/refusal.ts";

/** What was folded since the last turn. It is there until all of it was given out and every part of that is closed. */
export interface Segment {
  /** Keeps what a post adds to the folding, in this order; it is answered only afterwards. */
  append(header: BatchHeader, taken: readonly Folded[]): Result<void, RequestRefusal>;
  /**
   * Where posts have come to take much more room than what they have grown into, keeps that in their place. Takes steps
   * of some tens of milliseconds: between two of them posts may come, and `folding` is then all that was kept.
   */
  compact(folding: Iterable<Folded>): Iterable<void>;
  /**
   * Says, before the first byte of it is sent, that the States up to the one of index `to`, from where the last part
   * ended, have this seq. Indexes count the folding in its order. False where that can't be kept: try again later.
   */
  seal(seq: number, to: number): boolean;
  /** The part will never be sent again. */
  close(seq: number): void;
  /** All has been given out. */
  finish(): void;
}

/** A part that was sealed by an earlier process and may have been sent. */
export interface LeftPart {
  readonly seq: number;
  readonly from: number;
  readonly to: number;
}

/** A segment of an earlier process. */
export interface Left {
  readonly segment: Segment;
  /** In the order in which they were folded then. */
  readonly folded: readonly Folded[];
  /** Not closed, rising. */
  readonly parts: readonly LeftPart[];
  /** The States from this index on belong to no part yet. */
  readonly sealedTo: number;
}

export interface JournalStatus {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly segments: number;
  /** Records that were only written in part, whose senders so were never answered. */
  readonly tornRecords: number;
  /** Files that were corrupt in their middle, so that something was lost. */
  readonly corruptFiles: number;
  /** Times that what posts had grown into took their place. */
  readonly compactions: number;
  /** Attempts to write that failed. */
  readonly failures: number;
  readonly lastError?: string;
}

export interface Journal {
  /** As servers know the agent: it outlives the process where the journal does. */
  readonly sender: string;
  /** Above all seqs that were ever used. */
  readonly firstSeq: number;
  /** Which batches of its clients were applied. */
  readonly applied: AppliedBatches;
  /** In the order in which they were begun. Given once: from then on they are whoever's who took them. */
  takeLeft(): readonly Left[];
  begin(): Segment;
  /** Resolves once all that was kept outlives what the journal was told to outlive. */
  synced(): Promise<void>;
  /** Tries again what could not be written and tidies up; asked for now and then. */
  tend(): Promise<void>;
  /** Undefined where nothing is kept. */
  status(): JournalStatus | undefined;
  /** Nothing is kept from then on. */
  close(): void;
}

/** No journal: what the agent holds ends with its process. */
export class NoJournal implements Journal {
  readonly firstSeq = 0;
  readonly applied = new AppliedBatches();
  readonly sender: string;

  /** No other process may ever use the `sender`. */
  constructor(sender: string) {
    this.sender = sender;
  }

  takeLeft(): readonly Left[] {
    return [];
  }

  begin(): Segment {
    return { append: () => accept(undefined), compact: () => [], seal: () => true, close() {}, finish() {} };
  }

  synced(): Promise<void> {
    return Promise.resolve();
  }

  tend(): Promise<void> {
    return Promise.resolve();
  }

  status(): undefined {
    return undefined;
  }

  close(): void {}
}
