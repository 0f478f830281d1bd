// Content encodings, both ways: request bodies as streams whose decompressed size is bounded, and bodies of our own
// as a whole. Knows nothing of what is inside.

import type { Transform } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { createGunzip, createGzip, createInflate, createInflateRaw } from "node:zlib";
import { joinBytes } from "../core/bytes.ts";
import { limits } from "../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import type { Sleep } from "../core/world.ts";
import { Silence, WatchedReader } from "./watched_reader.ts";

type Chunks = AsyncIterable<Uint8Array>;

const CHUNK_BYTES = 64 * 1024;
/** Of States in base64, level 1 leaves a quarter more than level 2, and level 6 takes half the speed for 1 % less. */
const LEVEL = 2;

/** The low half of the first byte of every zlib frame (RFC 1950, section 2.2). */
const ZLIB_METHOD = 8;

/** node:zlib and not DecompressionStream, which refuses a body of several gzip members, as `cat a.gz b.gz` makes one. */
const decoders: ReadonlyMap<string, (body: WatchedReader) => Chunks> = new Map([
  ["identity", plain],
  ["gzip", gunzipped],
  ["x-gzip", gunzipped],
  ["deflate", inflated],
]);

export interface DecodeBodyOptions {
  /** Counted once decompressed. */
  readonly bytesMax: number;
  /** The content-encoding where the request names none. Default "identity". */
  readonly encoding?: string | undefined;
  readonly sleep: Sleep;
}

/**
 * The bytes of a request's body, decompressed as its content-encoding says, while they come. A refusal is the last
 * item: for an encoding that is not known, for more than `bytesMax` bytes, and for a body that is cut short, corrupt or
 * of which nothing more comes. However it ends, also where the caller stops early, the request's stream is closed.
 */
export async function* decodeBody(
  request: Request,
  { bytesMax, encoding: encodingUnnamed = "identity", sleep }: DecodeBodyOptions,
): AsyncGenerator<Result<Uint8Array, RequestRefusal>, void, void> {
  const { body, headers } = request;
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() || encodingUnnamed;
  const decoder = decoders.get(encoding);
  if (decoder === undefined || Number(headers.get("content-length")) > bytesMax) {
    await Promise.allSettled([body?.cancel()]);
    yield decoder === undefined ? unknown(encoding) : tooLarge(bytesMax);
    return;
  }
  if (body === null) return;
  const reader = new WatchedReader(body, sleep);
  let bytes = 0;
  let cause: unknown;
  try {
    for await (const chunk of decoder(reader)) {
      bytes += chunk.length;
      if (bytes > bytesMax) break;
      yield accept(chunk);
    }
  } catch (error) {
    cause = error;
  } finally {
    await reader.close();
  }
  if (bytes > bytesMax) yield tooLarge(bytesMax);
  else if (cause instanceof Silence) yield stalled();
  else if (cause !== undefined) yield cutShort(encoding, cause);
}

function unknown(encoding: string): Result<never, RequestRefusal> {
  const known = [...decoders.keys()].join(", ");
  return refuse(
    "encoding_unknown",
    `cannot read the body as its content-encoding must be one of ${known}: current value is ${
      JSON.stringify(encoding)
    }`,
  );
}

function tooLarge(bytesMax: number): Result<never, RequestRefusal> {
  return refuse("body_too_large", `cannot take a body of more than ${bytesMax} bytes, decompressed: post it in parts`);
}

function stalled(): Result<never, RequestRefusal> {
  return refuse(
    "body_stalled",
    `cannot read the body to its end as more of it must come within ${limits.bodySilenceMs / 1000} s: post it again`,
  );
}

function cutShort(encoding: string, cause: unknown): Result<never, RequestRefusal> {
  const why = cause instanceof Error ? cause.message : String(cause);
  return refuse("body_malformed", `cannot read the body to its end, with content-encoding ${encoding}: ${why}`);
}

async function* plain(body: WatchedReader): Chunks {
  for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) yield chunk;
}

function gunzipped(body: WatchedReader): Chunks {
  return transformed(body, () => createGunzip({ chunkSize: CHUNK_BYTES }));
}

/** `deflate` means the zlib format, but there are senders that leave its frame out (RFC 9110, section 8.4.1.2). */
function inflated(body: WatchedReader): Chunks {
  return transformed(body, (first) => {
    const isFramed = first === undefined || (first & 0x0f) === ZLIB_METHOD;
    return (isFramed ? createInflate : createInflateRaw)({ chunkSize: CHUNK_BYTES });
  });
}

/** `body` through the engine chosen by its first byte. */
async function* transformed(body: WatchedReader, engineOf: (first: number | undefined) => Transform): Chunks {
  let feeding: Promise<void> | undefined;
  try {
    const first = await body.read();
    const engine = engineOf(first?.[0]);
    feeding = feed(engine, { first, body });
    yield* engine;
  } finally {
    // Leaving the loop has destroyed the engine; closing ends a read that waits for a slow sender.
    await Promise.allSettled([body.close(), feeding]);
  }
}

async function feed(
  engine: Transform,
  { first, body }: { readonly first: Uint8Array | undefined; readonly body: WatchedReader },
): Promise<void> {
  try {
    for (let chunk = first; chunk !== undefined && !engine.destroyed; chunk = await body.read()) {
      if (!engine.write(chunk)) await drained(engine);
    }
    engine.end();
  } catch (error) {
    engine.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Until the engine takes more, or will take nothing any more. */
function drained(engine: Transform): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      engine.off("drain", go).off("close", go);
      resolve();
    };
    engine.on("drain", go).on("close", go);
  });
}

/**
 * The gzip of a body. The chunks are made and compressed one by one with the event loop running in between: zlib
 * works on the thread that asks it to.
 */
export async function gzip(chunks: Iterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const engine = createGzip({ level: LEVEL, chunkSize: CHUNK_BYTES });
  const compressed: Uint8Array[] = [];
  engine.on("data", (chunk: Uint8Array) => compressed.push(chunk));
  const ended = new Promise<void>((resolve, reject) => engine.on("end", resolve).on("error", reject));
  for (const chunk of chunks) {
    if (!engine.write(chunk)) await drained(engine);
    await setImmediate();
  }
  engine.end();
  await ended;
  return joinBytes(compressed);
}
