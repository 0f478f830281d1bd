// A disk as the agent's journal sees it, in memory: it can be full, and it can fail in the middle of any write, as it
// looks to a process that is killed there.

import type { Disk } from "../../agent/journal/journal.ts";
import type { DiskFile } from "../../agent/journal/record_file.ts";

export class MemoryDisk implements Disk {
  readonly files = new Map<string, { bytes: Uint8Array }>();
  /** What all files together may have. */
  bytesMax = Number.MAX_SAFE_INTEGER;
  /** Changes until the process is killed within one; from then on nothing succeeds. */
  changesLeft = Number.MAX_SAFE_INTEGER;
  /** Times that data was asked to be made safe. */
  syncs = 0;
  /** Files that were opened and not closed yet. */
  filesOpen = 0;
  #isDead = false;

  get isDead(): boolean {
    return this.#isDead;
  }

  get bytes(): number {
    let bytes = 0;
    for (const file of this.files.values()) bytes += file.bytes.length;
    return bytes;
  }

  /** As the next process finds it. */
  restarted(): MemoryDisk {
    const next = new MemoryDisk();
    next.bytesMax = this.bytesMax;
    for (const [name, { bytes }] of this.files) next.files.set(name, { bytes: bytes.slice() });
    return next;
  }

  names(): readonly string[] {
    return [...this.files.keys()];
  }

  open(name: string): DiskFile {
    if (!this.files.has(name)) {
      this.#change();
      this.files.set(name, { bytes: new Uint8Array() });
    }
    const file = this.files.get(name) ?? { bytes: new Uint8Array() };
    let at = 0;
    this.filesOpen++;
    return {
      readSync: (into) => {
        const bytes = file.bytes.subarray(at, at + into.length);
        into.set(bytes);
        at += bytes.length;
        return bytes.length === 0 ? null : bytes.length;
      },
      writeSync: (bytes) => {
        const room = Math.max(0, this.bytesMax - this.bytes + file.bytes.length - at);
        const isKilled = this.#isKilledNow();
        const written = bytes.subarray(0, Math.min(room, isKilled ? Math.floor(bytes.length / 2) : bytes.length));
        const whole = new Uint8Array(Math.max(file.bytes.length, at + written.length));
        whole.set(file.bytes);
        whole.set(written, at);
        file.bytes = whole;
        at += written.length;
        if (isKilled) throw new Error("killed");
        if (written.length === 0) throw new Error("No space left on device (os error 28)");
        return written.length;
      },
      seekSync: (offset) => at = offset,
      truncateSync: (length) => {
        this.#change();
        file.bytes = file.bytes.slice(0, length);
      },
      syncData: () => {
        this.syncs++;
        return Promise.resolve();
      },
      syncDataSync: () => {
        this.syncs++;
      },
      close: () => {
        this.filesOpen--;
      },
    };
  }

  rename(from: string, to: string): void {
    this.#change();
    const file = this.files.get(from);
    if (file === undefined) throw new Error(`no file ${from}`);
    this.files.delete(from);
    this.files.set(to, file);
  }

  remove(name: string): void {
    this.#change();
    if (!this.files.delete(name)) throw new Error(`no file ${name}`);
  }

  sync(): void {}

  close(): void {}

  #change(): void {
    if (this.#isKilledNow()) throw new Error("killed");
  }

  #isKilledNow(): boolean {
    if (this.#isDead) throw new Error("killed");
    this.#isDead = --this.changesLeft < 0;
    return this.#isDead;
  }
}
