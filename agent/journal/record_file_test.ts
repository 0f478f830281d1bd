import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { MemoryDisk } from "../../tests/sim/memory_disk.ts";
import { type Ending, RecordFile } from "./record_file.ts";

type Told = readonly (readonly [kind: number, text: string])[];

/** What a process that opens the file finds in it. */
function read(disk: MemoryDisk): { readonly told: Told; readonly ending: Ending; readonly records: RecordFile } {
  const told: [number, string][] = [];
  const opened = RecordFile.open(disk.open("file"), ({ kind, payload }) => {
    told.push([kind, new TextDecoder().decode(payload)]);
  });
  return { told, ...opened };
}

function append(records: RecordFile, [kind, text]: Told[number]): void {
  const bytes = new TextEncoder().encode(text);
  const half = bytes.length >> 1;
  records.append(kind, [bytes.subarray(0, half), bytes.subarray(half)]);
}

function bytesOf(disk: MemoryDisk): Uint8Array {
  return disk.files.get("file")?.bytes ?? new Uint8Array();
}

const RECORDS: Told = [[1, "bids"], [2, ""], [3, "é".repeat(100)]];

function written(): { readonly bytes: Uint8Array; readonly ends: readonly number[] } {
  const disk = new MemoryDisk();
  const { records } = read(disk);
  const ends = RECORDS.map((record) => {
    append(records, record);
    return records.length;
  });
  return { bytes: bytesOf(disk), ends };
}

Deno.test("RecordFile: gives back what was appended", () => {
  const disk = new MemoryDisk();
  for (const record of RECORDS) append(read(disk).records, record);
  const { told, ending, records } = read(disk);
  assertEquals([told, ending, records.length], [RECORDS, "clean", bytesOf(disk).length]);
});

Deno.test("RecordFile: cut anywhere, the whole records count and the rest is cut off", () => {
  const { bytes, ends } = written();
  for (let length = 0; length <= bytes.length; length++) {
    const disk = new MemoryDisk();
    disk.files.set("file", { bytes: bytes.slice(0, length) });
    const whole = ends.filter((end) => end <= length).length;
    const { told, ending, records } = read(disk);
    assertEquals(told, RECORDS.slice(0, whole));
    assertEquals(ending, length === 0 || ends.includes(length) ? "clean" : "torn");
    append(records, [9, "next"]);
    const again = read(disk);
    assertEquals([again.told, again.ending], [[...RECORDS.slice(0, whole), [9, "next"]], "clean"]);
  }
});

Deno.test("RecordFile: stops at a byte that has changed, and tells the middle from the end", () => {
  const { bytes, ends } = written();
  for (let at = 0; at < bytes.length; at++) {
    const disk = new MemoryDisk();
    const changed = bytes.slice();
    changed[at] ^= 0x10;
    disk.files.set("file", { bytes: changed });
    const { told, ending } = read(disk);
    const hit = ends.findIndex((end) => at < end);
    assertEquals(told, RECORDS.slice(0, hit));
    // A length that has changed may well reach behind the end.
    const isLength = at - (ends[hit - 1] ?? 0) < 4;
    if (hit === RECORDS.length - 1) assert(isLength || ending === "torn");
    else assert(isLength || ending === "corrupt");
    assert(ending !== "clean");
  }
});

Deno.test("RecordFile: a disk that is full takes whole records or nothing, and recovers", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ text: fc.string({ maxLength: 60 }), room: fc.nat({ max: 90 }) }), { maxLength: 20 }),
    (steps) => {
      const disk = new MemoryDisk();
      const { records } = read(disk);
      const model: [number, string][] = [];
      for (const { text, room } of steps) {
        disk.bytesMax = bytesOf(disk).length + room;
        if (9 + new TextEncoder().encode(text).length <= room) {
          append(records, [1, text]);
          model.push([1, text]);
        } else assertThrows(() => append(records, [1, text]), Error, "No space left");
        assertEquals(bytesOf(disk).length, records.length);
      }
      const { told, ending } = read(disk);
      assertEquals([told, ending], [model, "clean"]);
    },
  ));
});

Deno.test("RecordFile: callers of sync share the work, and none returns before its record is safe", async () => {
  const disk = new MemoryDisk();
  const { records } = read(disk);
  append(records, [1, "a"]);
  assertEquals(records.isSynced, false);
  const first = records.sync();
  append(records, [1, "b"]);
  await Promise.all([first, records.sync(), records.sync(), records.sync()]);
  assertEquals([disk.syncs, records.isSynced], [2, true]);
  await records.sync();
  assertEquals(disk.syncs, 2);
});
