import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { bucketOf } from "../core/buckets.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { groupOf, isSelected, readSelection, type Selection } from "./selection.ts";
import { type Found, Query } from "./query.ts";
import { HalfStore } from "../tests/sim/stores.ts";
import { MemoryStore } from "./store/memory_store.ts";
import { AGGREGATE, type Entry, type StoredState, StoreTrouble } from "./store/store.ts";
import { storeState } from "./stored.ts";

const registry = createRegistry();
const NOW = 1_763_890_000;
const BUCKETS = 4;

function entry(tab: string, client: string, options: { readonly type?: string; readonly value?: unknown } = {}): Entry {
  const handler = registry.get(options.type ?? "TotalsCounter");
  assert(handler !== undefined);
  const state = handler.create(client);
  handler.fold(state, NOW, options.value ?? 1);
  return { ...storeState({ tab, client }, handler, state), events: 1 };
}

function open() {
  const store = new MemoryStore({ buckets: BUCKETS, clock: () => NOW });
  const query = new Query({ store, registry, pause: () => Promise.resolve() });
  return { store, query };
}

function select(search: string): Selection {
  const selection = readSelection(new URLSearchParams(search), ["name", "client", "re", "tag", "by"]);
  assert(selection.ok);
  return selection.value;
}

/** Totals by name, or by name and client. */
async function totals(found: AsyncIterable<Found> | Iterable<Found>): Promise<Record<string, unknown>> {
  const totals: Record<string, unknown> = {};
  for await (const { name, type, client, content } of found) {
    const key = [name, ...type === undefined ? [] : [`(${type})`], ...client === "" ? [] : [client]].join(" ");
    assertEquals(key in totals, false, `${key} is answered once`);
    totals[key] = content.ok
      ? JSON.parse(JSON.stringify(content.handler.render(content.state, NOW))).total
      : content.why;
  }
  return totals;
}

Deno.test("Query: Aggregates over all clients, or over those asked for", async () => {
  const { store, query } = open();
  await store.enqueue(undefined, [
    ...["web-1", "web-2", "api-1"].map((client) => entry("bids", client, { value: client.length })),
    entry("errors", "web-1"),
    entry("errors", "web-1"),
  ]);
  const ask = (search: string) => totals(query.aggregates(select(search)));
  assertEquals(await ask(""), { bids: 15, errors: 2 });
  assertEquals(await ask("name=bids,nothing"), { bids: 15 });
  assertEquals(await ask("client=web-1"), { bids: 5, errors: 2 });
  assertEquals(await ask("client=web-1,api-1&name=bids"), { bids: 10 });
  assertEquals(await ask("client=web-2"), { bids: 5 });
  assertEquals(await ask("re=1&client=web-.*"), { bids: 10, errors: 2 });
  assertEquals(await ask("re=1&name=b.*&client=.*"), { bids: 15 });
  assertEquals(await ask("name=nothing"), {});
});

Deno.test("Query: projections are the clients' States", async () => {
  const { store, query } = open();
  await store.enqueue(undefined, [entry("bids", "web-1"), entry("bids", "web-2"), entry("errors", "web-1")]);
  const ask = (search: string) => totals(query.projections(select(search)));
  assertEquals(await ask(""), { "bids web-1": 1, "bids web-2": 1, "errors web-1": 1 });
  assertEquals(await ask("name=bids&client=web-2,web-3"), { "bids web-2": 1 });
  assertEquals(await ask("re=1&client=.*-1"), { "bids web-1": 1, "errors web-1": 1 });
});

Deno.test("Query: stored States and what waits for them are one, whoever they are stored for", async () => {
  const { store, query } = open();
  const states = [
    entry("bids", "web-1"),
    entry("bids", "web-2"),
    entry("bids", AGGREGATE, { value: 2 }),
    entry("one", "web-1"),
  ];
  const leases = await store.lease("be", [...Array(BUCKETS).keys()], 1000);
  for (const lease of leases) {
    const empty = { consumed: undefined, requeued: [], removed: [] };
    const [bids, one] = await Promise.all(["bids", "one"].map((tab) => bucketIs(tab, lease.bucket)));
    const own = states.filter(({ tab }) => tab === "bids" ? bids : one);
    await store.commit({ lease, next: `c${lease.bucket}`, states: own, ...empty });
  }
  await store.enqueue(undefined, [entry("bids", "web-1", { value: 10 }), entry("one", "web-9", { value: 10 })]);
  assertEquals(await totals(query.aggregates(select(""))), { bids: 12, one: 11 });
  assertEquals(await totals(query.projections(select(""))), {
    "bids web-1": 11,
    "bids web-2": 1,
    "one web-1": 1,
    "one web-9": 10,
  });
});

async function bucketIs(tab: string, bucket: number): Promise<boolean> {
  const probe = new MemoryStore({ buckets: BUCKETS, clock: () => NOW });
  await probe.enqueue(undefined, [entry(tab, "probe")]);
  return (await probe.tabs(bucket)).has(tab);
}

Deno.test("Query: groups reduce the tabs of one base and type by the values of their tags", async () => {
  const { store, query } = open();
  await store.enqueue(undefined, [
    ...["/a;status=200", "/a;status=500", "/b;status=200"].map((rest) => entry(`requests;route=${rest}`, "web-1")),
    entry("requests", "web-1", { value: 100 }),
    entry("requests;route=/a;status=0", "web-1", { type: "PercentileCounter", value: 7 }),
    entry("errors;route=/a", "web-1"),
  ]);
  const ask = async (search: string) => {
    const groups = await query.groups(select(search));
    assert(groups.ok);
    return await totals(groups.value);
  };
  assertEquals(await ask("by=status&name=errors"), { errors: 1 });
  assertEquals(await ask("by=status&tag=route=/b"), { "requests;status=200": 1 });
  assertEquals(await ask("by=route&name=requests"), {
    "requests": 100,
    "requests;route=/a (PercentileCounter)": 7,
    "requests;route=/a (TotalsCounter)": 2,
    "requests;route=/b": 1,
  });
});

Deno.test("Query: Super-aggregates reduce all tabs of a type", async () => {
  const { store, query } = open();
  await store.enqueue(undefined, [
    ...["a", "b", "c", "d", "e"].map((tab) => entry(tab, "web-1", { value: 2 })),
    entry("sizes", "web-1", { type: "PercentileCounter", value: 7 }),
  ]);
  const found = await query.superAggregates(select("re=1&name=[b-z].*"));
  assert(found.ok);
  assertEquals(await totals(found.value), { TotalsCounter: 8, PercentileCounter: 7 });
});

Deno.test("Query: more groups than may be held together are refused", async () => {
  const { store, query } = open();
  const tabs = Array.from({ length: limits.groupsMax + 1 }, (_, index) => entry(`t;k=${index}`, "web-1"));
  await store.enqueue(undefined, tabs);
  const groups = await query.groups(select("by=k"));
  assertEquals(groups.ok ? "" : groups.refusal.code, "query_illegal");
});

Deno.test("Query: what can't be read says why in its place, and spoils nothing else", async () => {
  const { store } = open();
  const query = new Query({
    store,
    registry: { get: (type) => type === "Gauge" ? undefined : registry.get(type), types: [] },
    pause: () => Promise.resolve(),
  });
  const strange: StoredState = entry("build", "web-1", { type: "Gauge", value: "v1" });
  await store.enqueue(undefined, [entry("bids", "web-1"), { ...strange, events: 1 }]);
  const why = "type Gauge is unknown here";
  assertEquals(await totals(query.aggregates(select(""))), { bids: 1, build: why });
  assertEquals(await totals(query.projections(select(""))), { "bids web-1": 1, "build web-1": why });
  const supers = await query.superAggregates(select(""));
  assertEquals(await totals(supers.ok ? supers.value : []), { TotalsCounter: 1, build: why });
});

Deno.test("Query: names, types and clients of what exists", async () => {
  const { store, query } = open();
  await store.enqueue(undefined, [
    entry("bids", "web-1"),
    entry("build;v=1", "web-2", { type: "Gauge", value: "v1" }),
  ]);
  const types = async (search: string) => Object.fromEntries(await Array.fromAsync(query.types(select(search).tabs)));
  assertEquals(await types(""), { "bids": "TotalsCounter", "build;v=1": "Gauge" });
  assertEquals(await types("tag=v=1"), { "build;v=1": "Gauge" });
  assertEquals(await types("name=bids"), { bids: "TotalsCounter" });
  assertEquals(await query.clients(select("").clients), ["web-1", "web-2"]);
  assertEquals(await query.clients(select("re=1&client=.*2").clients), ["web-2"]);
});

Deno.test("Query: a tab with more clients than one call may ask for is answered whole", async () => {
  const { store, query } = open();
  const clients = Array.from({ length: limits.readKeysMax + 7 }, (_, index) => `web-${index}`);
  await store.enqueue(undefined, clients.map((client) => entry("bids", client)));
  assertEquals(await totals(query.aggregates(select("re=1&client=.*"))), { bids: clients.length });
  assertEquals(await totals(query.aggregates(select(`client=${clients.join(",")}`))), { bids: clients.length });
  assertEquals(Object.keys(await totals(query.projections(select("")))).length, clients.length);
});

Deno.test("Query: any selection over any tabs answers what adding up by hand does", async () => {
  const tab = fc.constantFrom("a", "b", "a;k=1", "a;k=2", "b;k=1;l=2", "c;l=2");
  const client = fc.constantFrom("x", "y", "z");
  const event = fc.record({ tab, client, value: fc.integer({ min: 0, max: 99 }) });
  const search = fc.constantFrom(
    "",
    "name=a",
    "name=a,b,c",
    "re=1&name=[ab].*",
    "tag=k=1",
    "name=b&tag=l=2",
    "by=k",
    "by=l,k",
    "name=a&by=k",
  );
  const who = fc.constantFrom("", "&client=x", "&client=x,z", "&client=nobody");
  await fc.assert(fc.asyncProperty(fc.array(event), search, who, async (events, search, who) => {
    const { store, query } = open();
    await store.enqueue(undefined, events.map(({ tab, client, value }) => entry(tab, client, { value })));
    const selection = select(search + who);
    const { tabs, by, clients } = selection;
    const expected: Record<string, number> = {};
    for (const { tab, client, value } of events) {
      if (!isSelected(tabs, tab) || !isSelected(clients, client)) continue;
      const name = by.length > 0 ? groupOf(tab, by) : tab;
      expected[name] = (expected[name] ?? 0) + value;
    }
    if (by.length === 0) return assertEquals(await totals(query.aggregates(selection)), expected);
    const groups = await query.groups(selection);
    assert(groups.ok);
    assertEquals(await totals(groups.value), expected);
  }));
});

Deno.test("Query: a shard that can't be read ends an answer, but one that may do without it", async () => {
  const store = new HalfStore({ buckets: BUCKETS, clock: () => NOW });
  const query = new Query({ store, registry, pause: () => Promise.resolve() });
  const tabs = Array.from({ length: 20 }, (_, index) => `tab-${index}`);
  await store.enqueue(undefined, tabs.map((tab) => entry(tab, "web-1")));
  const isLow = (tab: string) => store.shardOf(bucketOf(tab, BUCKETS)) === "low";
  const expected = Object.fromEntries(tabs.filter((tab) => !isLow(tab)).map((tab) => [tab, 1]));
  store.isDown = true;
  await assertRejects(() => totals(query.aggregates(select(""))), StoreTrouble);
  for (const search of ["", "re=1&name=tab.*", `name=${tabs}`]) {
    const missing = new Set<string>();
    assertEquals(await totals(query.aggregates(select(search), missing)), expected);
    assertEquals([...missing], ["low"]);
  }
  for (const search of ["", `name=${tabs}`]) {
    const missing = new Set<string>();
    const types = query.types(select(search).tabs, missing);
    const named = (await Array.fromAsync(types)).map(([name]) => name);
    assertEquals([named.toSorted(), [...missing]], [Object.keys(expected).toSorted(), ["low"]]);
    await assertRejects(() => Array.fromAsync(query.types(select(search).tabs)), StoreTrouble);
  }
  const missing = new Set<string>();
  const projections = await totals(query.projections(select(""), missing));
  assertEquals([Object.keys(projections).length, [...missing]], [Object.keys(expected).length, ["low"]]);
  const reduced = await query.superAggregates(select(""), missing);
  assert(reduced.ok);
  assertEquals(await totals(reduced.value), { TotalsCounter: Object.keys(expected).length });
  const lost = `name=${tabs.filter(isLow)}`;
  await assertRejects(() => totals(query.aggregates(select(lost), new Set())), StoreTrouble);
});
