// A file of records that are only ever appended: each has its length and a checksum, so that one that was written in
// part is known by it. Knows nothing of what is in them.

import { crc32 } from "node:zlib";
import { joinBytes } from "../../core/bytes.ts";

/** What this needs of an open file. Its errors are thrown as they come. */
export interface DiskFile {
  readSync(into: Uint8Array): number | null;
  writeSync(bytes: Uint8Array): number;
  seekSync(offset: number, whence: 0): number;
  truncateSync(length: number): void;
  syncData(): Promise<void>;
  syncDataSync(): void;
  close(): void;
}

export interface DiskRecord {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** How the records of a file end: what lies behind the last good one is a torn record or, worse, a corrupt one. */
export type Ending = "clean" | "torn" | "corrupt";

/** Length of what follows the head, then its checksum; what follows is the kind and the payload. */
const HEAD_BYTES = 8;

export class RecordFile {
  readonly #file: DiskFile;
  #length: number;
  #synced = 0;
  #syncing: Promise<void> | undefined;
  /** Something lies behind `length` that could not be cut off. */
  #isTorn = false;
  #isClosed = false;

  private constructor(file: DiskFile, length: number) {
    this.#file = file;
    this.#length = length;
  }

  /** Gives `take` each good record in turn and cuts off what lies behind the last. */
  static open(
    file: DiskFile,
    take: (record: DiskRecord) => void,
  ): { readonly records: RecordFile; readonly ending: Ending } {
    const { length, ending } = readAll(file, take);
    const records = new RecordFile(file, length);
    records.#isTorn = ending !== "clean";
    return { records, ending };
  }

  get length(): number {
    return this.#length;
  }

  /** Whether all that was appended outlives a crash of the machine. */
  get isSynced(): boolean {
    return this.#synced === this.#length;
  }

  /** Appends a record whole, or throws and has appended nothing. */
  append(kind: number, chunks: Iterable<Uint8Array>): void {
    const bytes = frame(kind, chunks);
    this.#mend();
    try {
      this.#file.seekSync(this.#length, 0);
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (cause) {
      this.#isTorn = true;
      this.#mend();
      throw cause;
    }
    this.#length += bytes.length;
  }

  /** Resolves once all that was appended before the call outlives a crash of the machine. Calls share the work. */
  async sync(): Promise<void> {
    const length = this.#length;
    while (this.#synced < length && !this.#isClosed) await (this.#syncing ??= this.#sync());
  }

  syncNow(): void {
    this.#file.syncDataSync();
    this.#synced = this.#length;
  }

  close(): void {
    this.#isClosed = true;
    this.#file.close();
  }

  async #sync(): Promise<void> {
    const length = this.#length;
    try {
      await this.#file.syncData();
      this.#synced = length;
    } catch (error) {
      // Whoever closes a file needs it no more.
      if (!this.#isClosed) throw error;
    } finally {
      this.#syncing = undefined;
    }
  }

  #mend(): void {
    if (!this.#isTorn) return;
    this.#file.truncateSync(this.#length);
    this.#isTorn = false;
  }
}

function frame(kind: number, chunks: Iterable<Uint8Array>): Uint8Array {
  const parts = [...chunks];
  const bytes = new Uint8Array(HEAD_BYTES + 1 + parts.reduce((length, part) => length + part.length, 0));
  bytes[HEAD_BYTES] = kind;
  let at = HEAD_BYTES + 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const head = new DataView(bytes.buffer);
  head.setUint32(0, bytes.length - HEAD_BYTES, true);
  head.setUint32(4, crc32(bytes.subarray(HEAD_BYTES)), true);
  return bytes;
}

function readAll(
  file: DiskFile,
  take: (record: DiskRecord) => void,
): { readonly length: number; readonly ending: Ending } {
  let length = 0;
  for (;;) {
    const head = read(file, HEAD_BYTES);
    if (head.length === 0) return { length, ending: "clean" };
    if (head.length < HEAD_BYTES) return { length, ending: "torn" };
    const view = new DataView(head.buffer);
    const wanted = view.getUint32(0, true);
    const bytes = read(file, wanted);
    if (bytes.length < wanted) return { length, ending: "torn" };
    if (bytes.length === 0 || crc32(bytes) !== view.getUint32(4, true)) {
      return { length, ending: read(file, 1).length === 0 ? "torn" : "corrupt" };
    }
    take({ kind: bytes[0], payload: bytes.subarray(1) });
    length += HEAD_BYTES + wanted;
  }
}

const PIECE_BYTES = 1024 * 1024;

/** The next `count` bytes, or all that there are. A length that is made up takes no memory. */
function read(file: DiskFile, count: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < count) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, count - bytes));
    const got = file.readSync(piece);
    if (got === null || got === 0) break;
    pieces.push(piece.subarray(0, got));
    bytes += got;
  }
  return joinBytes(pieces);
}
