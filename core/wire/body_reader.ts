// A body in whichever of the protocols that share a path: NDJSON, or the original protocol where its first line is `1`.

import { NdjsonReader, type Read } from "./ndjson_reader.ts";
import { ProtocolV1Reader, type ProtocolV1ReaderOptions } from "./protocol_v1.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const ONE = 0x31;

/** Reads one body as its reader does, chosen by the first two bytes. */
export class BodyReader {
  readonly #options: ProtocolV1ReaderOptions;
  #reader: NdjsonReader | ProtocolV1Reader | undefined;
  /** All there was so far is a `1`, which may also begin a line of NDJSON, if a bad one. */
  #isOneHeld = false;

  constructor(options: ProtocolV1ReaderOptions) {
    this.#options = options;
  }

  /** The next bytes of the body, cut anywhere. */
  push(chunk: Uint8Array): Iterable<Read> {
    if (this.#reader !== undefined) return this.#reader.push(chunk);
    if (chunk.length === 0) return [];
    const bytes = this.#isOneHeld ? behindOne(chunk) : chunk;
    this.#isOneHeld = bytes.length === 1 && bytes[0] === ONE;
    return this.#isOneHeld ? [] : this.#open(bytes).push(bytes);
  }

  /** The body has ended: what is left over is its last line. */
  *end(): Iterable<Read> {
    if (this.#isOneHeld) yield* this.push(Uint8Array.of(NEWLINE));
    if (this.#reader !== undefined) yield* this.#reader.end();
  }

  #open([first, second]: Uint8Array): NdjsonReader | ProtocolV1Reader {
    const isVersion1 = first === ONE && (second === NEWLINE || second === RETURN);
    this.#reader = isVersion1 ? new ProtocolV1Reader(this.#options) : new NdjsonReader(this.#options);
    return this.#reader;
  }
}

function behindOne(chunk: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + chunk.length);
  bytes[0] = ONE;
  bytes.set(chunk, 1);
  return bytes;
}
