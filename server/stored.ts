// Between a State and what the store keeps of it.

import { assert } from "../core/assert.ts";
import type { Encoded } from "../core/event.ts";
import { DecodeError, type Handler, lend } from "../core/handlers/handler.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { pack, unpack } from "../core/packing.ts";
import type { StateKey, StoredState } from "./store/store.ts";

/** A State of the store, or why this server can't read it: another one may know its type, or a newer version of it. */
export type Loaded =
  | { readonly ok: true; readonly handler: Handler; readonly state: unknown }
  | { readonly ok: false; readonly why: string };

export function loadState(registry: Registry, stored: StoredState): Loaded {
  return read(registry, stored, (handler, encoded, version) => handler.decode(encoded, version));
}

/** The same for who is done with the State before the next one is lent, and does no more than reduce it into another. */
export function lendState(registry: Registry, stored: StoredState): Loaded {
  return read(registry, stored, lend);
}

function read(registry: Registry, stored: StoredState, decode: typeof lend): Loaded {
  const { type, version, bytes } = stored;
  const handler = registry.get(type);
  if (handler === undefined) return { ok: false, why: `type ${type} is unknown here` };
  if (version > handler.version) {
    return { ok: false, why: `version ${version} of ${type} is newer than ${handler.version}, the newest known here` };
  }
  try {
    return { ok: true, handler, state: decode(handler, unpack(bytes), version) };
  } catch (error) {
    // A JSON State that was cut is a SyntaxError of unpack's.
    if (!(error instanceof DecodeError) && !(error instanceof SyntaxError)) throw error;
    return { ok: false, why: `its ${type} State is damaged: ${error.message}` };
  }
}

export function storeState(key: StateKey, handler: Handler, state: unknown): StoredState {
  return storeEncoded(key, handler, handler.encode(state));
}

export function storeEncoded({ tab, client }: StateKey, handler: Handler, encoded: Encoded): StoredState {
  const bytes = pack(encoded);
  assert(bytes.length > 0, "a State takes room, or nothing could be read back");
  return { tab, client, type: handler.type, version: handler.version, bytes };
}
