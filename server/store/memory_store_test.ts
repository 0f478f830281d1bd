import { assertEquals } from "@std/assert";
import { MemoryStore } from "./memory_store.ts";
import { storeContract } from "../../tests/laws/store_contract.ts";
import { entry } from "../../tests/laws/store_fixtures.ts";

storeContract("MemoryStore", (options) => {
  let now = 1_700_000_000;
  const store = new MemoryStore({ ...options, clock: () => now });
  const pass = (ms: number): Promise<void> => {
    now += ms / 1000;
    return Promise.resolve();
  };
  return Promise.resolve({ store, pass });
});

Deno.test("MemoryStore: an entry is stamped with the clock it was given", async () => {
  await using store = new MemoryStore({ buckets: 1, clock: () => 1234.5 });
  await store.enqueue(undefined, [entry("a", "web-1")]);
  assertEquals((await store.queues())[0].oldest, 1234.5);
});
