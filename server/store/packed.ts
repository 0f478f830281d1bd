// Entries and States as bytes in Redis: their fields, then the encoded State as it is. Part of the stored format.

import { assert } from "../../core/assert.ts";
import type { QueuedEntry, StateKey, StoredState } from "./store.ts";

/** Of an entry: tab, client and type lengths, version, events, enqueued, bytes length; little-endian. */
const ENTRY_HEADER = 2 + 2 + 2 + 4 + 8 + 8 + 4;
/** Of a State: type length and version; it ends where the value ends. */
const STATE_HEADER = 2 + 4;

/** What `packEntries` makes of an entry, in bytes. */
export function packedBytes(entry: Pick<QueuedEntry, "tab" | "client" | "type" | "bytes">): number {
  return ENTRY_HEADER + entry.tab.length + entry.client.length + entry.type.length + entry.bytes.length;
}

export function packEntries(entries: readonly QueuedEntry[]): Uint8Array {
  let length = 0;
  for (const entry of entries) length += packedBytes(entry);
  const packed = new Uint8Array(length);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { tab, client, type, version, events, enqueued, bytes } of entries) {
    view.setUint16(at, tab.length, true);
    view.setUint16(at + 2, client.length, true);
    view.setUint16(at + 4, type.length, true);
    view.setUint32(at + 6, version, true);
    view.setFloat64(at + 10, events, true);
    view.setFloat64(at + 18, enqueued, true);
    view.setUint32(at + 26, bytes.length, true);
    at += ENTRY_HEADER;
    for (const text of [tab, client, type]) {
      writeText(packed, text, at);
      at += text.length;
    }
    packed.set(bytes, at);
    at += bytes.length;
  }
  return packed;
}

/** The entries share the memory of `packed`. */
export function* unpackEntries(packed: Uint8Array): Iterable<QueuedEntry> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  while (at < packed.length) {
    const header = at;
    const tab = readText(packed, at += ENTRY_HEADER, view.getUint16(header, true));
    const client = readText(packed, at += tab.length, view.getUint16(header + 2, true));
    const type = readText(packed, at += client.length, view.getUint16(header + 4, true));
    const bytes = bytesAt(packed, at += type.length, view.getUint32(header + 26, true));
    at += bytes.length;
    yield {
      tab,
      client,
      type,
      version: view.getUint32(header + 6, true),
      bytes,
      events: view.getFloat64(header + 10, true),
      enqueued: view.getFloat64(header + 18, true),
    };
  }
  assert(at === packed.length, "what packEntries wrote ends with its last entry");
}

export function packState({ type, version, bytes }: StoredState): Uint8Array {
  const packed = new Uint8Array(STATE_HEADER + type.length + bytes.length);
  const view = new DataView(packed.buffer);
  view.setUint16(0, type.length, true);
  view.setUint32(2, version, true);
  writeText(packed, type, STATE_HEADER);
  packed.set(bytes, STATE_HEADER + type.length);
  return packed;
}

/** The State shares the memory of `packed`. */
export function unpackState({ tab, client }: StateKey, packed: Uint8Array): StoredState {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const type = readText(packed, STATE_HEADER, view.getUint16(0, true));
  const start = STATE_HEADER + type.length;
  return { tab, client, type, version: view.getUint32(2, true), bytes: bytesAt(packed, start, packed.length - start) };
}

/** Names are ASCII: a character a byte. */
function writeText(target: Uint8Array, text: string, at: number): void {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    assert(code < 0x80, "names of tabs, clients and types are ASCII");
    target[at + index] = code;
  }
}

function readText(packed: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let index = at; index < at + length; index++) text += String.fromCharCode(packed[index]);
  return text;
}

/** Plain bytes, whatever kind of array they lie in. */
function bytesAt(packed: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(packed.buffer, packed.byteOffset + at, length);
}
