// A State's encoding as bytes for a store's or a queue's entry. Bytes are marked with a first byte of zero, with
// which no JSON text begins.

import { assert } from "./assert.ts";
import type { Encoded, Json } from "./event.ts";

const BINARY = 0;

export function pack(encoded: Encoded): Uint8Array {
  assert(typeof encoded !== "string", "a handler encodes to bytes or to JSON that is not a string");
  if (!(encoded instanceof Uint8Array)) return new TextEncoder().encode(JSON.stringify(encoded));
  const packed = new Uint8Array(encoded.length + 1);
  packed[0] = BINARY;
  packed.set(encoded, 1);
  return packed;
}

export function unpack(packed: Uint8Array): Encoded {
  if (packed[0] === BINARY) return packed.subarray(1);
  return JSON.parse(new TextDecoder().decode(packed)) as Json;
}
