// Which tab the name and tags of a StatsD line stand for, found by their bytes without making a string: the first
// line of a tab teaches it. Bounded; whoever is told that it is full clears it and begins anew.

import { assert } from "../assert.ts";
import { escapeBase, formatTab, nameProblem, parseTab } from "../names.ts";

/** What tells tabs apart: a line's name and tags, both below 65,536 bytes, and what its type becomes. */
export interface TabKey {
  nameStart: number;
  nameEnd: number;
  /** Equal to `tagsEnd` where there are none. */
  tagsStart: number;
  tagsEnd: number;
  /** A byte. */
  kind: number;
}

/** Bytes of a key on the average, if there is to be room for all entries. */
const KEY_BYTES = 64;
/** Keys that were made to collide must not make every look-up long: a table with such a row counts as full. */
const PROBES_MAX = 64;
/**
 * A slot is four numbers side by side: its entry counted from 1, the hash of the entry's key, where in the keys this
 * begins, and the lengths of name and tags. Side by side, since cache misses are what a look-up costs.
 */
const SLOT = 4;
const ENTRY = 0;
const HASH = 1;
const KEY = 2;
const LENGTHS = 3;

const utf8 = new TextDecoder();

/** An open hash table of entries, small numbers that rise from 0. */
export class StatsdTabs {
  /** By entry. An empty one stands for a name that no tab can have. */
  readonly tabs: string[] = [];
  /** By entry, what its lines become. */
  readonly kinds: Uint8Array;

  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entriesMax: number;
  readonly #slots: Int32Array;
  /** Of each entry its name and its tags. */
  readonly #keys: Uint8Array;
  readonly #keysView: DataView;
  #keysEnd = 0;

  /** For keys among `bytes`, which may change but not move. `entriesMax` is a power of two. */
  constructor(bytes: Uint8Array, entriesMax: number) {
    assert(Math.log2(entriesMax) % 1 === 0, "a mask takes a hash to its slot");
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#entriesMax = entriesMax;
    this.#slots = new Int32Array(2 * SLOT * entriesMax);
    this.kinds = new Uint8Array(entriesMax);
    this.#keys = new Uint8Array(Math.max(KEY_BYTES * entriesMax, bytes.length));
    this.#keysView = viewOf(this.#keys);
  }

  clear(): void {
    this.tabs.length = 0;
    this.#slots.fill(0);
    this.#keysEnd = 0;
  }

  /** The entry of the key, made if it is new; -1 where there is no room for it. */
  find(key: TabKey): number {
    const slots = this.#slots;
    const nameHash = hashed(this.#view, { start: key.nameStart, end: key.nameEnd, seed: key.kind });
    const hash = hashed(this.#view, { start: key.tagsStart, end: key.tagsEnd, seed: nameHash });
    const lengths = key.nameEnd - key.nameStart << 16 | key.tagsEnd - key.tagsStart;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const slot = SLOT * (hash + probe & 2 * this.#entriesMax - 1);
      if (slots[slot + ENTRY] === 0) return this.#learn(key, { slot, hash, lengths });
      if (slots[slot + HASH] === hash && slots[slot + LENGTHS] === lengths && this.#isKey(slots[slot + KEY], key)) {
        return slots[slot + ENTRY] - 1;
      }
    }
    return -1;
  }

  /** Of one with the same hash and lengths. Then the same bytes mean the same kind: no step of the hash loses any. */
  #isKey(start: number, { nameStart, nameEnd, tagsStart, tagsEnd }: TabKey): boolean {
    const tags = start + nameEnd - nameStart;
    const end = tags + tagsEnd - tagsStart;
    return this.#areEqual(nameStart, { start, end: tags }) && this.#areEqual(tagsStart, { start: tags, end });
  }

  /** Whether the bytes from `at` on are those of the keys from `start` to `end`. */
  #areEqual(at: number, { start, end }: { readonly start: number; readonly end: number }): boolean {
    let key = start;
    let byte = at;
    for (; key + 4 <= end; key += 4, byte += 4) {
      if (this.#keysView.getInt32(key, true) !== this.#view.getInt32(byte, true)) return false;
    }
    for (; key < end; key++, byte++) if (this.#keys[key] !== this.#bytes[byte]) return false;
    return true;
  }

  #learn(
    key: TabKey,
    { slot, hash, lengths }: { readonly slot: number; readonly hash: number; readonly lengths: number },
  ): number {
    const entry = this.tabs.length;
    const name = this.#bytes.subarray(key.nameStart, key.nameEnd);
    const tags = this.#bytes.subarray(key.tagsStart, key.tagsEnd);
    const start = this.#keysEnd;
    const end = start + name.length + tags.length;
    if (entry === this.#entriesMax || end > this.#keys.length) return -1;
    this.#keys.set(name, start);
    this.#keys.set(tags, start + name.length);
    this.#keysEnd = end;
    this.#slots[slot + ENTRY] = entry + 1;
    this.#slots[slot + HASH] = hash;
    this.#slots[slot + KEY] = start;
    this.#slots[slot + LENGTHS] = lengths;
    this.kinds[entry] = key.kind;
    this.tabs.push(tabOf(utf8.decode(name), utf8.decode(tags)));
    return entry;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Four bytes at a time, multiplied and folded as Murmur does. Different seeds give different hashes. */
function hashed(
  view: DataView,
  { start, end, seed }: { readonly start: number; readonly end: number; readonly seed: number },
): number {
  let hash = seed;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x5bd1e995);
  return hash ^ hash >>> 13;
}

/**
 * The tab of a name and tags `key:value,key:value`; a tag without a value has the empty one, and of two with one key
 * the last counts. The name may bring tags of its own in Graphite's form, `;key=value`. Empty where that is no name.
 */
function tabOf(name: string, tags: string): string {
  const isGraphite = name.split(";").slice(1).every((tag) => tag.includes("="));
  const { base, tags: inName } = isGraphite ? parseTab(name) : { base: name, tags: [] };
  const valueByKey = new Map(inName);
  for (const tag of tags.split(",")) {
    const colon = tag.indexOf(":");
    if (colon >= 0) valueByKey.set(tag.slice(0, colon), tag.slice(colon + 1));
    else if (tag !== "") valueByKey.set(tag, "");
  }
  const tab = formatTab(escapeBase(base), valueByKey);
  return base !== "" && nameProblem(tab) === undefined ? tab : "";
}
