// A batch as the body of a post, in chunks that are made as they are asked for.

import { type BatchHeader, DEFAULT_TYPE, type Encoded, type Json } from "../event.ts";
import { base64Length, encodeBase64 } from "./base64.ts";
import { formatHeader } from "./header.ts";

/** Raw events of one tab. A time of null means the time of receipt. Names must be legal. */
export interface EventsLine {
  readonly tab: string;
  readonly client?: string | undefined;
  readonly type: string;
  readonly events: readonly (readonly [time: number | null, value: Json])[];
}

/** The State of one tab, as its handler's `encode` gave it. */
export interface StateLine {
  readonly tab: string;
  readonly client?: string | undefined;
  readonly type: string;
  readonly version: number;
  /** How many events were folded into it. */
  readonly events: number;
  readonly encoded: Encoded;
}

export type WireLine = EventsLine | StateLine;

const CHUNK_BYTES = 64 * 1024;
/** Up to so many characters a loop takes less time than to call the platform's encoder. */
const SHORT_TEXT = 400;

/**
 * The body of a batch in chunks of about 64 KiB, or of `chunkBytes`: of whole lines each. What is as the reader takes
 * it to be is left out: the header's client, the default type, a version of 0.
 */
export function* writeBatch(
  header: BatchHeader,
  lines: Iterable<WireLine>,
  { chunkBytes = CHUNK_BYTES }: { readonly chunkBytes?: number } = {},
): Iterable<Uint8Array> {
  const chunk = new Chunk();
  chunk.text(`${formatHeader(header)}\n`);
  for (const line of lines) {
    writeLine(chunk, line, header.client);
    if (chunk.length >= chunkBytes) yield chunk.take();
  }
  if (chunk.length > 0) yield chunk.take();
}

function writeLine(chunk: Chunk, line: WireLine, clientOfHeader: string | undefined): void {
  let text = `{"tab":${JSON.stringify(line.tab)}`;
  if (line.type !== DEFAULT_TYPE) text += `,"type":${JSON.stringify(line.type)}`;
  if (line.client !== undefined && line.client !== clientOfHeader) text += `,"client":${JSON.stringify(line.client)}`;
  if (!("encoded" in line)) {
    chunk.text(`${text},"events":${JSON.stringify(line.events)}}\n`);
    return;
  }
  text += `,"n":${line.events}`;
  if (line.version !== 0) text += `,"v":${line.version}`;
  if (!(line.encoded instanceof Uint8Array)) {
    chunk.text(`${text},"state":${JSON.stringify(line.encoded)}}\n`);
    return;
  }
  chunk.text(`${text},"state":"`);
  chunk.base64(line.encoded);
  chunk.text('"}\n');
}

/** Bytes being gathered. */
class Chunk {
  length = 0;
  #bytes = new Uint8Array(2 * CHUNK_BYTES);
  readonly #utf8 = new TextEncoder();

  text(text: string): void {
    // A character takes at most three bytes.
    this.#reserve(3 * text.length);
    if (text.length <= SHORT_TEXT && this.#ascii(text)) return;
    this.length += this.#utf8.encodeInto(text, this.#bytes.subarray(this.length)).written;
  }

  /** Writes a text of ASCII alone; false where it is none. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[this.length + index] = code;
    }
    this.length += text.length;
    return true;
  }

  base64(bytes: Uint8Array): void {
    this.#reserve(base64Length(bytes.length));
    this.length = encodeBase64(bytes, { target: this.#bytes, at: this.length });
  }

  /** What was gathered, and begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.length + count));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
