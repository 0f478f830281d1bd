import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { BugError } from "./assert.ts";
import { AppliedBatches, SendWindow } from "./delivery.ts";
import type { BatchId } from "./event.ts";
import { limits } from "./limits.ts";

const REMEMBERED = limits.seqsRememberedMax;

Deno.test("SendWindow: numbers batches from its first seq, with low at the oldest that is open", () => {
  const window = new SendWindow("a", { batchesMax: 10, first: 7 });
  assertEquals(window.open(), { sender: "a", seq: 7, low: 7 });
  assertEquals(window.open(), { sender: "a", seq: 8, low: 7 });
  assertEquals(window.open(), { sender: "a", seq: 9, low: 7 });
  window.close(8);
  assertEquals(window.open().low, 7);
  window.close(7);
  assertEquals(window.open(), { sender: "a", seq: 11, low: 9 });
  for (const seq of [9, 10, 11]) window.close(seq);
  assertEquals(window.open(), { sender: "a", seq: 12, low: 12 });
});

Deno.test("SendWindow: is full with as many open batches as it may have, and opens no more", () => {
  const window = new SendWindow("a", { batchesMax: 2 });
  window.open();
  assert(!window.isFull);
  window.open();
  assert(window.isFull);
  assertEquals(window.size, 2);
  assertThrows(() => window.open(), BugError);
  window.close(0);
  assert(!window.isFull);
});

Deno.test("SendWindow: never outruns what a receiver remembers, though only one batch stays open", () => {
  const window = new SendWindow("a", { batchesMax: 2 });
  window.open();
  let opened = 1;
  for (; !window.isFull; opened++) window.close(window.open().seq);
  assertEquals(window.size, 1);
  assertEquals(opened, REMEMBERED - 1);
  window.close(0);
  assert(!window.isFull);
});

Deno.test("SendWindow: closes a batch once", () => {
  const window = new SendWindow("a", { batchesMax: 2 });
  const { seq } = window.open();
  window.close(seq);
  assertThrows(() => window.close(seq), BugError);
  assertThrows(() => new SendWindow("a", { batchesMax: REMEMBERED }), BugError);
});

Deno.test("AppliedBatches: knows a batch again, and each sender's own", () => {
  const applied = new AppliedBatches();
  const id = { sender: "a", seq: 3, low: 0 };
  assertEquals(applied.verdict(id), "new");
  applied.note(id, 0);
  assertEquals(applied.verdict(id), "repeated");
  assertEquals(applied.verdict({ ...id, seq: 2 }), "new");
  assertEquals(applied.verdict({ ...id, sender: "b" }), "new");
  assertThrows(() => applied.note(id, 0), BugError);
});

Deno.test("AppliedBatches: forgets what its sender will never send again", () => {
  const applied = new AppliedBatches();
  applied.note({ sender: "a", seq: 3, low: 0 }, 0);
  applied.note({ sender: "a", seq: 9, low: 8 }, 0);
  assertEquals(applied.verdict({ sender: "a", seq: 3, low: 0 }), "stale");
  assertEquals(applied.verdict({ sender: "a", seq: 8, low: 8 }), "new");
});

/** The dumb model: remembers every seq ever, and looks through them all. */
class EverySeq {
  readonly #applied: BatchId[] = [];

  verdict({ sender, seq }: BatchId): string {
    const own = this.#applied.filter((id) => id.sender === sender);
    const floor = Math.max(...own.map((id) => id.low), ...own.map((id) => id.seq - REMEMBERED + 1));
    if (seq < floor) return "stale";
    return own.some((id) => id.seq === seq) ? "repeated" : "new";
  }

  note(id: BatchId): void {
    this.#applied.push(id);
  }
}

Deno.test("AppliedBatches: answers as if it remembered everything above what it must", () => {
  const id = fc.record({ sender: fc.constantFrom("a", "b"), seq: fc.nat(3 * REMEMBERED), back: fc.nat(2 * REMEMBERED) })
    .map(({ sender, seq, back }) => ({ sender, seq, low: Math.max(0, seq - back) }));
  const near = fc.record({ sender: fc.constantFrom("a", "b"), seq: fc.nat(20), low: fc.nat(5) })
    .map(({ sender, seq, low }) => ({ sender, seq, low: Math.min(seq, low) }));
  fc.assert(
    fc.property(fc.array(fc.oneof(id, near), { maxLength: 60 }), (ids) => {
      const applied = new AppliedBatches();
      const model = new EverySeq();
      for (const each of ids) {
        assertEquals(applied.verdict(each), model.verdict(each));
        if (applied.verdict(each) !== "new") continue;
        applied.note(each, 0);
        model.note(each);
      }
    }),
    { seed: 1, numRuns: 1000 },
  );
});

Deno.test("AppliedBatches: forgets senders that were not heard of for long, the others not", () => {
  const applied = new AppliedBatches();
  applied.note({ sender: "old", seq: 1, low: 0 }, 0);
  applied.note({ sender: "kept", seq: 1, low: 0 }, 10);
  applied.note({ sender: "old", seq: 2, low: 0 }, 20);
  applied.note({ sender: "new", seq: 1, low: 0 }, limits.senderForgottenS + 15);
  assertEquals(applied.verdict({ sender: "kept", seq: 1, low: 0 }), "new");
  assertEquals(applied.verdict({ sender: "old", seq: 1, low: 0 }), "repeated");
  assertEquals(applied.senders, 2);
});

Deno.test("AppliedBatches: bounds its senders and lets go of those heard of longest ago", () => {
  const applied = new AppliedBatches();
  for (let index = 0; index <= limits.sendersMax; index++) applied.note({ sender: `${index}`, seq: 0, low: 0 }, 0);
  assertEquals(applied.senders, limits.sendersMax);
  assertEquals(applied.verdict({ sender: "0", seq: 0, low: 0 }), "new");
  assertEquals(applied.verdict({ sender: "1", seq: 0, low: 0 }), "repeated");
});

/** A sender and a receiver with a network between them that loses, repeats and delays both posts and answers. */
Deno.test("SendWindow and AppliedBatches: count each batch once through losses, repeats and delays", () => {
  const step = fc.constantFrom("open", "arrives, its answer is lost", "arrives twice", "arrives and is answered");
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(100)), { maxLength: 400 }), (steps) => {
      const window = new SendWindow("a", { batchesMax: 8 });
      const receiver = new AppliedBatches();
      const open: BatchId[] = [];
      const counts = new Map<number, number>();
      let opened = 0;
      const arrive = (id: BatchId) => {
        const verdict = receiver.verdict(id);
        assert(verdict !== "stale", "an open batch is always remembered");
        if (verdict === "repeated") return;
        receiver.note(id, 0);
        counts.set(id.seq, (counts.get(id.seq) ?? 0) + 1);
      };
      for (const [what, nth] of steps) {
        const index = nth % Math.max(open.length, 1);
        if (what === "open" && !window.isFull) {
          open.push(window.open());
          opened++;
        }
        if (open.length === 0 || what === "open") continue;
        arrive(open[index]);
        if (what === "arrives twice") arrive(open[index]);
        if (what !== "arrives and is answered") continue;
        window.close(open[index].seq);
        open.splice(index, 1);
      }
      open.forEach(arrive);
      assertEquals(counts.size, opened);
      for (const count of counts.values()) assertEquals(count, 1);
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("SendWindow and AppliedBatches: count a batch that arrives after all that its window lets pass it", () => {
  const window = new SendWindow("a", { batchesMax: 2 });
  const receiver = new AppliedBatches();
  const late = window.open();
  while (!window.isFull) {
    const id = window.open();
    receiver.note(id, 0);
    window.close(id.seq);
  }
  assertEquals(receiver.verdict(late), "new");
  receiver.note(late, 0);
  assertEquals(receiver.verdict(late), "repeated");
});
