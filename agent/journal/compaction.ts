// A segment written anew beside itself while posts go on coming: each State that they have grown into once, in place of
// all of them. Until it is whole nothing depends on it; then it takes the place of the old one.

import type { BatchHeader } from "../../core/event.ts";
import type { Folded } from "../../core/folded.ts";
import { type StateLine, writeBatch } from "../../core/wire/ndjson.ts";
import type { Noted } from "./memory_file.ts";
import { type DiskFile, RecordFile } from "./record_file.ts";
import { lineOf } from "../sealing.ts";
import { POST } from "./segment_records.ts";

/** States are encoded so many bytes in one go: some tens of milliseconds. */
const STEP_BYTES = 1024 * 1024;

export class Compaction {
  readonly records: RecordFile;
  readonly #folding: Iterable<Folded>;
  #noted: readonly Noted[];
  /** The States it holds: what is posted to them from then on must be appended here as well. */
  readonly #written = new Set<string>();
  #ahead: readonly Folded[] = [];
  #at = 0;
  #statesBytes = 0;

  /** `folding` goes on growing; `noted` are the ids of what was folded into it so far. */
  constructor(file: DiskFile, from: { readonly folding: Iterable<Folded>; readonly noted: readonly Noted[] }) {
    this.records = RecordFile.open(file, () => {}).records;
    this.#folding = from.folding;
    this.#noted = [...from.noted];
  }

  /** What its States take. */
  get statesBytes(): number {
    return this.#statesBytes;
  }

  /** Writes States that are not written yet. False where there were none: until the next post it is whole. */
  step(): boolean {
    for (const { id, time } of this.#noted) this.records.append(POST, writeBatch({ id, sent: time }, []));
    this.#noted = [];
    if (this.#at === this.#ahead.length) {
      // In the order of the folding, new ones after all others: what is sealed is told by places in that order.
      this.#ahead = [...this.#folding].filter((folded) => !this.#written.has(keyOf(folded)));
      this.#at = 0;
    }
    if (this.#ahead.length === 0) return false;
    const before = this.records.length;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for (const chunk of writeBatch({}, this.#lines())) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= STEP_BYTES) break;
    }
    this.records.append(POST, chunks);
    this.#statesBytes += this.records.length - before;
    return true;
  }

  /** Keeps what a post adds to States that are written; what it adds to others is in them once they are. */
  append(header: BatchHeader, taken: readonly Folded[]): void {
    const lines = taken.filter((folded) => this.#written.has(keyOf(folded))).map(lineOf);
    this.records.append(POST, writeBatch(header, lines));
  }

  *#lines(): Iterable<StateLine> {
    while (this.#at < this.#ahead.length) {
      const folded = this.#ahead[this.#at++];
      this.#written.add(keyOf(folded));
      yield lineOf(folded);
    }
  }
}

/** No name has a space. */
function keyOf({ tab, client }: Folded): string {
  return `${tab} ${client}`;
}
