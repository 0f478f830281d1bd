import { assert, assertEquals } from "@std/assert";
import { drainerOf, Membership } from "./membership.ts";
import { MemoryStore } from "./store/memory_store.ts";
import type { Role } from "./store/store.ts";

const BUCKETS = 1000;
const ids = (count: number) => Array.from({ length: count }, (_, index) => `server-${index}`);
const drainers = (names: readonly string[]) => Array.from({ length: BUCKETS }, (_, bucket) => drainerOf(bucket, names));

Deno.test("drainerOf: nobody without servers, the only one with one, whatever the order they are named in", () => {
  assertEquals(drainerOf(7, []), undefined);
  assertEquals(drainerOf(7, ["a"]), "a");
  const names = ids(5);
  assertEquals(drainers(names), drainers(names.toReversed()));
});

Deno.test("drainerOf: shares the buckets about evenly", () => {
  for (const servers of [2, 3, 10]) {
    const owners = drainers(ids(servers));
    for (const id of ids(servers)) {
      const share = owners.filter((owner) => owner === id).length;
      const fair = BUCKETS / servers;
      assert(Math.abs(share - fair) < 5 * Math.sqrt(fair), `${id} of ${servers} has ${share} of ${BUCKETS}`);
    }
  }
});

Deno.test("drainerOf: when a server goes only its own buckets move", () => {
  const before = drainers(ids(5));
  const after = drainers(ids(4));
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if (before[bucket] !== "server-4") assertEquals(after[bucket], before[bucket]);
  }
});

Deno.test("Membership: live be servers share all buckets, one that is silent or has left has none", async () => {
  let now = 1000;
  const store = new MemoryStore({ buckets: 64, clock: () => now });
  const member = (id: string, roles: readonly Role[]) =>
    new Membership(store, { id, url: `http://${id}`, roles, started: now }, { ttlMs: 5000 });
  const [a, b, front] = [member("a", ["be"]), member("b", ["fe", "be"]), member("c", ["fe"])];
  assertEquals(a.share.size, 0);
  for (const one of [a, b, front, a]) await one.beat();
  assertEquals(a.members.map(({ id }) => id), ["a", "b", "c"]);
  assertEquals([a.share.size + b.share.size, front.share.size], [64, 0]);
  assertEquals([...a.share].filter((bucket) => b.share.has(bucket)), []);
  await b.leave();
  await a.beat();
  assertEquals(a.share.size, 64);
  await b.beat();
  await a.beat();
  now += 4;
  await a.beat();
  assertEquals(a.share.size < 64, true);
  now += 2;
  await a.beat();
  assertEquals(a.share.size, 64);
});
