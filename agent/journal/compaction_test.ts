// Segments whose posts give way to the States that they have grown into, on a disk where any write may be the last.

import { assert, assertEquals } from "@std/assert";
import type { Folded } from "../../core/folded.ts";
import { Folding } from "../../core/folding.ts";
import { createRegistry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { createLog } from "../../service/log.ts";
import { MemoryDisk } from "../../tests/sim/memory_disk.ts";
import { type Disk, openJournal } from "./journal.ts";
import type { Journal, Segment } from "./journaling.ts";
import { lineOf } from "../sealing.ts";

const NOW = 1_800_000_000;
const TYPES = ["CounterGroup", "TotalsCounter", "Gauge", "Buffer"] as const;
const registry = createRegistry();

function open(disk: Disk, options: { readonly fsync?: boolean; readonly bytesMax?: number } = {}): Journal {
  const log = createLog({ clock: () => NOW, write: () => {}, repeatS: 0 });
  // Posts beyond some hundred bytes are much.
  return openJournal(disk, {
    ...{ registry, now: NOW, bytesMax: options.bytesMax ?? 64 * 500, fsync: options.fsync ?? false },
    ...{ newSender: () => "agent-1", log },
  });
}

/** A small generator, so that a failing seed replays. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** A post of a few events, as it is read. */
function folded(below: (limit: number) => number): readonly Folded[] {
  const folding = new Folding(registry, { statesMax: 1000 });
  for (let count = 1 + below(3); count > 0; count--) {
    const tab = below(12);
    const type = TYPES[tab % TYPES.length];
    const value = type === "Buffer" ? [below(9), NOW + 60] : 1 + below(9);
    const payload = { kind: "json", times: [NOW - below(100)], values: [value] } as const;
    const client = `web-${below(3)}`;
    assert(folding.add({ number: 1, tab: `tab-${tab}`, client, type, payload }, NOW).ok);
  }
  return [...folding];
}

function linesOf(all: Iterable<Folded>): unknown {
  return [...all].map((each) => lineOf(each));
}

/** Appends a post as the intake does; false where it was not kept. */
function post(to: { segment: Segment; folding: Folding }, seq: number, below: (limit: number) => number): boolean {
  const taken = folded(below);
  const header = { id: { sender: "web-1", seq, low: 0 }, sent: NOW };
  if (!to.segment.append(header, taken).ok) return false;
  to.folding.reduce(taken);
  return true;
}

Deno.test("Segment: killed in any write while it is compacted, it reads as all that was kept, in the same order", async () => {
  let compactions = 0;
  let kills = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const below = seeded(seed);
    const disk = new MemoryDisk();
    const journal = open(disk, { fsync: below(2) === 1 });
    const to = { segment: journal.begin(), folding: new Folding(registry, { statesMax: 1000 }) };
    const kept = new Set<number>();
    if (below(4) > 0) disk.changesLeft = 20 + below(120);
    for (let seq = 0; seq < 60 && !disk.isDead; seq++) {
      const put = () => {
        if (post(to, seq, below)) kept.add(seq);
      };
      put();
      if (below(8) === 0) disk.bytesMax = disk.bytes + below(2000);
      else if (below(2) === 0) disk.bytesMax = Number.MAX_SAFE_INTEGER;
      for (const _ of to.segment.compact(to.folding)) {
        if (disk.isDead) break;
        seq++;
        if (below(3) > 0) put();
        if (below(20) === 0) break;
      }
      await journal.tend();
    }
    compactions += journal.status()?.compactions ?? 0;
    if (disk.isDead) kills++;
    journal.close();

    const next = open(disk.restarted());
    for (const seq of kept) {
      assertEquals(next.applied.verdict({ sender: "web-1", seq, low: 0 }), "repeated", `seed ${seed}, seq ${seq}`);
    }
    const [left] = next.takeLeft();
    const found = linesOf(left?.folded ?? []);
    assertEquals(found, linesOf(to.folding), `seed ${seed}`);
    assertEquals(next.status()?.corruptFiles, 0);
    next.close();
  }
  assert(compactions > 300 && kills > 50, `${compactions} compactions, ${kills} kills`);
});

Deno.test("Segment: ids that the memory has taken over are on the disk before it is compacted without them", async () => {
  const disk = new MemoryDisk();
  const done: string[] = [];
  const recorded: Disk = {
    names: () => disk.names(),
    open(name) {
      const file = disk.open(name);
      const note = () => done.push(`sync ${name}`);
      return { ...file, syncDataSync: note, syncData: () => Promise.resolve(void note()) };
    },
    rename(from, to) {
      done.push(`rename ${from}`);
      disk.rename(from, to);
    },
    remove: (name) => disk.remove(name),
    sync() {},
    close() {},
  };
  const journal = open(recorded, { fsync: true, bytesMax: 64 * 100_000 });
  const to = { segment: journal.begin(), folding: new Folding(registry, { statesMax: 1000 }) };
  for (let seq = 0; seq < limits.journalIdsMax; seq++) assert(post(to, seq, () => 0));
  await journal.tend();
  done.length = 0;
  for (const _ of to.segment.compact(to.folding));
  assertEquals(done.slice(-2), ["sync memory", "rename 000000000001.segment.new"]);
  journal.close();
});

Deno.test("Segment: a compaction after one whose file could not be removed leaves nothing to remove", async () => {
  const disk = new MemoryDisk();
  const { remove } = disk;
  const journal = open(disk);
  const to = { segment: journal.begin(), folding: new Folding(registry, { statesMax: 1000 }) };
  disk.remove = () => {
    throw new Error("killed");
  };
  for (let seq = 0; journal.status()?.compactions === 0; seq++) {
    assert(post(to, seq, () => 0));
    for (const _ of to.segment.compact(to.folding)) {
      if (disk.remove === remove) continue;
      break; // which gives it up
    }
    if (journal.status()?.failures === 1) disk.remove = remove;
  }
  await journal.tend();
  assertEquals(journal.status()?.failures, 1);
  journal.close();
});
