// The queue of a bucket as Redis holds it: items of several entries each, positions counted from the first entry that
// ever entered. Turns what scripts answer into entries and cursors.

import { assert } from "../../core/assert.ts";
import { limits } from "../../core/limits.ts";
import { packedBytes, unpackEntries } from "./packed.ts";
import { asBytes, asList, asText, asWhole } from "./redis_replies.ts";
import {
  type EventCounts,
  isDeletion,
  type QueueChunk,
  type QueueCursor,
  type QueuedEntry,
  type QueueStatus,
} from "./store.ts";

interface Item {
  readonly name: string;
  /** Counted from the first item that ever entered the queue. */
  readonly number: number;
  /** Position of its first entry. */
  readonly start: number;
  readonly count: number;
  readonly body: Uint8Array;
}

/** An entry with its place. */
interface Located {
  readonly entry: QueuedEntry;
  readonly position: number;
  readonly item: Item;
}

/** Descriptions and bodies of items that follow one another, the first of them having this number. */
export function* entriesOf(descriptions: unknown, bodies: unknown, firstItem: number): Iterable<Located> {
  const texts = asList(descriptions);
  const packed = asList(bodies);
  assert(texts.length === packed.length, "each item has a description and a body");
  for (let index = 0; index < texts.length; index++) {
    const [name, start, count] = asText(texts[index]).split(" ");
    const item = {
      name,
      number: firstItem + index,
      start: asWhole(start),
      count: asWhole(count),
      body: asBytes(packed[index]),
    };
    let position = item.start;
    for (const entry of unpackEntries(item.body)) yield { entry, position: position++, item };
    assert(position === item.start + item.count, "an item holds as many entries as its description says");
  }
}

/** What READ_QUEUE answered, cut to what was asked for. */
export function chunkOf(
  reply: unknown,
  options: { readonly cursor: QueueCursor | undefined; readonly bytesMax: number },
): QueueChunk {
  const [from, head, firstItem, descriptions, bodies] = asList(reply);
  const position = asWhole(asText(from));
  const entries: QueuedEntry[] = [];
  let last: Located | undefined;
  let bytes = 0;
  let events = options.cursor?.events ?? 0;
  for (const located of entriesOf(descriptions, bodies, asWhole(asText(firstItem)))) {
    if (located.position < position) continue;
    bytes += packedBytes(located.entry);
    if (entries.length >= limits.readEntriesMax || (bytes > options.bytesMax && entries.length > 0)) break;
    if (entries.length > 0 && isDeletion(entries[0]) !== isDeletion(located.entry)) break;
    entries.push(located.entry);
    events += located.entry.events;
    last = located;
  }
  if (last === undefined) return { entries, cursor: options.cursor };
  return { entries, cursor: cursorAfter(last, { head: asWhole(asText(head)), events }) };
}

function cursorAfter({ item, position }: Located, { head, events }: { head: number; events: number }): QueueCursor {
  const nth = position - item.start + 1;
  return { entries: position + 1 - head, events, last: `${item.name}/${item.number}/${nth}` };
}

/** A cursor as scripts take it: entries, and name, number and nth of the last; empty for none. */
export function cursorArguments(cursor: QueueCursor | undefined): readonly (string | number)[] {
  if (cursor === undefined) return ["", "", "", ""];
  const [name, number = "", nth = ""] = cursor.last.split("/");
  // One that no queue of this store gave out fits none either.
  return [cursor.entries, name, asWhole(number || "-1"), asWhole(nth || "0")];
}

/** A field of QUEUES; undefined where the queue is empty. */
export function statusOf(bucket: string, queue: string): QueueStatus | undefined {
  const [, head, tail, headBytes, tailBytes, oldest] = queue.split(" ");
  const entries = asWhole(tail) - asWhole(head);
  if (entries === 0) return undefined;
  const bytes = asWhole(tailBytes) - asWhole(headBytes);
  return { bucket: asWhole(bucket), entries, bytes, oldest: Number(oldest) };
}

/** The events of a field of QUEUES. */
export function eventCountsOf(queue: string): EventCounts {
  const [, , , , , , enqueued = 0, committed = 0] = queue.split(" ");
  return { enqueued: Number(enqueued), committed: Number(committed) };
}
