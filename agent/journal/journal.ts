// The journal in a folder: what clients were told is accepted outlives the agent. The only file of the agent that
// touches a disk. Owns the folder, its segments, the memory beside them, and what happens when the disk is full.

import { BugError } from "../../core/assert.ts";
import { AppliedBatches } from "../../core/delivery.ts";
import type { Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../../core/refusal.ts";
import { StartTrouble } from "../../service/lifecycle.ts";
import { background } from "../../service/background.ts";
import { describeError, type Log } from "../../service/log.ts";
import type { Journal, JournalStatus, Left, Segment } from "./journaling.ts";
import { MemoryFile, type Noted, noteOnce } from "./memory_file.ts";
import type { DiskFile, Ending, RecordFile } from "./record_file.ts";
import { DiskSegment, type Keeper, NEW } from "./segment.ts";

/** What is done to files of the folder, by their names. Errors are thrown as they come. */
export interface Disk {
  names(): readonly string[];
  /** For reading and writing, from its beginning; created where it is not there. */
  open(name: string): DiskFile;
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Has names outlive a crash of the machine. */
  sync(): void;
  /** From then on another process may open the folder. */
  close(): void;
}

export interface JournalOptions {
  readonly registry: Registry;
  readonly now: number;
  /** What posts may take; past it they are refused. */
  readonly bytesMax: number;
  /** Whether what is kept must outlive not only the process, but the machine. */
  readonly fsync: boolean;
  /** For an agent that has no sender yet. */
  readonly newSender: () => string;
  readonly log: Log;
}

const MEMORY = "memory";
const RESERVE = "reserve";
const LOCK = "lock";

/** Seqs that a corrupt segment may have used without our knowing. */
const SEQS_SKIPPED = 1_000_000;

/** Opens the folder for this process alone. @throws {StartTrouble} */
export function openFolder(folder: string): Disk {
  const at = (name: string) => `${folder}/${name}`;
  let lock: Deno.FsFile;
  const open = (name: string) => Deno.openSync(at(name), { read: true, write: true, create: true });
  try {
    Deno.mkdirSync(folder, { recursive: true });
    lock = open(LOCK);
    // The lock ends with the process, however that ends.
    if (!lock.tryLockSync(true)) {
      lock.close();
      throw new StartTrouble(`cannot start as the journal ${folder} must be of one agent: another one holds it`);
    }
  } catch (cause) {
    if (cause instanceof StartTrouble) throw cause;
    throw new StartTrouble(
      `cannot start as the journal ${folder} must be a folder to write to: ${describeError(cause)}`,
      { cause },
    );
  }
  return {
    names: () => [...Deno.readDirSync(folder)].map(({ name }) => name),
    open,
    rename: (from, to) => Deno.renameSync(at(from), at(to)),
    remove: (name) => Deno.removeSync(at(name)),
    sync() {
      using entries = Deno.openSync(folder);
      entries.syncSync();
    },
    close: () => lock.close(),
  };
}

/** Reads what an earlier process left. @throws {StartTrouble} where that can't be relied on */
export function openJournal(disk: Disk, options: JournalOptions): Journal {
  try {
    return new DiskJournal(disk, options);
  } catch (cause) {
    if (cause instanceof BugError) throw cause;
    throw new StartTrouble(`cannot start as the journal must be readable: ${describeError(cause)}`, { cause });
  }
}

class DiskJournal implements Journal, Keeper {
  readonly sender: string;
  readonly firstSeq: number;
  readonly applied = new AppliedBatches();
  readonly #disk: Disk;
  readonly #options: JournalOptions;
  /** In the order in which they were begun. */
  readonly #segments = new Set<DiskSegment>();
  #memory: MemoryFile;
  #next: number;
  #number = 0;
  #left: readonly Left[];
  /** Files that are over but could not be removed yet. */
  readonly #removing = new Set<string>();
  /** Bytes that are given up so that batches can go on being sent, and with them room be made. */
  #hasReserve = false;
  #tornRecords = 0;
  #corruptFiles = 0;
  #compactions = 0;
  #failures = 0;
  #lastError: string | undefined;

  constructor(disk: Disk, options: JournalOptions) {
    this.#disk = disk;
    this.#options = options;
    const names = disk.names();
    const segments = names.filter((name) => /^\d+\.segment$/.test(name)).sort();
    if (!names.includes(MEMORY) && segments.length > 0) throw new Error(`its file "${MEMORY}" is not there`);
    for (const name of names) if (name.endsWith(NEW)) disk.remove(name);
    const { memory, remembered, ending } = MemoryFile.open(disk.open(MEMORY), this.applied);
    this.#ended(MEMORY, ending);
    if (remembered.sender === undefined && (segments.length > 0 || ending === "corrupt")) {
      throw new Error(`its file "${MEMORY}" does not say who it belongs to`);
    }
    this.#memory = memory;
    this.sender = remembered.sender ?? options.newSender();
    this.#next = remembered.next;
    this.#left = segments.map((name) => this.#read(name));
    if (this.#corruptFiles > 0) this.#next += SEQS_SKIPPED;
    this.firstSeq = this.#next;
    // The sender must be known before anything is sent under it.
    if (remembered.sender === undefined || this.#corruptFiles > 0) this.#memory.append(this.#own, []);
    this.#attempt(() => this.#makeReserve());
  }

  takeLeft(): readonly Left[] {
    const left = this.#left;
    this.#left = [];
    return left;
  }

  begin(): Segment {
    const segment = new DiskSegment(`${String(++this.#number).padStart(12, "0")}.segment`, this);
    this.#segments.add(segment);
    return segment;
  }

  async synced(): Promise<void> {
    if (!this.#options.fsync) return;
    try {
      await Promise.all([this.#memory, ...this.#segments].map((each) => each.sync()));
    } catch (cause) {
      // What the system failed to write it forgets, so that a later success would mean nothing: only a new process,
      // which reads what there is, can go on (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
      throw new BugError(`the disk must keep what was written: ${describeError(cause)}`, { cause });
    }
  }

  async tend(): Promise<void> {
    await this.synced();
    for (const segment of [...this.#segments]) segment.tend();
    for (const name of [...this.#removing]) this.#unlink(name);
    if (this.#memory.isLong) this.#renewMemory();
  }

  status(): JournalStatus {
    return {
      bytes: this.#bytes,
      bytesMax: this.#options.bytesMax,
      segments: this.#segments.size,
      tornRecords: this.#tornRecords,
      corruptFiles: this.#corruptFiles,
      compactions: this.#compactions,
      failures: this.#failures,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  close(): void {
    for (const each of [this.#memory, ...this.#segments]) each.shut();
    this.#disk.close();
  }

  get slackBytes(): number {
    return limits.journalSlackShare * this.#options.bytesMax;
  }

  create(name: string): DiskFile {
    const file = this.#disk.open(name);
    this.#removing.delete(name);
    try {
      file.truncateSync(0);
      if (this.#options.fsync) this.#disk.sync();
      return file;
    } catch (cause) {
      file.close();
      throw cause;
    }
  }

  keep(write: () => void, bytes: number): Result<void, RequestRefusal> {
    const { bytesMax } = this.#options;
    const isFull = () => this.#bytes + bytes > bytesMax;
    if (isFull() && this.#memory.hasGrown) this.#renewMemory();
    if (isFull()) {
      this.#options.log.warn("refuses posts as the journal is full", { bytesMax });
      return refuse("journal_full", `cannot keep the post as the journal may have at most ${bytesMax} bytes`);
    }
    const isKept = (this.#hasReserve || this.#attempt(() => this.#makeReserve())) && this.#attempt(write);
    if (isKept) return accept(undefined);
    return refuse("journal_failed", `cannot keep the post as the journal can't be written: ${this.#lastError}`);
  }

  note(write: () => void): boolean {
    return this.#attempt(write) || (this.#giveUpReserve() && this.#attempt(write));
  }

  tidy(write: () => void): boolean {
    return this.#attempt(write);
  }

  settle(records: RecordFile): void {
    if (this.#options.fsync) records.syncNow();
  }

  replace(name: string): void {
    // Ids that the memory has taken over are not in the new file.
    this.#surely("what was written", () => this.#memory.syncNow());
    this.#disk.rename(`${name}${NEW}`, name);
    this.#compactions++;
    this.#surely("the names of files", () => this.#disk.sync());
  }

  discard(name: string): void {
    this.#unlink(name);
  }

  isSafe(segment: DiskSegment): boolean {
    return !this.#options.fsync || segment.isSynced;
  }

  remember(noted: readonly Noted[], next: number): boolean {
    this.#next = Math.max(this.#next, next);
    return this.note(() => this.#memory.append(this.#own, noted));
  }

  remove(segment: DiskSegment): void {
    this.#segments.delete(segment);
    segment.shut();
    if (!segment.isOnDisk) return;
    if (!this.#options.fsync) return this.#unlink(segment.name);
    // The memory must be on the disk before what it was taken from is gone.
    background("removing a segment", this.#memory.sync().then(() => this.#unlink(segment.name)));
  }

  get #own(): { readonly sender: string; readonly next: number } {
    return { sender: this.sender, next: this.#next };
  }

  get #bytes(): number {
    let bytes = this.#memory.length;
    for (const segment of this.#segments) bytes += segment.length;
    return bytes;
  }

  #read(name: string): Left {
    const { registry, now } = this.#options;
    this.#number = Math.max(this.#number, Number.parseInt(name));
    const { segment, left, noted, ending } = DiskSegment.read(this.#disk.open(name), {
      ...{ name, keeper: this, registry, now },
    });
    this.#ended(name, ending);
    this.#segments.add(segment);
    this.#next = Math.max(this.#next, segment.next);
    for (const each of noted) noteOnce(this.applied, each);
    return left;
  }

  #ended(name: string, ending: Ending): void {
    if (ending === "torn") this.#tornRecords++;
    if (ending !== "corrupt") return;
    this.#corruptFiles++;
    this.#options.log.error("a file of the journal is corrupt: what lies behind its last good record is lost", {
      name,
    });
  }

  #unlink(name: string): void {
    const isDone = this.#attempt(() => this.#disk.remove(name));
    if (isDone) this.#removing.delete(name);
    else this.#removing.add(name);
  }

  /** Writes the memory without what is known to be over, unless that can't be done now. */
  #renewMemory(): void {
    // An id that outlives its post would have the post's repeat refused.
    const areSafe = [...this.#segments].every((segment) => this.isSafe(segment));
    if (areSafe) this.#attempt(() => this.#replaceMemory());
  }

  /** The new one lies beside the old one until it is whole. */
  #replaceMemory(): void {
    const name = `${MEMORY}${NEW}`;
    const file = this.create(name);
    let memory: MemoryFile;
    try {
      memory = MemoryFile.create(file, { ...this.#own, applied: this.applied });
      if (this.#options.fsync) memory.syncNow();
      this.#disk.rename(name, MEMORY);
    } catch (cause) {
      file.close();
      this.#unlink(name); // it may be what fills the disk
      throw cause;
    }
    this.#memory.shut();
    this.#memory = memory;
    this.#surely("the names of files", () => this.#disk.sync());
  }

  /** Syncs what there is no way back from: a file that is relied on, and after a rename the names. */
  #surely(what: string, sync: () => void): void {
    if (!this.#options.fsync) return;
    try {
      sync();
    } catch (cause) {
      throw new BugError(`the disk must keep ${what}: ${describeError(cause)}`, { cause });
    }
  }

  #makeReserve(): void {
    const file = this.#disk.open(RESERVE);
    try {
      const bytes = new Uint8Array(limits.journalReserveBytes);
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      this.#hasReserve = true;
    } catch (cause) {
      file.truncateSync(0);
      throw cause;
    } finally {
      file.close();
    }
  }

  #giveUpReserve(): boolean {
    this.#hasReserve = false;
    return this.#attempt(() => {
      const file = this.#disk.open(RESERVE);
      try {
        file.truncateSync(0);
      } finally {
        file.close();
      }
    });
  }

  /** The one place where trouble with the disk is caught. */
  #attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (error instanceof BugError) throw error;
      this.#failures++;
      this.#lastError = describeError(error);
      this.#options.log.error("the journal can't be written", { error: this.#lastError });
      return false;
    }
  }
}
