// The reader must find what it is there to find: a canary for the tests that trust it.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { assertCounted, differences, Ledger, Reader, type Sums } from "./ledger.ts";
import { until } from "./waiting.ts";

const sums = (events: number): Sums => new Map([["bids", { events, total: 2 * events }]]);

/** A server that shows these numbers of events one after the other, the last one for ever. */
function showing(counts: readonly number[]) {
  let reads = 0;
  const answer = () => {
    const count = counts[Math.min(reads++, counts.length - 1)];
    return Response.json({ bids: { "1d": { count, total: 2 * count } } });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** What a reader notes of three events accepted and five offered. */
async function violationsOf(
  counts: readonly number[],
  options: { readonly mayFall?: boolean } = {},
): Promise<readonly string[]> {
  await using server = showing(counts);
  const ledger = new Ledger({ isSeenAtOnce: true });
  ledger.offer(sums(5));
  ledger.accept(sums(3));
  const reader = new Reader([server.url], { ledgers: [ledger], ...options });
  const running = reader.run();
  await until(() => reader.counts.read >= counts.length, { what: "it has read all" });
  reader.stop();
  await running;
  return reader.violations;
}

Deno.test("Reader: takes what was offered for possible, and what was accepted for certain", async () => {
  assertEquals(await violationsOf([3, 4, 5]), []);
  assertMatch((await violationsOf([2]))[0], /bids shows 2 events where 3 were accepted/);
  assertMatch((await violationsOf([6]))[0], /bids shows 6 events where only 5 were offered/);
});

Deno.test("Reader: notes a count that falls, unless it may", async () => {
  assertMatch((await violationsOf([5, 4]))[0], /bids shows 4 events where 5 were shown before/);
  assertEquals(await violationsOf([5, 4], { mayFall: true }), []);
});

Deno.test("assertCounted: fails for one event too few, too many, or with another total", async () => {
  await using server = showing([3]);
  const ledger = (accepted: Sums) => {
    const made = new Ledger({ isSeenAtOnce: true });
    made.accept(accepted);
    return made;
  };
  await assertCounted(server.url, [ledger(sums(3))]);
  for (const wrong of [sums(2), sums(4), new Map([["bids", { events: 3, total: 7 }]])]) {
    await assertRejects(() => assertCounted(server.url, [ledger(wrong)]));
  }
});

Deno.test("differences: counts what is lost and what is extra apart", () => {
  const seen: Sums = new Map([["a", { events: 3, total: 0 }], ["b", { events: 1, total: 0 }]]);
  const accepted: Sums = new Map([["a", { events: 1, total: 0 }], ["c", { events: 4, total: 0 }]]);
  assertEquals(differences(seen, accepted), { lost: 4, extra: 3 });
  assert(differences(accepted, accepted).lost === 0, "the same differs in nothing");
});
