// The part of the store's contract that only the owner of a bucket sees: leases, reading the queue, loading, commits.
// Run by store_contract.ts.

import { assert, assertEquals } from "@std/assert";
import { limits } from "../../core/limits.ts";
import { AGGREGATE, type Commit, DELETION, type Lease, type QueueChunk, type Store } from "../../server/store/store.ts";
import { entry, state, type StoreTest, tabsOf, take, TTL_MS, waiting } from "./store_fixtures.ts";

const [TAB, OTHER] = tabsOf(0, 2);
const ANY = 1_000_000;

export function leaseContract(test: StoreTest): void {
  ownershipContract(test);
  readContract(test);
  commitContract(test);
  requeueContract(test);
  removalContract(test);
}

function commitOf(lease: Lease, next: string, parts: Partial<Commit> = {}): Commit {
  return { lease, next, consumed: undefined, requeued: [], states: [], removed: [], ...parts };
}

async function chunkOf(store: Store, lease: Lease, bytesMax = ANY): Promise<QueueChunk> {
  const chunk = await store.readQueue(lease, undefined, bytesMax);
  assert(chunk !== undefined, "the owner may read");
  return chunk;
}

async function bytesOf(store: Store, tab: string, client: string): Promise<Uint8Array | undefined> {
  return (await store.read(0, [{ tab, client }])).states[0]?.bytes;
}

function ownershipContract(test: StoreTest): void {
  test("a lease excludes others until it lapses, and every taking raises the fence", async ({ store, pass }) => {
    const first = await take(store, 0);
    assertEquals([first.bucket, first.owner, first.revision], [0, "be-1", ""]);
    assertEquals(await store.lease("be-2", [0], TTL_MS), []);
    assertEquals((await store.lease("be-2", [0, 1], TTL_MS)).map(({ bucket }) => bucket), [1]);
    await pass(TTL_MS + 100);
    const second = await take(store, 0, "be-2");
    assert(second.fence > first.fence, "a new owner's fence is higher");
    assertEquals(await store.lease("be-1", [0], TTL_MS), []);
    await pass(TTL_MS + 100);
    const again = await take(store, 0, "be-2");
    assert(again.fence > second.fence, "so is that of an owner who comes back");
  });

  test("a lease renewed in time keeps its fence", async ({ store, pass }) => {
    const first = await take(store, 0);
    for (const _ of [1, 2, 3]) {
      await pass(TTL_MS * 0.6);
      assertEquals(await take(store, 0), first);
    }
    assertEquals(await store.lease("be-2", [0], TTL_MS), []);
  });

  test("a lease given back is free at once, one lost already stays with its new owner", async ({ store, pass }) => {
    const first = await take(store, 0);
    await store.release([first]);
    assertEquals(await store.commit(commitOf(first, "c1")), false);
    const second = await take(store, 0, "be-2");
    assert(second.fence > first.fence, "a new owner's fence is higher");
    await store.release([first]);
    assertEquals(await store.lease("be-3", [0], TTL_MS), []);
    await pass(TTL_MS + 100);
    await store.release([second]);
    await take(store, 0, "be-3");
  });

  test("a lease names the newest commit", async ({ store }) => {
    const lease = await take(store, 0);
    assert(await store.commit(commitOf(lease, "c1")), "the owner may commit");
    assertEquals(await take(store, 0), { ...lease, revision: "c1" });
    assertEquals((await take(store, 1)).revision, "");
  });
}

function readContract(test: StoreTest): void {
  test("a queue is read piece by piece, each read going on after the last", async ({ store }) => {
    const clients = Array.from({ length: limits.readEntriesMax + 10 }, (_, index) => `web-${index}`);
    const lease = await take(store, 0);
    assertEquals(await store.readQueue(lease, undefined, ANY), { entries: [], cursor: undefined });
    await store.enqueue(undefined, clients.map((client) => entry(TAB, client)));
    const first = await chunkOf(store, lease);
    assertEquals(first.entries.length, limits.readEntriesMax);
    const second = await store.readQueue(lease, first.cursor, ANY);
    assertEquals(second?.entries.length, 10);
    assertEquals([...first.entries, ...second?.entries ?? []].map(({ client }) => client), clients);
    const third = await store.readQueue(lease, second?.cursor, ANY);
    assertEquals(third, { entries: [], cursor: second?.cursor });
    await store.enqueue(undefined, [entry(TAB, "later")]);
    assertEquals((await store.readQueue(lease, third?.cursor, ANY))?.entries.map(({ client }) => client), ["later"]);
  });

  test("a read is bounded by bytes, but never of nothing", async ({ store }) => {
    const large = { bytes: new Uint8Array(10_000) };
    await store.enqueue(undefined, ["web-1", "web-2", "web-3"].map((client) => entry(TAB, client, large)));
    const lease = await take(store, 0);
    assertEquals((await chunkOf(store, lease, 25_000)).entries.length, 2);
    assertEquals((await chunkOf(store, lease, 1)).entries.length, 1);
  });

  test("only the owner reads the queue and loads, and only while nothing was changed", async ({ store, pass }) => {
    await store.enqueue(undefined, [entry(TAB, "web-1"), entry(TAB, "web-2")]);
    const lease = await take(store, 0);
    const { cursor } = await chunkOf(store, lease, 1);
    assert(cursor !== undefined, "something was read");
    const isLost = async (tried: Lease) => {
      assertEquals(await store.readQueue(tried, undefined, ANY), undefined);
      assertEquals(await store.load(tried, [{ tab: TAB, client: "web-1" }]), undefined);
    };
    await isLost({ ...lease, owner: "be-2" });
    await isLost({ ...lease, fence: lease.fence + 1 });
    await isLost({ ...lease, revision: "unheard of" });
    assertEquals(await store.readQueue(lease, { ...cursor, last: "unheard of" }, ANY), undefined);
    assertEquals(await store.readQueue(lease, { ...cursor, entries: 3 }, ANY), undefined);
    await pass(TTL_MS + 100);
    assert(await store.load(lease, []) !== undefined, "a lapsed lease that nobody took is as good as any");
    await take(store, 0, "be-2");
    await isLost(lease);
  });

  test("a tab with one client needs no Aggregate of its own", async ({ store }) => {
    const lease = await take(store, 0);
    const key = { tab: TAB, client: AGGREGATE };
    const only = state(TAB, "web-1");
    assert(await store.commit(commitOf(lease, "c1", { states: [only] })), "the owner may commit");
    const second = { ...lease, revision: "c1" };
    const unknown = { tab: OTHER, client: AGGREGATE };
    assertEquals(await store.load(second, [key, unknown, { tab: TAB, client: "web-2" }]), [only]);
    assertEquals((await store.read(0, [key])).states, [only]);
    assertEquals((await store.read(0, [key, { tab: TAB, client: "web-1" }])).states, [only]);
    const states = [state(TAB, "web-2"), state(TAB, AGGREGATE)];
    assert(await store.commit(commitOf(second, "c2", { states })), "the owner may commit");
    assertEquals(await store.load({ ...lease, revision: "c2" }, [key]), [state(TAB, AGGREGATE)]);
    assertEquals((await store.read(0, [key])).states, [state(TAB, AGGREGATE)]);
  });
}

function commitContract(test: StoreTest): void {
  test("a commit that relies on what was read leaves it there, and does nothing where it is gone", async ({ store }) => {
    await store.enqueue(undefined, [entry(TAB, "web-1"), entry(TAB, "web-2")]);
    const lease = await take(store, 0);
    const { cursor: reliedOn } = await chunkOf(store, lease);
    const states = [state(TAB, "web-1")];
    assert(await store.commit(commitOf(lease, "c1", { reliedOn, states })), "the owner may commit");
    const after = { ...lease, revision: "c1" };
    const { entries, cursor: consumed } = await chunkOf(store, after, 1);
    assertEquals(entries.map(({ client }) => client), ["web-1"]);
    assertEquals(await store.eventCounts(), { enqueued: 2, committed: 0 });
    assert(await store.commit(commitOf(after, "c2", { consumed })), "the owner may commit");
    const removed = [{ tab: TAB, client: "web-1" }];
    const last = { ...lease, revision: "c2" };
    for (const gone of [consumed, reliedOn]) {
      assertEquals(await store.commit(commitOf(last, "c3", { reliedOn: gone, removed })), false);
    }
    assertEquals((await store.read(0, [{ tab: TAB, client: "web-1" }])).states, states);
  });

  test("a commit writes States and trims what was consumed, in one step", async ({ store }) => {
    await store.enqueue(undefined, ["web-1", "web-2", "web-3"].map((client) => entry(TAB, client)));
    const lease = await take(store, 0);
    const { cursor: consumed } = await chunkOf(store, lease, 1);
    const states = [state(TAB, "web-1", { version: 4, bytes: new Uint8Array(300_000).map((_, i) => i) })];
    assert(await store.commit(commitOf(lease, "c1", { consumed, states })), "the owner may commit");
    assertEquals((await store.read(0, [{ tab: TAB, client: "web-1" }])).states, states);
    assertEquals(await waiting(store, 0), [`${TAB} web-2`, `${TAB} web-3`]);
    const rest = await store.readQueue({ ...lease, revision: "c1" }, undefined, ANY);
    assertEquals(rest?.entries.map(({ client }) => client), ["web-2", "web-3"]);
    const replaced = [state(TAB, "web-1")];
    assert(await store.commit(commitOf({ ...lease, revision: "c1" }, "c2", { states: replaced })), "and again");
    assertEquals(await bytesOf(store, TAB, "web-1"), replaced[0].bytes);
    assertEquals((await waiting(store, 0)).length, 2);
  });

  test("a commit is refused, and changes nothing, where anything is not as its owner believes", async ({ store }) => {
    await store.enqueue(undefined, [entry(TAB, "web-1")]);
    const lease = await take(store, 0);
    const { cursor: consumed } = await chunkOf(store, lease);
    assert(consumed !== undefined, "something was read");
    const states = [state(TAB, "web-1")];
    const removed = [{ tab: TAB, client: "web-1" }];
    const attempts = [
      commitOf({ ...lease, owner: "be-2" }, "c1", { consumed, states }),
      commitOf({ ...lease, fence: lease.fence - 1 }, "c1", { consumed, states }),
      commitOf({ ...lease, fence: lease.fence + 1 }, "c1", { consumed, states }),
      commitOf({ ...lease, revision: "unheard of" }, "c1", { consumed, states, removed }),
      commitOf(lease, "c1", { consumed: { ...consumed, last: "unheard of" }, states }),
      commitOf(lease, "c1", { consumed: { ...consumed, entries: 2 }, states }),
    ];
    for (const attempt of attempts) assertEquals(await store.commit(attempt), false);
    assertEquals(await bytesOf(store, TAB, "web-1"), undefined);
    assertEquals(await waiting(store, 0), [`${TAB} web-1`]);
    assert(await store.commit(commitOf(lease, "c1", { consumed, states })), "the owner may commit");
  });

  test("an owner past its lease can't write over its successor", async ({ store, pass }) => {
    await store.enqueue(undefined, [entry(TAB, "web-1")]);
    const old = await take(store, 0);
    const { cursor: consumed } = await chunkOf(store, old);
    await pass(TTL_MS + 100);
    const successor = await take(store, 0, "be-2");
    const late = commitOf(old, "c1", { consumed, states: [state(TAB, "web-1")] });
    assertEquals(await store.commit(late), false);
    assert(await store.commit(commitOf(successor, "c2", { consumed })), "the successor may commit");
    assertEquals(await store.commit(late), false);
    assertEquals(await bytesOf(store, TAB, "web-1"), undefined);
  });

  test("a commit may be repeated until its fate is known, and counts once", async ({ store, pass }) => {
    await store.enqueue(undefined, [entry(TAB, "web-1"), entry(TAB, "web-2")]);
    const lease = await take(store, 0);
    const { cursor: consumed } = await chunkOf(store, lease, 1);
    const commit = commitOf(lease, "c1", { consumed, states: [state(TAB, "web-1")] });
    assert(await store.commit(commit), "the owner may commit");
    assert(await store.commit(commit), "it was applied");
    assertEquals(await waiting(store, 0), [`${TAB} web-2`]);
    await pass(TTL_MS + 100);
    const successor = await take(store, 0, "be-2");
    assert(await store.commit(commit), "it was applied, whoever has the lease now");
    assert(await store.commit(commitOf(successor, "c2")), "the successor may commit");
    assertEquals(await store.commit(commit), false);
    assertEquals(await waiting(store, 0), [`${TAB} web-2`]);
  });

  test("requeued entries go to the tail as they are", async ({ store, pass }) => {
    await store.enqueue(undefined, ["web-1", "web-2"].map((client) => entry(TAB, client, { version: 9, events: 5 })));
    await pass(50);
    const lease = await take(store, 0);
    const { entries, cursor: consumed } = await chunkOf(store, lease);
    await store.enqueue(undefined, [entry(OTHER, "web-3")]);
    assert(await store.commit(commitOf(lease, "c1", { consumed, requeued: [entries[0]] })), "the owner may commit");
    assertEquals(await waiting(store, 0), [`${OTHER} web-3`, `${TAB} web-1`]);
    const after = await chunkOf(store, { ...lease, revision: "c1" });
    assertEquals(after.entries[1], entries[0]);
  });
}

function requeueContract(test: StoreTest): void {
  test("a requeued entry stays behind a deletion that takes it", async ({ store }) => {
    const entries = ["web-1", "web-2"].map((client) => entry(TAB, client)).concat(entry(OTHER, "web-1"));
    await store.enqueue(undefined, entries);
    const lease = await take(store, 0);
    const { entries: requeued, cursor: consumed } = await chunkOf(store, lease);
    await store.enqueueDeletions(0, [{ tab: TAB, client: "web-1" }, { tab: "another", client: AGGREGATE }]);
    await store.enqueue(undefined, [entry(OTHER, "web-2")]);
    await store.enqueueDeletions(0, [{ tab: OTHER, client: AGGREGATE }]);
    assert(await store.commit(commitOf(lease, "c1", { consumed, requeued })), "the owner may commit");
    const left = (await store.read(0, [TAB, OTHER].map((tab) => ({ tab, client: AGGREGATE })))).queued;
    assertEquals(left.map(({ tab, client, type }) => `${type === DELETION ? "-" : ""}${tab} ${client}`), [
      `-${TAB} web-1`,
      `${OTHER} web-2`,
      `-${OTHER} `,
      `${TAB} web-2`,
    ]);
    assertEquals(await store.eventCounts(), { enqueued: 4, committed: 2 });
    const { cursor } = await chunkOf(store, { ...lease, revision: "c1" });
    assert(await store.commit(commitOf({ ...lease, revision: "c1" }, "c2", { consumed: cursor })), "and again");
    const last = await chunkOf(store, { ...lease, revision: "c2" });
    assertEquals(last.entries.map(({ tab, client }) => `${tab} ${client}`), [`${OTHER} web-2`]);
    const again = { consumed: last.cursor, requeued: requeued.slice(0, 1) };
    assert(await store.commit(commitOf({ ...lease, revision: "c2" }, "c3", again)), "and again");
    assertEquals(await waiting(store, 0), [`${OTHER} `, `${TAB} web-2`, `${TAB} web-1`], "its deletion has left");
  });
}

function removalContract(test: StoreTest): void {
  test("a tab without States or waiting entries is forgotten with its type", async ({ store }) => {
    const lease = await take(store, 0);
    await store.enqueue(undefined, [entry(TAB, "web-1")]);
    const { cursor: consumed } = await chunkOf(store, lease);
    const states = [state(TAB, "web-1"), state(TAB, "web-2"), state(TAB, AGGREGATE)];
    await store.commit(commitOf(lease, "c1", { consumed, states }));
    const one = [{ tab: TAB, client: "web-1" }];
    assert(await store.commit(commitOf({ ...lease, revision: "c1" }, "c2", { removed: one })), "the owner may commit");
    assertEquals((await store.clientsByTab(0, [TAB])).get(TAB), ["web-2"]);
    assertEquals([...(await store.tabs(0)).keys()], [TAB]);
    const rest = ["web-2", AGGREGATE, "nobody"].map((client) => ({ tab: TAB, client }));
    assert(await store.commit(commitOf({ ...lease, revision: "c2" }, "c3", { removed: rest })), "the owner may commit");
    assertEquals([...await store.tabs(0)], []);
    const enqueued = await store.enqueue(undefined, [entry(TAB, "web-1", { type: "Gauge" })]);
    assertEquals(enqueued.conflicts, []);
  });

  test("a tab that something waits for is kept, until a later commit removes from it again", async ({ store }) => {
    const lease = await take(store, 0);
    await store.commit(commitOf(lease, "c1", { states: [state(TAB, "web-1")] }));
    await store.enqueue(undefined, [entry(TAB, "web-1")]);
    const removed = [{ tab: TAB, client: "web-1" }];
    await store.commit(commitOf({ ...lease, revision: "c1" }, "c2", { removed }));
    const second = { ...lease, revision: "c2" };
    assertEquals([...(await store.tabs(0)).keys()], [TAB]);
    assertEquals((await store.read(0, removed)).states, []);
    const { cursor: consumed } = await chunkOf(store, second);
    await store.commit(commitOf(second, "c3", { consumed, removed: [{ tab: TAB, client: AGGREGATE }] }));
    assertEquals([...await store.tabs(0)], []);
  });

  test("a tab is forgotten whatever else waits, much or called like it, and beside what has left the queue", async ({ store }) => {
    const lease = await take(store, 0);
    await store.enqueue(undefined, [entry(TAB, "web-1"), entry(OTHER, TAB, { bytes: new Uint8Array(2_000_000) })]);
    const { cursor: consumed, entries } = await chunkOf(store, lease, 1);
    assertEquals(entries.map(({ tab }) => tab), [TAB]);
    const removed = [TAB, OTHER].map((tab) => ({ tab, client: AGGREGATE }));
    assert(await store.commit(commitOf(lease, "c1", { consumed, removed })), "the owner may commit");
    assertEquals([...(await store.tabs(0)).keys()], [OTHER]);
  });
}
