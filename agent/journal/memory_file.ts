// What an agent remembers beside its segments: its own sender and next seq, and which batches of its clients it has
// applied, as far as no segment says so. A log that is written anew when it has grown.

import type { AppliedBatches } from "../../core/delivery.ts";
import type { BatchId, Json } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import { formatHeader, parseHeader } from "../../core/wire/header.ts";
import { isObject } from "../../core/wire/json.ts";
import { type DiskFile, type Ending, RecordFile } from "./record_file.ts";

/** A batch of a client, and when it was applied. */
export interface Noted {
  readonly id: BatchId;
  readonly time: number;
}

export interface Remembered {
  /** As servers know the agent; undefined in an empty file. */
  readonly sender: string | undefined;
  /** No seq from here on was used by what is told here. */
  readonly next: number;
}

const MEMORY = 1;

/** Ids in one record when it is written anew. */
const IDS_A_RECORD = 4096;

export class MemoryFile {
  readonly #records: RecordFile;
  readonly #lengthAtFirst: number;

  private constructor(records: RecordFile, lengthAtFirst: number) {
    this.#records = records;
    this.#lengthAtFirst = lengthAtFirst;
  }

  /** Reads it and notes in `applied` what it tells. @throws {Error} where it holds what was never written */
  static open(
    file: DiskFile,
    applied: AppliedBatches,
  ): { readonly memory: MemoryFile; readonly remembered: Remembered; readonly ending: Ending } {
    let remembered: Remembered = { sender: undefined, next: 0 };
    const { records, ending } = RecordFile.open(file, ({ payload }) => {
      const [own, ...noted] = new TextDecoder().decode(payload).split("\n").map(readNoted);
      remembered = { sender: own.id.sender, next: Math.max(remembered.next, own.id.seq) };
      for (const each of noted) noteOnce(applied, each);
    });
    // How much of it is over is not known, so that all of it counts as grown.
    return { memory: new MemoryFile(records, 0), remembered, ending };
  }

  /** Writes all of it into an empty file. */
  static create(
    file: DiskFile,
    all: { readonly sender: string; readonly next: number; readonly applied: AppliedBatches },
  ): MemoryFile {
    const { records } = RecordFile.open(file, () => {});
    const memory = new MemoryFile(records, 0);
    const noted: Noted[] = [];
    for (const { sender, floor, seqs, heard } of all.applied) {
      for (const seq of seqs) noted.push({ id: { sender, seq, low: floor }, time: heard });
    }
    for (let at = 0; at === 0 || at < noted.length; at += IDS_A_RECORD) {
      memory.append(all, noted.slice(at, at + IDS_A_RECORD));
    }
    return new MemoryFile(records, records.length);
  }

  get length(): number {
    return this.#records.length;
  }

  /** Whether it would be shorter, as far as is known, if it were written anew. */
  get hasGrown(): boolean {
    return this.length > this.#lengthAtFirst;
  }

  /** Whether it should be written anew. */
  get isLong(): boolean {
    return this.length > 2 * this.#lengthAtFirst + limits.journalMemoryBytesMax;
  }

  append(own: { readonly sender: string; readonly next: number }, noted: readonly Noted[]): void {
    const lines = [{ id: { sender: own.sender, seq: own.next, low: own.next }, time: 0 }, ...noted].map(formatNoted);
    this.#records.append(MEMORY, [new TextEncoder().encode(lines.join("\n"))]);
  }

  sync(): Promise<void> {
    return this.#records.sync();
  }

  syncNow(): void {
    this.#records.syncNow();
  }

  shut(): void {
    this.#records.close();
  }
}

/** A batch may be told of twice: by the memory and by the segment that holds it. */
export function noteOnce(applied: AppliedBatches, { id, time }: Noted): void {
  if (applied.verdict(id) === "new") applied.note(id, time);
}

function formatNoted({ id, time }: Noted): string {
  return formatHeader({ id, sent: time });
}

function readNoted(line: string): Noted {
  const json: Json = JSON.parse(line);
  const header = isObject(json) ? parseHeader(json) : undefined;
  if (!header?.ok || header.value.id === undefined) throw new Error(`its memory holds a line that is no id: ${line}`);
  return { id: header.value.id, time: header.value.sent ?? 0 };
}
