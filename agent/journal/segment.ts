// A segment of the journal as a file of records: posts as they were folded in, which parts were sealed under which
// seq, and which of those are closed. Reading it gives the same folding and the same parts again.

import { assert } from "../../core/assert.ts";
import type { BatchHeader } from "../../core/event.ts";
import type { Folded } from "../../core/folded.ts";
import { Folding } from "../../core/folding.ts";
import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { accept, type RequestRefusal, type Result } from "../../core/refusal.ts";
import { NdjsonReader, type Read, writeBatch } from "../../core/wire/ndjson.ts";
import { Compaction } from "./compaction.ts";
import type { Left, LeftPart, Segment } from "./journaling.ts";
import type { Noted } from "./memory_file.ts";
import { type DiskFile, type DiskRecord, type Ending, RecordFile } from "./record_file.ts";
import { lineOf } from "../sealing.ts";
import { CLOSED, POST, SEALED } from "./segment_records.ts";

/** What a segment needs of its journal. */
export interface Keeper {
  /** What posts may take beyond twice the States that they have grown into. */
  readonly slackBytes: number;
  /** An empty file. */
  create(name: string): DiskFile;
  /** Writes a post, or says why not. */
  keep(write: () => void, bytes: number): Result<void, RequestRefusal>;
  /** Writes what must be written for batches to be sent; false where that can't be done now. */
  note(write: () => void): boolean;
  /** Writes what need not be written now; false where it can't be. */
  tidy(write: () => void): boolean;
  /** Has all of it outlive what it must; asked for often, so that no single write takes long. */
  settle(records: RecordFile): void;
  /** Has the file of that name with `NEW` behind it, which is whole, take the place of the other one. */
  replace(name: string): void;
  /** Removes a file that is not needed. */
  discard(name: string): void;
  /** Whether what the segment holds outlives what it must, so that its ids may be remembered elsewhere. */
  isSafe(segment: DiskSegment): boolean;
  /** Remembers ids of posts beside the segments, and that seqs below `next` were used. */
  remember(noted: readonly Noted[], next: number): boolean;
  /** All of the segment is delivered, and remembered. */
  remove(segment: DiskSegment): void;
}

/** How the name of a file ends that takes the place of another once it is whole. */
export const NEW = ".new";

export class DiskSegment implements Segment {
  readonly name: string;
  readonly #keeper: Keeper;
  #records: RecordFile | undefined;
  #noted: Noted[] = [];
  readonly #open = new Set<number>();
  #next = 0;
  #isFinished = false;
  #compaction: Compaction | undefined;
  /** With more bytes than these it is to be written anew. */
  #compactAbove: number;

  constructor(name: string, keeper: Keeper) {
    this.name = name;
    this.#keeper = keeper;
    this.#compactAbove = keeper.slackBytes;
  }

  /** What an earlier process left in `file`. @throws {Error} where it can't be folded again */
  static read(
    file: DiskFile,
    from: { readonly name: string; readonly keeper: Keeper; readonly registry: Registry; readonly now: number },
  ): { readonly segment: DiskSegment; readonly left: Left; readonly noted: readonly Noted[]; readonly ending: Ending } {
    const reading = new Reading(from.registry, from.now);
    const { records, ending } = RecordFile.open(file, (record) => reading.take(record));
    const segment = new DiskSegment(from.name, from.keeper);
    segment.#records = records;
    segment.#noted = reading.noted;
    segment.#next = reading.next;
    for (const { seq } of reading.parts) segment.#open.add(seq);
    const { parts, sealedTo } = reading;
    return { segment, left: { segment, folded: [...reading.folding], parts, sealedTo }, noted: reading.noted, ending };
  }

  get length(): number {
    return (this.#records?.length ?? 0) + (this.#compaction?.records.length ?? 0);
  }

  /** Whether there is a file of it. */
  get isOnDisk(): boolean {
    return this.#records !== undefined;
  }

  /** Seqs from here on were not used by it. */
  get next(): number {
    return this.#next;
  }

  append(header: BatchHeader, taken: readonly Folded[]): Result<void, RequestRefusal> {
    const { id, sent = 0 } = header;
    if (taken.length === 0 && id === undefined) return accept(undefined);
    const chunks = [...writeBatch(header, taken.map(lineOf))];
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const kept = this.#keeper.keep(() => {
      this.#records ??= RecordFile.open(this.#keeper.create(this.name), () => {}).records;
      this.#records.append(POST, chunks);
    }, bytes);
    if (!kept.ok) return kept;
    if (id !== undefined) this.#noted.push({ id, time: sent });
    const compaction = this.#compaction;
    if (compaction !== undefined && !this.#keeper.tidy(() => compaction.append(header, taken))) {
      this.#abandonCompaction();
    }
    return kept;
  }

  *compact(folding: Iterable<Folded>): Generator<void, void, void> {
    if (this.#compaction !== undefined || (this.#records?.length ?? 0) <= this.#compactAbove) return;
    if (!this.#keeper.tidy(() => this.#beginCompaction(folding))) return;
    const compaction = this.#compaction;
    try {
      // Whatever else becomes of the segment between two steps has abandoned it.
      while (
        compaction !== undefined && compaction === this.#compaction &&
        this.#keeper.tidy(() => this.#stepCompaction(compaction))
      ) yield;
    } finally {
      if (compaction === this.#compaction) this.#abandonCompaction();
    }
  }

  seal(seq: number, to: number): boolean {
    assert(!this.#isFinished, "nothing is sealed after the last part");
    this.#abandonCompaction();
    if (!this.#note(SEALED, [seq, to])) return false;
    this.#open.add(seq);
    this.#next = seq + 1;
    return true;
  }

  close(seq: number): void {
    assert(this.#open.delete(seq), "a part is closed once");
    // Also of the last part, as the segment may outlive the process before it is removed. What can't be noted now costs
    // nothing but a repeat.
    this.#note(CLOSED, [seq]);
    this.tend();
  }

  finish(): void {
    this.#abandonCompaction();
    this.#isFinished = true;
    this.tend();
  }

  /**
   * Has the segment removed when that is due, and tries again where it could not be. While it lives for long, ids that
   * are kept for sure leave the memory of the process.
   */
  tend(): void {
    const isOver = this.#isFinished && this.#open.size === 0;
    if (isOver && this.#remember()) this.#keeper.remove(this);
    else if (!isOver && this.#noted.length >= limits.journalIdsMax && this.#keeper.isSafe(this)) this.#remember();
  }

  get isSynced(): boolean {
    return this.#records?.isSynced ?? true;
  }

  async sync(): Promise<void> {
    await this.#records?.sync();
  }

  shut(): void {
    this.#abandonCompaction();
    this.#records?.close();
  }

  get #newName(): string {
    return `${this.name}${NEW}`;
  }

  #beginCompaction(folding: Iterable<Folded>): void {
    this.#compaction = new Compaction(this.#keeper.create(this.#newName), { folding, noted: this.#noted });
  }

  #stepCompaction(compaction: Compaction): void {
    const { records } = compaction;
    const isWhole = !compaction.step();
    this.#keeper.settle(records);
    if (!isWhole) return;
    this.#keeper.replace(this.name);
    this.#records?.close();
    this.#records = records;
    this.#compaction = undefined;
    this.#compactAbove = 2 * compaction.statesBytes + this.#keeper.slackBytes;
  }

  #abandonCompaction(): void {
    const compaction = this.#compaction;
    if (compaction === undefined) return;
    this.#compaction = undefined;
    compaction.records.close();
    this.#keeper.discard(this.#newName);
    // What could not be written is not tried again at once.
    this.#compactAbove = this.length + this.#keeper.slackBytes;
  }

  #remember(): boolean {
    if (this.#records === undefined) return true;
    if (!this.#keeper.remember(this.#noted, this.#next)) return false;
    this.#noted = [];
    return true;
  }

  #note(kind: number, numbers: readonly number[]): boolean {
    const records = this.#records;
    assert(records !== undefined, "what is sealed was appended before");
    const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
    return this.#keeper.note(() => records.append(kind, [bytes]));
  }
}

/** A segment while it is read. */
class Reading {
  readonly folding: Folding;
  readonly noted: Noted[] = [];
  parts: readonly LeftPart[] = [];
  sealedTo = 0;
  next = 0;
  readonly #now: number;

  constructor(registry: Registry, now: number) {
    this.folding = new Folding(registry, { statesMax: Number.MAX_SAFE_INTEGER });
    this.#now = now;
  }

  take({ kind, payload }: DiskRecord): void {
    switch (kind) {
      case POST:
        this.#fold(payload);
        break;
      case SEALED: {
        const [seq, to] = numbersOf(payload);
        this.parts = [...this.parts, { seq, from: this.sealedTo, to }];
        this.sealedTo = to;
        this.next = seq + 1;
        break;
      }
      case CLOSED: {
        const [closed] = numbersOf(payload);
        this.parts = this.parts.filter(({ seq }) => seq !== closed);
        break;
      }
      default:
        throw new Error(`it holds a record of an unknown kind ${kind}: a newer version wrote it`);
    }
  }

  #fold(payload: Uint8Array): void {
    for (const read of readLines(payload)) {
      switch (read.kind) {
        case "header":
          if (read.header.id !== undefined) {
            this.noted.push({ id: read.header.id, time: read.header.sent ?? this.#now });
          }
          break;
        case "line": {
          const folded = this.folding.add(read.line, this.#now);
          if (!folded.ok) throw new Error(folded.refusal.message);
          break;
        }
        default:
          throw new Error(read.refusal.message);
      }
    }
  }
}

function* readLines(payload: Uint8Array): Iterable<Read> {
  // As it is encoded here, a State may be longer than the line that it came from.
  const reader = new NdjsonReader({ lineBytesMax: Number.MAX_SAFE_INTEGER });
  yield* reader.push(payload);
  yield* reader.end();
}

function numbersOf(payload: Uint8Array): Float64Array {
  return new Float64Array(payload.slice().buffer);
}
