// The original Taba protocol, version 1: clients, their tabs and the tabs' events, a line each, as the clients of 2012
// send them. Never throws for what a sender wrote: a bad event costs only itself.

import type { Json } from "../event.ts";
import { limits } from "../limits.ts";
import { nameProblem } from "../names.ts";
import { type LineRefusal, type LineRefusalCode, refuse } from "../refusal.ts";
import { Columns } from "./columns.ts";
import { isArray } from "./json.ts";
import { LineSplitter } from "./line_splitter.ts";
import type { Read } from "./ndjson_reader.ts";
import { EventScan, type EventV1, parseEvent } from "./protocol_v1_event.ts";

export interface ProtocolV1ReaderOptions {
  readonly lineBytesMax?: number | undefined;
  /** Whether every number is a value of the type: then its events come in columns, and `[12.5]` stands for 12.5. */
  readonly isNumeric: (type: string) => boolean;
}

/** What the next line may be, besides an event that is out of place: that is known by its bracket. */
type Expected =
  | "version"
  | "client" // behind the version, or behind the empty line that ends a client
  | "empty" // behind a client's name; where the empty line is missing, a tab's name can't be mistaken
  | "tab" // behind the empty line that ends a tab, where one more ends the client
  | "event" // behind a tab's name, or behind an event of it
  | "nothing"; // the body is refused

/** Events that one line of the result holds: a bound for its columns. */
const RUN_EVENTS_MAX = 4096;

const ONE = 0x31;
const RETURN = 0x0d;
const OPEN_ARRAY = 0x5b;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads one body. What `push` and `end` give must be taken to its end, each item before the next: a line's payload
 * lies in scratch space. Events of a tab that follow one another and have one numeric type become one line, wherever
 * the chunks were cut; any other event is a line of its own, so that a value that its handler refuses costs no other.
 */
export class ProtocolV1Reader {
  readonly #lines: LineSplitter;
  readonly #scan = new EventScan();
  readonly #columns = new Columns();
  readonly #lineBytesMax: number;
  readonly #isNumeric: (type: string) => boolean;
  #expected: Expected = "version";
  #client = "";
  #tab = "";
  /** Why the events of the client, or of the tab, can't count. */
  #clientRefusal: LineRefusal | undefined;
  #tabRefusal: LineRefusal | undefined;
  // The numeric events that the lines read so far end in and that are not given out yet.
  #runType = "";
  #runNumber = 0;
  #runEvents = 0;

  constructor(options: ProtocolV1ReaderOptions) {
    this.#lineBytesMax = options.lineBytesMax ?? limits.lineBytesMax;
    this.#lines = new LineSplitter(this.#lineBytesMax);
    this.#isNumeric = options.isNumeric;
  }

  /** The next bytes of the body, cut anywhere. */
  push(chunk: Uint8Array): Iterable<Read> {
    this.#lines.feed(chunk);
    return this.#read();
  }

  /** The body has ended: what is left over is its last line. */
  *end(): Iterable<Read> {
    this.#lines.finish();
    yield* this.#read();
    if (this.#runEvents > 0) yield this.#takeRun();
  }

  *#read(): Iterable<Read> {
    while (this.#lines.next()) {
      if (this.#expected === "event" && this.#nameRefusal === undefined && this.#scan.read(this.#lines)) {
        const { type, time, value } = this.#scan;
        if (this.#runEvents > 0 && !this.#isInRun(type)) yield this.#takeRun();
        this.#putInRun({ type, time, value });
        continue;
      }
      if (this.#runEvents > 0) yield this.#takeRun();
      const read = this.#readLine();
      if (read !== undefined) yield read;
    }
  }

  get #nameRefusal(): LineRefusal | undefined {
    return this.#clientRefusal ?? this.#tabRefusal;
  }

  /** The event follows the run's last line: any other line in between has ended the run. */
  #isInRun(type: string): boolean {
    return type === this.#runType && this.#runEvents < RUN_EVENTS_MAX;
  }

  #putInRun({ type, time, value }: { readonly type: string; readonly time: number; readonly value: number }): void {
    const index = this.#runEvents++;
    if (index === 0) {
      this.#runType = type;
      this.#runNumber = this.#lines.number;
    }
    if (index === this.#columns.times.length) this.#columns.grow();
    this.#columns.times[index] = time;
    this.#columns.values[index] = value;
  }

  #takeRun(): Read {
    const lines = this.#runEvents;
    this.#runEvents = 0;
    const names = { tab: this.#tab, client: this.#client, type: this.#runType };
    const payload = this.#columns.events(lines);
    return { kind: "line", line: { number: this.#runNumber, lines, ...names, payload } };
  }

  /** Anything but a numeric event that could be scanned. */
  #readLine(): Read | undefined {
    const { bytes, start, end, number, isTooLong } = this.#lines;
    if (this.#expected === "nothing") return undefined;
    if (this.#expected === "version") return this.#readVersion();
    if (isTooLong) return this.#readTooLong();
    if (bytes[start] === OPEN_ARRAY) return this.#readEvent();
    const isEmpty = start === end || end === start + 1 && bytes[start] === RETURN;
    if (isEmpty) this.#passEmpty();
    else if (this.#expected === "event") {
      return refused(number, malformed("it must be an event [type, time, payload] or empty, to end the tab"));
    } else this.#readName(utf8.decode(bytes.subarray(start, bytes[end - 1] === RETURN ? end - 1 : end)));
    return undefined;
  }

  #readVersion(): Read {
    const { bytes, start, end } = this.#lines;
    const isOne = bytes[start] === ONE && (end === start + 1 || end === start + 2 && bytes[start + 1] === RETURN);
    this.#expected = isOne ? "client" : "nothing";
    if (isOne) return { kind: "header", header: {} };
    const { refusal } = refuse("body_malformed", "cannot take the body as its first line must be the version, 1");
    return { kind: "body_refused", refusal };
  }

  #passEmpty(): void {
    if (this.#expected === "event" || this.#expected === "empty") this.#expected = "tab";
    // Another one between two clients, or behind the version, means nothing.
    else if (this.#expected === "tab") this.#expected = "client";
  }

  #readName(name: string): void {
    const problem = nameProblem(name);
    if (this.#expected === "client") {
      this.#client = name;
      this.#clientRefusal = problem === undefined ? undefined : unnamed("client_illegal", `client ${problem}`);
      this.#expected = "empty";
    } else {
      this.#tab = name;
      this.#tabRefusal = problem === undefined ? undefined : unnamed("tab_illegal", `tab ${problem}`);
      this.#expected = "event";
    }
  }

  /** Where a name was due, it was one: the events behind it can't count for any other. */
  #readTooLong(): Read {
    if (this.#expected !== "event") this.#readName("");
    const found = `cannot take a line of more than ${this.#lineBytesMax} bytes`;
    return refused(this.#lines.number, refuse("line_too_long", found).refusal);
  }

  #readEvent(): Read | undefined {
    const { bytes, start, end, number } = this.#lines;
    if (this.#expected !== "event") {
      return refused(number, malformed("an event must stand behind its tab's name or another event"));
    }
    const refusal = this.#nameRefusal;
    if (refusal !== undefined) return refused(number, refusal);
    const event = parseEvent(bytes.subarray(start, end));
    if (!event.ok) return refused(number, event.refusal);
    const { type, time, value } = this.#unwrapped(event.value);
    if (typeof value === "number" && this.#isNumeric(type)) {
      this.#scan.learn(type);
      this.#putInRun({ type, time, value });
      return undefined;
    }
    const payload = { kind: "json", times: [time], values: [value] } as const;
    return { kind: "line", line: { number, tab: this.#tab, client: this.#client, type, payload } };
  }

  #unwrapped({ type, time, value }: EventV1): { readonly type: string; readonly time: number; readonly value: Json } {
    const isWrapped = isArray(value) && value.length === 1 && typeof value[0] === "number" && this.#isNumeric(type);
    return { type, time, value: isWrapped ? value[0] : value };
  }
}

function unnamed(code: LineRefusalCode, found: string): LineRefusal {
  return refuse(code, `cannot take the line as its ${found}`).refusal;
}

function malformed(found: string): LineRefusal {
  return refuse("line_malformed", `cannot take the line as ${found}`).refusal;
}

function refused(number: number, refusal: LineRefusal): Read {
  return { kind: "refused", number, refusal };
}
