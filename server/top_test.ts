import { assert, assertEquals, assertMatch } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { Query } from "./query.ts";
import { MemoryStore } from "./store/memory_store.ts";
import type { Entry } from "./store/store.ts";
import { storeState } from "./stored.ts";
import { readTop, topRows } from "./top.ts";

const registry = createRegistry();
const NOW = 1_763_890_000;

interface Recorded {
  readonly tab: string;
  readonly client: string;
  readonly values: readonly number[];
  readonly type?: string;
  /** How long ago. */
  readonly ageS?: number;
}

function entry({ tab, client, values, type = "CounterGroup", ageS = 0 }: Recorded): Entry {
  const handler = registry.get(type);
  assert(handler !== undefined);
  const state = handler.create(client);
  for (const value of values) handler.fold(state, NOW - ageS, value);
  return { ...storeState({ tab, client }, handler, state), events: values.length };
}

async function asker(recorded: readonly Recorded[]) {
  const store = new MemoryStore({ buckets: 4, clock: () => NOW });
  await store.enqueue(undefined, recorded.map(entry));
  const query = new Query({ store, registry, pause: () => Promise.resolve() });
  return async (search: string) => {
    const question = readTop(new URLSearchParams(search));
    if (!question.ok) return question.refusal.message;
    const rows = await topRows(query, question.value, { now: NOW, signal: new AbortController().signal });
    return rows.ok ? rows.value.map(({ name, count, total }) => `${name} ${count} ${total}`) : rows.refusal.message;
  };
}

Deno.test("topRows: tabs, clients and tags by count or total of a window", async () => {
  const ask = await asker([
    { tab: "requests;route=/a;status=200", client: "web-1", values: [1, 2, 3] },
    { tab: "requests;route=/b;status=200", client: "web-2", values: [50] },
    { tab: "bids", client: "web-1", values: [5, 5] },
    { tab: "bids", client: "web-2", values: [1, 1] },
    { tab: "latency", client: "web-3", values: [7], type: "PercentileGroup" },
    { tab: "old", client: "web-3", values: [1, 1, 1, 1, 1, 1], ageS: 300 },
    { tab: "ever", client: "web-3", values: [9, 9, 9, 9, 9, 9, 9, 9], type: "TotalsCounter" },
    { tab: "build", client: "web-3", values: [2], type: "Gauge" },
  ]);
  assertEquals(await ask(""), [
    "bids 4 12",
    "requests;route=/a;status=200 3 6",
    "latency 1 7",
    "requests;route=/b;status=200 1 50",
  ]);
  assertEquals(await ask("by=total&limit=2"), ["requests;route=/b;status=200 1 50", "bids 4 12"]);
  assertEquals(await ask("window=10m&limit=1"), ["old 6 6"]);
  assertEquals(await ask("of=clients"), ["web-1 5 16", "web-2 3 52", "web-3 1 7"]);
  assertEquals(await ask("of=tags&by=total"), ["status=200 4 56", "route=/b 1 50", "route=/a 3 6"]);
  assertEquals(await ask("name=bids,old"), ["bids 4 12"]);
  assertEquals(await ask("of=clients&tag=status=200"), ["web-1 3 6", "web-2 1 50"]);
  assertEquals(await ask("client=web-2"), ["bids 2 2", "requests;route=/b;status=200 1 50"]);
  assertEquals(await ask("name=none"), []);
});

Deno.test("topRows: many tabs are held in few, and the busiest are those of all", async () => {
  const count = 6 * limits.topRowsMax;
  const recorded = Array.from({ length: count }, (_, index) => {
    const value = (index * 7919) % count;
    return { tab: `tab;n=${value}`, client: "web-1", values: [value] };
  });
  const ask = await asker(recorded);
  const best = Array.from({ length: 5 }, (_, index) => count - 1 - index);
  assertEquals(await ask("by=total&limit=5"), best.map((value) => `tab;n=${value} 1 ${value}`));
  assertEquals((await ask(`limit=${limits.topRowsMax}`)).length, limits.topRowsMax);
});

Deno.test("topRows: more names than it may hold are refused", async () => {
  const keys = Array.from("abcdefghijklmnopqrst");
  const recorded = Array.from({ length: limits.topNamesMax / keys.length + 1 }, (_, n) => {
    return { tab: `t${keys.map((key) => `;${key}=${n}`).join("")}`, client: "web-1", values: [1] };
  });
  const ask = await asker(recorded);
  assertMatch(String(await ask("of=tags")), /^cannot rank more than 100000 tags: select tabs/);
});

Deno.test("readTop: what it does not understand is refused with what there is", () => {
  const why = (search: string) => {
    const question = readTop(new URLSearchParams(search));
    assert(!question.ok);
    return question.refusal.message;
  };
  assertEquals(why("of=types"), 'cannot answer as of must be one of tabs, clients, tags: current value is "types"');
  assertMatch(why("window=1w"), /window must be one of 1m, 10m, 1h, 1d/);
  assertMatch(why("by=pct"), /by must be one of count, total/);
  assertMatch(why("limit=0"), /limit must be 1 to 1000/);
  assertMatch(why("limit=x"), /limit must be 1 to 1000/);
  assertMatch(why("re=1&name=("), /cannot match/);
});
