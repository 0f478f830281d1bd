// What the handlers of numeric values share: which values they take, and how their encodings open.

import { ByteReader } from "../bytes.ts";
import type { Encoded, Json } from "../event.ts";
import { quote } from "../quote.ts";
import { DecodeError } from "./handler.ts";

export function numberProblem(value: Json): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return undefined;
  return `must be a finite number: current value is ${quote(value)}`;
}

/** A reader of an encoding in bytes, of version 0. */
export function opened(encoded: Encoded, version: number): ByteReader {
  if (version !== 0) throw new DecodeError(`its version must be 0: current value is ${version}`);
  if (!(encoded instanceof Uint8Array)) throw new DecodeError("it must be bytes");
  return new ByteReader(encoded);
}
