// Answers over very many tabs, in process: that they are made while they are read, and hold up nothing else. What that
// costs is measured by bench/query_bench.ts.

import { assert, assertEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { createLog } from "../service/log.ts";
import { systemPause } from "../service/world.ts";
import { interceptedStore } from "../tests/sim/stores.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { Server } from "./server.ts";
import { MemoryStore } from "./store/memory_store.ts";
import type { Entry } from "./store/store.ts";
import { storeState } from "./stored.ts";

/** A server over a store of one bucket with these tabs; `reads` counts how often States are asked for. */
async function serverOf(tabs: readonly string[]) {
  const { clock, sleep } = new VirtualTime();
  const store = new MemoryStore({ buckets: 1, clock });
  const registry = createRegistry();
  const handler = registry.get("TotalsCounter");
  assert(handler !== undefined);
  const state = handler.create("web-1");
  handler.fold(state, clock(), 1);
  const stored = storeState({ tab: "", client: "web-1" }, handler, state);
  await store.enqueue(undefined, tabs.map((tab): Entry => ({ ...stored, tab, events: 1 })));
  const [lease] = await store.lease("be", [0], 60_000);
  for (let from = 0; from < tabs.length; from += 5000) {
    const states = tabs.slice(from, from + 5000).map((tab) => ({ ...stored, tab }));
    const { revision } = (await store.lease("be", [0], 60_000))[0];
    const consumed = from > 0
      ? undefined
      : { entries: tabs.length, events: tabs.length, last: String(tabs.length - 1) };
    const commit = { lease: { ...lease, revision }, next: `c${from}`, consumed, requeued: [], states, removed: [] };
    assert(await store.commit(commit), "all is committed");
  }
  const calls = { reads: 0 };
  const server = new Server({
    store: interceptedStore(1, (method, run) => {
      if (method === "read") calls.reads++;
      return run(store);
    }),
    self: { id: "server-1", url: "http://taba", roles: ["fe"], started: clock() },
    ...{ registry, clock, sleep, random: () => 0.5, pause: systemPause },
    log: createLog({ clock, write: () => {} }),
  });
  return { server, calls };
}

Deno.test("server: a pattern that sends other matchers round for ever is tried with 100,000 names, and holds up nobody", async () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `${"a".repeat(30)}!${index}`);
  const { server } = await serverOf([...names, "bids", "aaaa"]);
  const ended: string[] = [];
  const ask = async (path: string) => {
    const text = await (await server.fetch(new Request(`http://taba${path}`))).text();
    ended.push(path);
    return text;
  };
  const pattern = `/names?re=1&name=${encodeURIComponent("(a+)+$")}`;
  const slow = ask(pattern);
  for (let round = 0; round < 3; round++) assertEquals(await ask("/types?name=bids"), "bids: TotalsCounter\n");
  assertEquals(await slow, "aaaa\n");
  assertEquals(ended.at(-1), pattern, "those who came later had their answers first");
});

Deno.test("server: an answer of 30,000 tabs is made as far as it is read", async () => {
  const { server, calls } = await serverOf(Array.from({ length: 30_000 }, (_, index) => `tab-${index}`));
  const ask = async () =>
    (await server.fetch(new Request("http://taba/tabs", { headers: { accept: "application/json" } }))).body
      ?.getReader();
  const whole = await ask();
  assert(whole !== undefined);
  let [bytes, before] = [0, 0];
  for (let chunk = await whole.read(); !chunk.done; chunk = await whole.read()) {
    bytes += chunk.value.length;
    assert(bytes === chunk.value.length || calls.reads - before < 25, "no chunk takes more than a part of the answer");
    before = calls.reads;
  }
  const { reads } = calls;
  assert(bytes > 1_000_000 && reads > 200, `${bytes} bytes were made of ${reads} reads`);
  const begun = await ask();
  await begun?.read();
  const made = calls.reads - reads;
  assert(made < reads / 5, `${made} of ${reads} reads were made for the first chunk`);
  await begun?.cancel();
  for (let round = 0; round < 10; round++) await systemPause();
  assertEquals(calls.reads - reads, made, "nothing more is made for one that has gone");
});
