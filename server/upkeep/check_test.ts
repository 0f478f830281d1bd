import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bucketOf } from "../../core/buckets.ts";
import { createRegistry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { AGGREGATE, type Entry, type Store, type StoredState } from "../store/store.ts";
import { storeState } from "../stored.ts";
import { Check, type CheckReport } from "./check.ts";

const NOW = 1_763_890_000;
const BUCKETS = 2;
const registry = createRegistry();

function entry(
  tab: string,
  client: string,
  options: { readonly type?: string; readonly values?: readonly number[] } = {},
) {
  const handler = registry.get(options.type ?? "TotalsCounter");
  assert(handler !== undefined);
  const state = handler.create(client);
  const values = options.values ?? [1];
  for (const value of values) handler.fold(state, NOW, value);
  return { ...storeState({ tab, client }, handler, state), events: values.length } satisfies Entry;
}

function open(): MemoryStore {
  return new MemoryStore({ buckets: BUCKETS, clock: () => NOW });
}

let commits = 0;

/** Stores States as an owner would, and registers their tabs. */
async function keep(store: Store, ...states: readonly (StoredState & Entry)[]): Promise<void> {
  for (const [bucket, ofBucket] of Map.groupBy(states, ({ tab }) => bucketOf(tab, BUCKETS))) {
    const [lease] = await store.lease("be", [bucket], 1e9);
    const known = await store.tabs(bucket);
    const fresh = [...Map.groupBy(ofBucket, ({ tab }) => tab)].filter(([tab]) => !known.has(tab));
    await store.enqueue(undefined, fresh.map(([, [first]]) => first));
    const consumed = (await store.readQueue(lease, undefined, 1e9))?.cursor;
    for (let from = 0; from < ofBucket.length; from += limits.commitStatesMax) {
      const some = ofBucket.slice(from, from + limits.commitStatesMax);
      const { revision } = (await store.lease("be", [bucket], 1e9))[0];
      const next = `c${commits++}`;
      const isFirst = from === 0;
      const commit = { lease: { ...lease, revision }, next, consumed: isFirst ? consumed : undefined, requeued: [] };
      assert(await store.commit({ ...commit, states: some, removed: [] }));
    }
  }
}

async function check(store: Store, signal = new AbortController().signal): Promise<CheckReport> {
  const pause = () => Promise.resolve();
  return await new Check({ store, registry, clock: () => NOW, pause, signal }).run();
}

Deno.test("Check: finds nothing wrong with what is right, and counts all of it", async () => {
  const store = open();
  const nothing = { problems: [], problemsMore: 0 };
  assertEquals(await check(store), { buckets: 2, tabs: 0, states: 0, entries: 0, ...nothing });
  const types = ["TotalsCounter", "CounterGroup", "PercentileGroup", "PercentileCounter"];
  for (const type of types) {
    await keep(
      store,
      entry(type, "web-1", { type, values: [1, 2.5] }),
      entry(type, "web-2", { type, values: [0.1, 1e9] }),
      entry(type, AGGREGATE, { type, values: [1e9, 0.1, 2.5, 1] }),
    );
  }
  await keep(store, entry("single", "web-1"));
  await store.enqueue(undefined, [entry("single", "web-2"), entry("waiting", "web-1")]);
  await store.enqueueDeletions(bucketOf("single", BUCKETS), [{ tab: "single", client: "web-2" }]);
  assertEquals(await check(store), { buckets: 2, tabs: 6, states: 13, entries: 3, ...nothing });
});

Deno.test("Check: finds what is damaged, unknown, of another type, or in the wrong bucket", async () => {
  const store = open();
  await keep(store, entry("bids", "web-1"), { ...entry("bids", "web-2"), bytes: new Uint8Array([0, 255]) });
  await keep(store, entry("wins", "web-1"), entry("wins", "web-2", { type: "CounterGroup" }));
  await keep(store, { ...entry("newer", "web-1"), version: 99 }, { ...entry("strange", "web-1"), type: "Strange" });
  await store.enqueue(undefined, [{ ...entry("bids", "web-3"), bytes: new Uint8Array([0]) }]);
  const { tabs } = store;
  store.tabs = async (bucket) => {
    const known = await tabs.call(store, bucket);
    return bucket === bucketOf("lost", BUCKETS) ? known : new Map([...known, ["lost", "Gauge"]]);
  };
  const { problems, states, entries } = await check(store);
  const found = problems.map(({ tab, client, problem }) => `${tab} ${client}: ${problem}`).sort();
  assertEquals([states, entries, found.length], [6, 1, 7], found.join("\n"));
  for (
    const expected of [
      /^bids web-2: its TotalsCounter State is damaged/,
      /^bids web-3: a waiting entry: its TotalsCounter State is damaged/,
      /^lost : it belongs into bucket \d$/,
      /^newer web-1: version 99 of TotalsCounter is newer/,
      /^strange : type Strange is unknown here/,
      /^strange web-1: type Strange is unknown here/,
      /^wins web-2: it is a CounterGroup, its tab a TotalsCounter/,
    ]
  ) assert(found.some((text) => expected.test(text)), `${expected} is none of\n${found.join("\n")}`);
});

Deno.test("Check: finds an Aggregate that is missing, alone, or not what its clients reduce to", async () => {
  const store = open();
  await keep(store, entry("missing", "web-1"), entry("missing", "web-2"));
  await keep(store, entry("alone", AGGREGATE));
  await keep(store, entry("more", "web-1"), entry("more", "web-2"), entry("more", AGGREGATE, { values: [1, 1, 1] }));
  await keep(store, entry("less", "web-1", { values: [1.5] }), entry("less", AGGREGATE, { values: [1.4] }));
  const { problems } = await check(store);
  assertEquals(problems.map(({ tab, problem }) => [tab, problem]).sort(), [
    ["alone", "it has an Aggregate and no State of a client"],
    ["less", "its Aggregate is not what the States of its 1 clients reduce to"],
    ["missing", "it has 2 States and no Aggregate"],
    ["more", "its Aggregate is not what the States of its 2 clients reduce to"],
  ]);
});

Deno.test("Check: finds a queue that does not hold what was enqueued and not committed", async () => {
  const store = open();
  const [lost, kept] = ["lost", "kept"];
  assert(bucketOf(lost, BUCKETS) !== bucketOf(kept, BUCKETS), "they are in two buckets");
  await store.enqueue(undefined, [entry(lost, "web-1", { values: [1, 2, 3] }), entry(kept, "web-1")]);
  assertEquals((await check(store)).problems, []);
  const bucket = bucketOf(lost, BUCKETS);
  const [lease] = await store.lease("be", [bucket], 1e9);
  const cursor = (await store.readQueue(lease, undefined, 1e9))?.cursor;
  assert(cursor !== undefined, "there is something to read");
  // An owner that says that it had read less than it has.
  const consumed = { ...cursor, events: 1 };
  const states = [entry(lost, "web-1", { values: [1, 2, 3] })];
  assert(await store.commit({ lease, next: "less", consumed, requeued: [], states, removed: [] }));
  assertEquals((await check(store)).problems, [{
    ...{ bucket, tab: "", client: "" },
    problem: "its queue holds 0 events, where 2 were enqueued and not committed",
  }]);
});

Deno.test("Check: any order of adding is the same Aggregate", async () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(values, { minLength: 2, maxLength: 8 }),
      fc.constantFrom("TotalsCounter", "CounterGroup"),
      async (clients, type) => {
        const store = open();
        const states = clients.map((values, index) => entry("bids", `web-${index}`, { type, values }));
        await keep(store, ...states, entry("bids", AGGREGATE, { type, values: clients.flat().sort() }));
        assertEquals((await check(store)).problems, []);
      },
    ),
    { numRuns: 50, seed: 3 },
  );
});

Deno.test("Check: tabs of more clients than one call reads, more problems than are listed, and an early end", async () => {
  const store = open();
  const many = Array.from({ length: limits.readKeysMax * 2 + 10 }, (_, index) => entry("bids", `web-${index}`));
  await keep(store, ...many, entry("bids", AGGREGATE, { values: many.map(() => 1) }));
  assertEquals(await check(store), {
    ...{ buckets: 2, tabs: 1, states: many.length + 1, entries: 0, problems: [], problemsMore: 0 },
  });
  await keep(store, ...many.slice(0, 150).map((state) => ({ ...state, bytes: new Uint8Array([0]) })));
  const { problems, problemsMore } = await check(store);
  assertEquals([problems.length, problemsMore], [100, 50]);
  const { buckets, states } = await check(store, AbortSignal.abort());
  assertEquals([buckets, states], [0, 0]);
});

Deno.test("Check: a deletion that is done by half is no problem", async () => {
  const store = open();
  const states = ["web-1", "web-2", "web-3"].map((client) => entry("bids", client));
  await keep(store, ...states, entry("bids", AGGREGATE, { values: [1, 1, 1] }));
  const bucket = bucketOf("bids", BUCKETS);
  await store.enqueueDeletions(bucket, [{ tab: "bids", client: AGGREGATE }]);
  const [lease] = await store.lease("be", [bucket], 1e9);
  const removed = [{ tab: "bids", client: "web-1" }];
  assert(await store.commit({ lease, next: "half", consumed: undefined, requeued: [], states: [], removed }));
  assertEquals((await check(store)).problems, []);
});

Deno.test("Check: a tab that changes while it is looked at is no problem", async () => {
  const store = open();
  await keep(store, entry("bids", "web-1"), entry("bids", "web-2"), entry("bids", AGGREGATE, { values: [1, 1] }));
  const read = store.read.bind(store);
  let [reads, values] = [0, [1]];
  // The Aggregate that is read is always behind the States.
  store.read = async (bucket, keys) => {
    const found = await read(bucket, keys);
    if (reads++ < 3) {
      values = [...values, 1];
      await keep(store, entry("bids", "web-1", { values }), entry("bids", AGGREGATE, { values: [...values, 1] }));
    }
    const { states } = await read(bucket, keys);
    return {
      ...found,
      states: states.map((state) =>
        state.client === "" ? found.states.find((one) => one.client === "") ?? state : state
      ),
    };
  };
  assertEquals((await check(store)).problems, []);
});
