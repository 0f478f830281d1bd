// What server/store/store.ts promises, as one suite that every implementation runs whole. The queue and the catalogue
// are here; what only the owner of a bucket may do is in lease_contract.ts.

import { assert, assertEquals } from "@std/assert";
import { limits } from "../../core/limits.ts";
import { leaseContract } from "./lease_contract.ts";
import {
  AGGREGATE,
  DELETION,
  type Lease,
  type Member,
  type QueueCursor,
  type StateKey,
} from "../../server/store/store.ts";
import { batch, entry, type Open, state, type StoreTest, tabsOf, take, waiting } from "./store_fixtures.ts";

export function storeContract(name: string, open: Open): void {
  const test: StoreTest = (behaviour, body) => {
    Deno.test(`${name}: ${behaviour}`, async () => {
      const opened = await open({ buckets: 2 });
      await using _store = opened.store;
      await body(opened);
    });
  };
  queueContract(test);
  catalogueContract(test);
  leaseContract(test);
  limitsContract(name, open);
}

function queueContract(test: StoreTest): void {
  const [tab, other] = tabsOf(0, 2);
  const [far] = tabsOf(1, 1);

  test("what is enqueued is read at once, whole and in order", async ({ store }) => {
    const first = entry(tab, "web-1", { events: 7, version: 3, bytes: new Uint8Array(300_000).map((_, i) => i) });
    const enqueued = await store.enqueue(undefined, [first, entry(other, "web-1"), entry(far, "web-1")]);
    assertEquals(enqueued, { verdict: "new", conflicts: [], full: [] });
    await store.enqueue(undefined, [entry(tab, "web-2")]);
    const { states, queued } = await store.read(0, [{ tab, client: AGGREGATE }]);
    assertEquals(states, []);
    assertEquals(queued.map(({ enqueued: _, ...rest }) => rest), [first, entry(tab, "web-2")]);
  });

  test("a read answers what waits for the States asked for and nothing else", async ({ store }) => {
    await store.enqueue(undefined, [entry(tab, "web-1"), entry(tab, "web-2"), entry(other, "web-1")]);
    const read = async (...clients: readonly string[]) =>
      (await store.read(0, clients.map((client) => ({ tab, client })))).queued.map(({ client }) => client);
    assertEquals(await read("web-2"), ["web-2"]);
    assertEquals(await read("web-2", "web-1", "web-3"), ["web-1", "web-2"]);
    assertEquals(await read(AGGREGATE, "web-1"), ["web-1", "web-2"]);
    assertEquals(await read("web-3"), []);
    assertEquals(await store.read(1, [{ tab, client: AGGREGATE }]), { states: [], queued: [] });
  });

  test("a batch that was applied is applied no second time", async ({ store }) => {
    assertEquals((await store.enqueue(batch(1), [entry(tab, "web-1")])).verdict, "new");
    const again = await store.enqueue(batch(1), [entry(tab, "web-1"), entry(other, "web-2")]);
    assertEquals(again, { verdict: "repeated", conflicts: [], full: [] });
    assertEquals((await store.enqueue(batch(2), [entry(tab, "web-2")])).verdict, "new");
    assertEquals((await store.enqueue(batch(1, { sender: "agent-2" }), [entry(tab, "web-3")])).verdict, "new");
    assertEquals(await waiting(store, 0), [`${tab} web-1`, `${tab} web-2`, `${tab} web-3`]);
  });

  test("batches may come out of order, but none from below the sender's low", async ({ store }) => {
    assertEquals((await store.enqueue(batch(9, { low: 5 }), [entry(tab, "web-9")])).verdict, "new");
    assertEquals((await store.enqueue(batch(5, { low: 5 }), [entry(tab, "web-5")])).verdict, "new");
    assertEquals((await store.enqueue(batch(4, { low: 4 }), [entry(tab, "web-4")])).verdict, "stale");
    assertEquals((await store.enqueue(batch(9, { low: 9 }), [entry(tab, "web-9")])).verdict, "repeated");
    assertEquals(await waiting(store, 0), [`${tab} web-9`, `${tab} web-5`]);
  });

  test("a sender's batches are remembered up to the limit below the highest", async ({ store }) => {
    const last = limits.seqsRememberedMax;
    await store.enqueue(batch(0), [entry(tab, "web-0")]);
    await store.enqueue(batch(1), [entry(tab, "web-1")]);
    await store.enqueue(batch(last), [entry(tab, "web-2")]);
    assertEquals((await store.enqueue(batch(0), [entry(tab, "web-0")])).verdict, "stale");
    assertEquals((await store.enqueue(batch(1), [entry(tab, "web-1")])).verdict, "repeated");
  });

  test("without an id nothing is recognised", async ({ store }) => {
    for (const _ of [1, 2]) await store.enqueue(undefined, [entry(tab, "web-1")]);
    assertEquals(await waiting(store, 0), [`${tab} web-1`, `${tab} web-1`]);
  });

  test("a batch of nothing is remembered too", async ({ store }) => {
    assertEquals((await store.enqueue(batch(1), [])).verdict, "new");
    assertEquals((await store.enqueue(batch(1), [])).verdict, "repeated");
  });

  test("an entry of another type than its tab's is left out and named", async ({ store }) => {
    const gauge = { type: "Gauge" };
    const mixed = [entry(tab, "web-1"), entry(tab, "web-2", gauge), entry(far, "web-1", gauge), entry(tab, "web-3")];
    const enqueued = await store.enqueue(batch(1), mixed);
    assertEquals(enqueued.conflicts, [{ index: 1, type: "TotalsCounter" }]);
    assertEquals(await waiting(store, 0), [`${tab} web-1`, `${tab} web-3`]);
    const later = await store.enqueue(batch(2), [entry(far, "web-1"), entry(tab, "web-1", gauge)]);
    assertEquals(later.verdict, "new");
    assertEquals(later.conflicts, [{ index: 0, type: "Gauge" }, { index: 1, type: "TotalsCounter" }]);
  });

  test("a deletion takes what was enqueued before it, and waits in its order", async ({ store }) => {
    await store.enqueue(undefined, [entry(tab, "web-1"), entry(tab, "web-2"), entry(other, "web-1")]);
    await store.enqueueDeletions(0, [{ tab, client: "web-1" }]);
    await store.enqueueDeletions(0, [{ tab, client: AGGREGATE }]);
    await store.enqueue(undefined, [entry(tab, "web-1")]);
    const seen = async (key: StateKey) => {
      const { queued } = await store.read(0, [key]);
      return queued.map(({ client, type }) => type === DELETION ? `-${client}` : client);
    };
    assertEquals(await seen({ tab, client: AGGREGATE }), ["web-1", "web-2", "-web-1", "-", "web-1"]);
    assertEquals(await seen({ tab, client: "web-1" }), ["web-1", "-web-1", "-", "web-1"]);
    assertEquals(await seen({ tab, client: "web-2" }), ["web-2", "-"]);
    assertEquals(await seen({ tab: other, client: "web-1" }), ["web-1"]);
    assertEquals((await store.queues())[0].entries, 6);
    assertEquals([...await store.clients(0)].sort(), ["web-1", "web-2"]);
    assertEquals((await store.clientsByTab(0, [tab])).get(tab)?.toSorted(), ["web-1", "web-2"]);
  });

  test("deletions are read apart from other entries", async ({ store }) => {
    const read = async (lease: Lease, cursor?: QueueCursor) => {
      const chunk = await store.readQueue(lease, cursor, 1_000_000);
      assert(chunk !== undefined, "the owner may read");
      return [
        chunk.cursor,
        chunk.entries.map(({ type, client }) => type === DELETION ? `-${client}` : client),
      ] as const;
    };
    await store.enqueue(undefined, [entry(tab, "web-1"), entry(tab, "web-2")]);
    await store.enqueueDeletions(0, ["web-1", "web-3"].map((client) => ({ tab, client })));
    await store.enqueue(undefined, [entry(tab, "web-1")]);
    const lease = await take(store, 0);
    const [first, before] = await read(lease);
    const [second, deletions] = await read(lease, first);
    const [third, after] = await read(lease, second);
    assertEquals([before, deletions, after], [["web-1", "web-2"], ["-web-1", "-web-3"], ["web-1"]]);
    assertEquals((await read(lease, third))[1], []);
  });

  test("events are counted in the steps that enqueue and commit", async ({ store }) => {
    assertEquals(await store.eventCounts(), { enqueued: 0, committed: 0 });
    const entries = [entry(tab, "web-1", { events: 7 }), entry(tab, "web-2", { events: 5 }), entry(far, "web-1")];
    await store.enqueue(batch(1), entries);
    await store.enqueue(batch(1), entries);
    await store.enqueue(undefined, [entry(tab, "web-1", { type: "Gauge", events: 100 })]);
    assertEquals(await store.eventCounts(), { enqueued: 13, committed: 0 });
    const lease = await take(store, 0);
    const one = await store.readQueue(lease, undefined, 1);
    const chunk = await store.readQueue(lease, one?.cursor, 1_000_000);
    const commit = { lease, consumed: chunk?.cursor, requeued: one?.entries ?? [], states: [], removed: [] };
    for (const _ of [1, 2]) assert(await store.commit({ ...commit, next: "c1" }), "the owner may commit");
    assertEquals(await store.eventCounts(), { enqueued: 13, committed: 5 });
    assertEquals(await store.commit({ ...commit, next: "c2" }), false);
    assertEquals(await store.eventCounts(), { enqueued: 13, committed: 5 });
    await store.enqueueDeletions(0, [{ tab, client: AGGREGATE }]);
    assertEquals(await store.eventCounts(), { enqueued: 13, committed: 5 });
  });

  test("a bucket's events are counted from what lies in its queue, beside what was counted on the way", async (opened) => {
    const { store } = opened;
    assertEquals(await store.bucketEvents(0), { enqueued: 0, committed: 0, queued: 0 });
    const entries = [entry(tab, "web-1", { events: 7 }), entry(tab, "web-2", { events: 5 }), entry(far, "web-1")];
    await store.enqueue(undefined, entries);
    await store.enqueueDeletions(0, [{ tab: other, client: AGGREGATE }]);
    assertEquals(await store.bucketEvents(0), { enqueued: 12, committed: 0, queued: 12 });
    assertEquals(await store.bucketEvents(1), { enqueued: 1, committed: 0, queued: 1 });
    const lease = await take(store, 0);
    const one = await store.readQueue(lease, undefined, 1);
    assert(one?.cursor !== undefined, "there is something to read");
    // Whoever commits more events than it read is believed, and found out.
    const consumed = { ...one.cursor, events: one.cursor.events + 3 };
    assert(await store.commit({ lease, next: "c1", consumed, requeued: [], states: [], removed: [] }));
    assertEquals(await store.bucketEvents(0), { enqueued: 12, committed: 10, queued: 5 });
  });

  test("the queues that are not empty are known with their sizes and age", async ({ store, pass }) => {
    assertEquals(await store.queues(), []);
    await store.enqueue(undefined, [entry(far, "web-1")]);
    const [single] = await store.queues();
    await pass(50);
    await store.enqueue(undefined, [entry(far, "web-2", { bytes: new Uint8Array(1000) })]);
    const [both] = await store.queues();
    assertEquals([both.bucket, both.entries, both.oldest], [1, 2, single.oldest]);
    assert(both.bytes >= single.bytes + 1000, "bytes count what waits");
    const lease = await take(store, 1);
    const chunk = await store.readQueue(lease, undefined, 1_000_000);
    await store.commit({ lease, next: "c1", consumed: chunk?.cursor, requeued: [], states: [], removed: [] });
    assertEquals(await store.queues(), []);
  });
}

function catalogueContract(test: StoreTest): void {
  const [tab, other, third] = tabsOf(0, 3);
  const [far] = tabsOf(1, 1);

  test("tabs and clients are known by bucket, whether they wait or are stored", async ({ store }) => {
    await store.enqueue(undefined, [entry(tab, "web-1"), entry(far, "web-9", { type: "Gauge" })]);
    const lease = await take(store, 0);
    const consumed = (await store.readQueue(lease, undefined, 1_000_000))?.cursor;
    const states = [state(tab, "web-1"), state(tab, "web-2"), state(tab, AGGREGATE)];
    await store.commit({ lease, next: "c1", consumed, requeued: [], states, removed: [] });
    await store.enqueue(undefined, [entry(other, "web-3"), entry(tab, "web-4")]);
    assertEquals(sorted(await store.tabs(0)), [[tab, "TotalsCounter"], [other, "TotalsCounter"]].sort());
    assertEquals(sorted(await store.tabs(1)), [[far, "Gauge"]]);
    assertEquals([...await store.clients(0)].sort(), ["web-1", "web-2", "web-3", "web-4"]);
    assertEquals([...await store.clients(1)], ["web-9"]);
    const clientsByTab = await store.clientsByTab(0, [tab, other, third]);
    assertEquals([...clientsByTab.get(tab) ?? []].sort(), ["web-1", "web-2", "web-4"]);
    assertEquals(clientsByTab.get(other), ["web-3"]);
    assertEquals(clientsByTab.has(third), false);
  });

  test("a client is no longer known once all of its entries have left the queue and it has no States", async ({ store }) => {
    await store.enqueue(undefined, [entry(tab, "web-1"), entry(tab, "web-2")]);
    const lease = await take(store, 0);
    const consumed = (await store.readQueue(lease, undefined, 1))?.cursor;
    await store.commit({ lease, next: "c1", consumed, requeued: [], states: [], removed: [{ tab, client: "web-1" }] });
    assertEquals([...await store.clients(0)], ["web-2"]);
    assertEquals((await store.clientsByTab(0, [tab])).get(tab), ["web-2"]);
  });

  test("servers are known while they announce themselves", async ({ store, pass }) => {
    const member = (id: string): Member => ({ id, url: `http://${id}`, roles: ["fe", "be"], started: 1.5 });
    for (const id of ["b", "c", "a"]) await store.heartbeat(member(id), 300);
    assertEquals(await store.members(), [member("a"), member("b"), member("c")]);
    await store.leave("c");
    await pass(150);
    await store.heartbeat(member("b"), 300);
    await pass(200);
    assertEquals(await store.members(), [member("b")]);
    await store.leave("nobody");
  });
}

function sorted(map: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  return [...map].sort();
}

function limitsContract(name: string, open: Open): void {
  Deno.test(`${name}: a tab beyond the limit is left out and named, known ones still count`, async () => {
    const { store } = await open({ buckets: 1, tabsMax: 2 });
    await using _store = store;
    const entries = ["a", "b", "c", "a"].map((tab) => entry(tab, "web-1"));
    assertEquals((await store.enqueue(undefined, entries)).full, [{ index: 2, of: "tabs" }]);
    assertEquals(await waiting(store, 0), ["a web-1", "b web-1", "a web-1"]);
  });

  Deno.test(`${name}: a client beyond the limit is left out and named, and fixes no type`, async () => {
    const { store } = await open({ buckets: 1, clientsMax: 2 });
    await using _store = store;
    const entries = ["web-1", "web-2", "web-3", "web-1"].map((client) => entry(`of-${client}`, client));
    assertEquals((await store.enqueue(undefined, entries)).full, [{ index: 2, of: "clients" }]);
    assertEquals([...await store.clients(0)].sort(), ["web-1", "web-2"]);
    assertEquals((await store.tabs(0)).has("of-web-3"), false);
  });

  Deno.test(`${name}: what is removed makes room for other tabs and clients`, async () => {
    const { store } = await open({ buckets: 1, tabsMax: 1, clientsMax: 1 });
    await using _store = store;
    await store.enqueue(undefined, [entry("a", "web-1")]);
    const lease = await take(store, 0);
    const consumed = (await store.readQueue(lease, undefined, 1000))?.cursor;
    const states = [state("a", "web-1")];
    await store.commit({ lease, next: "c1", consumed, requeued: [], states, removed: [] });
    assertEquals((await store.enqueue(undefined, [entry("b", "web-2")])).full.length, 1);
    const removed = [{ tab: "a", client: "web-1" }];
    const after = { ...lease, revision: "c1" };
    await store.commit({ lease: after, next: "c2", consumed: undefined, requeued: [], states: [], removed });
    assertEquals((await store.enqueue(undefined, [entry("b", "web-2")])).full, []);
  });
}
