// The body of a post, from bytes to its header and lines. Never throws for what a sender wrote: a bad line costs
// only itself, a bad header costs the body.

import { type BatchHeader, DEFAULT_CLIENT, type Line } from "../event.ts";
import { limits } from "../limits.ts";
import { type LineRefusal, refuse, type RequestRefusal, type Result } from "../refusal.ts";
import { Base64Decoder } from "./base64.ts";
import { Columns } from "./columns.ts";
import { brokenHeader, isBrokenHeader, isHeader, parseHeader } from "./header.ts";
import { parseLine, parseObject } from "./line_parser.ts";
import { LineScan, skipSpace } from "./line_scan.ts";
import { LineSplitter } from "./line_splitter.ts";

/** What a body holds, in its order. After `body_refused` nothing more comes. */
export type Read =
  | { readonly kind: "header"; readonly header: BatchHeader }
  | { readonly kind: "line"; readonly line: Line }
  | { readonly kind: "refused"; readonly number: number; readonly refusal: LineRefusal }
  | { readonly kind: "body_refused"; readonly refusal: RequestRefusal };

export interface NdjsonReaderOptions {
  readonly lineBytesMax?: number | undefined;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads one body. What `push` and `end` give must be taken to its end, each item before the next: a line's payload
 * lies in scratch space. Lines are counted from 1, with the header and blank lines.
 */
export class NdjsonReader {
  readonly #lines: LineSplitter;
  readonly #scan = new LineScan();
  readonly #scratch = { columns: new Columns(), base64: new Base64Decoder() };
  readonly #lineBytesMax: number;
  #client = DEFAULT_CLIENT;
  #mayBeHeader = true;
  #isRefused = false;

  constructor(options: NdjsonReaderOptions = {}) {
    this.#lineBytesMax = options.lineBytesMax ?? limits.lineBytesMax;
    this.#lines = new LineSplitter(this.#lineBytesMax);
  }

  /** The next bytes of the body, cut anywhere. */
  push(chunk: Uint8Array): Iterable<Read> {
    this.#lines.feed(chunk);
    return this.#read();
  }

  /** The body has ended: what is left over is its last line. */
  end(): Iterable<Read> {
    this.#lines.finish();
    return this.#read();
  }

  *#read(): Iterable<Read> {
    const lines = this.#lines;
    while (lines.next()) {
      if (this.#isRefused) continue;
      const { number } = lines;
      if (lines.isTooLong) {
        this.#mayBeHeader = false;
        yield { kind: "refused", number, refusal: tooLong(this.#lineBytesMax) };
        continue;
      }
      const start = this.#skipBlank();
      if (start === lines.end) continue;
      yield this.#mayBeHeader ? this.#readFirst(start) : this.#readLine(start);
    }
  }

  /** Where the line's text begins; its end where there is none. */
  #skipBlank(): number {
    const { bytes, start, number } = this.#lines;
    const isMarked = number === 1 && BYTE_ORDER_MARK.every((byte, index) => bytes[start + index] === byte);
    return skipSpace(bytes, isMarked ? start + BYTE_ORDER_MARK.length : start);
  }

  #readLine(start: number): Read {
    const { bytes, end, number } = this.#lines;
    const place = { number, client: this.#client, ...this.#scratch };
    const line = this.#scan.read(bytes, { start, end }, place);
    if (line !== undefined) return { kind: "line", line };
    const object = parseObject(bytes.subarray(start, end));
    return read(object.ok ? parseLine(object.value, place) : object, number);
  }

  #readFirst(start: number): Read {
    this.#mayBeHeader = false;
    const { bytes, end } = this.#lines;
    const text = bytes.subarray(start, end);
    const object = parseObject(text);
    if (!object.ok) {
      if (!isBrokenHeader(new TextDecoder().decode(text))) return this.#readLine(start);
      return this.#refuse(brokenHeader("must be one JSON object"));
    }
    if (!isHeader(object.value)) return this.#readLine(start);
    const header = parseHeader(object.value);
    if (!header.ok) return this.#refuse(header);
    this.#client = header.value.client ?? DEFAULT_CLIENT;
    return { kind: "header", header: header.value };
  }

  #refuse({ refusal }: { readonly refusal: RequestRefusal }): Read {
    this.#isRefused = true;
    return { kind: "body_refused", refusal };
  }
}

function read(line: Result<Line, LineRefusal>, number: number): Read {
  return line.ok ? { kind: "line", line: line.value } : { kind: "refused", number, refusal: line.refusal };
}

function tooLong(lineBytesMax: number): LineRefusal {
  return refuse("line_too_long", `cannot take a line of more than ${lineBytesMax} bytes: post fewer events a line`)
    .refusal;
}
