// What one batch brings to one shard: which of its entries count, and the arguments that bring them. Never calls Redis.

import { murmur3 } from "../../core/buckets.ts";
import { limits } from "../../core/limits.ts";
import { packedBytes, packEntries } from "./packed.ts";
import type { ScriptArgument } from "./shard.ts";
import type { Enqueued, Entry, QueuedEntry } from "./store.ts";

/** Above this many bytes or entries a batch is applied in parts, so that no script holds Redis for long. */
const WHOLE_BYTES_MAX = 4 * 1024 * 1024;
const WHOLE_ENTRIES_MAX = 10_000;
/** Parts of such a batch: of the largest legal body, a part has about 1 MiB. Part of the stored format. */
const PARTS = 64;
/** Entries of an item, so that whoever reads a few entries reads few others with them ... */
const ITEM_ENTRIES_MAX = limits.readEntriesMax / 4;
/** ... and its bytes, where it has more than one entry. */
const ITEM_BYTES_MAX = 128 * 1024;

/** An entry with its place in the batch and its bucket. */
export interface Placed {
  readonly index: number;
  readonly bucket: number;
  readonly entry: Entry;
}

export type Left = Pick<Enqueued, "conflicts" | "full">;

/** Whether these entries of a batch are more than one script should take. */
export function isTooLarge(placed: readonly Placed[]): boolean {
  let bytes = 0;
  for (const { entry } of placed) bytes += packedBytes(entry);
  return bytes > WHOLE_BYTES_MAX || placed.length > WHOLE_ENTRIES_MAX;
}

/**
 * The parts of a batch by number. Which part an entry is in depends on its tab and client alone: a repeat of the batch,
 * which may come with States of other lengths or without some of the lines, finds each entry in the part it was in.
 */
export function divide(placed: readonly Placed[]): ReadonlyMap<number, readonly Placed[]> {
  return Map.groupBy(placed, ({ entry: { tab, client } }) => murmur3(`${tab} ${client}`) % PARTS);
}

/** Entries on their way to one shard, less what the shard refuses. */
export class ShardBatch {
  readonly #placed: readonly Placed[];
  readonly #typeByTab = new Map<string, string>();
  readonly #tabsFull = new Set<string>();
  readonly #clientsFull = new Set<string>();

  constructor(placed: readonly Placed[]) {
    this.#placed = placed;
  }

  /** Takes in what the script refused: pairs of a tab and its type, tabs and clients too many. */
  refuse(refused: {
    readonly conflicts: readonly string[];
    readonly tabsFull: readonly string[];
    readonly clientsFull: readonly string[];
  }): void {
    const { conflicts, tabsFull, clientsFull } = refused;
    for (let index = 0; index < conflicts.length; index += 2) {
      this.#typeByTab.set(conflicts[index], conflicts[index + 1]);
    }
    for (const tab of tabsFull) this.#tabsFull.add(tab);
    for (const client of clientsFull) this.#clientsFull.add(client);
  }

  /** Which entries count as far as is known, and which are left out. Of a new tab the first entry sets the type. */
  sort(): { readonly taken: readonly Placed[]; readonly left: Left } {
    const taken: Placed[] = [];
    const conflicts: { index: number; type: string }[] = [];
    const full: { index: number; of: "tabs" | "clients" }[] = [];
    const typeByTab = new Map(this.#typeByTab);
    for (const one of this.#placed) {
      const { index, entry: { tab, client, type } } = one;
      const typeInForce = typeByTab.get(tab);
      if (typeInForce !== undefined && typeInForce !== type) conflicts.push({ index, type: typeInForce });
      else if (this.#tabsFull.has(tab)) full.push({ index, of: "tabs" });
      else if (this.#clientsFull.has(client)) full.push({ index, of: "clients" });
      else {
        typeByTab.set(tab, type);
        taken.push(one);
      }
    }
    return { taken, left: { conflicts, full } };
  }
}

/** The last arguments of ENQUEUE: clients, then each bucket with its tabs and items. */
export function enqueueArguments(
  taken: readonly Placed[],
  options: { readonly enqueued: number; readonly nameItem: () => string },
): readonly ScriptArgument[] {
  const args: ScriptArgument[] = [namesArgument(new Set(taken.map(({ entry }) => entry.client)))];
  for (const [bucket, ofBucket] of Map.groupBy(taken, ({ bucket }) => bucket)) {
    const entries = ofBucket.map(({ entry }) => entry);
    const items = itemsOf(entries.map((entry) => ({ ...entry, enqueued: options.enqueued })));
    args.push(bucket, tabsArgument(entries), eventsOf(entries), items.length);
    for (const item of items) args.push(options.nameItem(), item.length, packEntries(item));
  }
  return args;
}

export function eventsOf(entries: readonly Entry[]): number {
  return entries.reduce((events, entry) => events + entry.events, 0);
}

/** Entries in their order, in lists that make good items. */
export function itemsOf(entries: readonly QueuedEntry[]): readonly (readonly QueuedEntry[])[] {
  const items: QueuedEntry[][] = [];
  let item: QueuedEntry[] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = packedBytes(entry);
    if (bytes > room || item.length >= ITEM_ENTRIES_MAX) {
      items.push(item = []);
      room = ITEM_BYTES_MAX;
    }
    item.push(entry);
    room -= bytes;
  }
  return items;
}

/** Names as one argument, each followed by a space, so that "" is a name too. */
export function namesArgument(names: Iterable<string>): string {
  let text = "";
  for (const name of names) text += `${name} `;
  return text;
}

/** A line for each type: the type, and its tabs. */
function tabsArgument(entries: readonly Entry[]): string {
  const byType = [...Map.groupBy(entries, ({ type }) => type)];
  return byType.map(([type, ofType]) => `${type} ${namesArgument(new Set(ofType.map(({ tab }) => tab)))}`).join("\n");
}
