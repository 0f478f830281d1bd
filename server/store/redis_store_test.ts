// The store on real Redis, two shards found through a Sentinel: the contract, a dumb model, and what only this store
// promises of its traffic and its keys. What happens when processes die is in tests/cluster/redis_failover_test.ts.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { bucketOf } from "../../core/buckets.ts";
import { openStore } from "../../tests/cluster/redis_fixture.ts";
import { pass, until } from "../../tests/cluster/waiting.ts";
import { storeContract } from "../../tests/laws/store_contract.ts";
import { batch, entry, state, tabsOf, take, waiting } from "../../tests/laws/store_fixtures.ts";
import { type LocalRedis, type RedisNode, startRedis } from "../../tools/local_redis.ts";
import { AGGREGATE, type Entry, type Store, StoreTrouble } from "./store.ts";

let redis: LocalRedis;

Deno.test.beforeAll(async () => {
  redis = await startRedis({ shards: 2 });
});

Deno.test.afterAll(() => redis[Symbol.asyncDispose]());

storeContract("RedisStore", (options) => Promise.resolve({ store: openStore(redis, options), pass }));

function masterOf(shard: number): RedisNode {
  return redis.nodes(redis.shards[shard])[0];
}

async function keysOf(shard: number, pattern: string): Promise<readonly string[]> {
  const keys = await masterOf(shard).call(["KEYS", pattern]);
  assert(Array.isArray(keys), "KEYS answers a list");
  return keys.map(String);
}

/** How often a master has been called by these commands, by clients and not by scripts. */
async function scriptCalls(shard: number): Promise<number> {
  const info = String(await masterOf(shard).call(["INFO", "commandstats"]));
  return [...info.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

/** Each of another client or tab, of a thousand tabs. */
function entriesOf(count: number, bytes = 20): readonly Entry[] {
  return Array.from(
    { length: count },
    (_, index) => entry(`tab-${index % 1000}`, `web-${Math.floor(index / 1000)}`, { bytes: new Uint8Array(bytes) }),
  );
}

/** Every entry that waits in any bucket, sorted. */
async function allWaiting(store: Store): Promise<readonly string[]> {
  const found = await Promise.all(Array.from({ length: store.buckets }, (_, bucket) => waiting(store, bucket)));
  return found.flat().sort();
}

/** What `ask` answers, and how many bytes were held at most meanwhile. */
async function answerHolding<Answer>(ask: () => Promise<Answer>): Promise<{ answer: Answer; heldBytes: number }> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const held = () => {
    collect();
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  let [most, isAnswered] = [before, false];
  const look = () => {
    most = Math.max(most, held());
    return isAnswered;
  };
  const asked = ask().finally(() => isAnswered = true);
  const [answer] = await Promise.all([asked, until(look, { what: "it is answered" })]);
  return { answer, heldBytes: most - before };
}

Deno.test("RedisStore: each shard holds only keys of its own buckets", async () => {
  const prefix = "own-keys:";
  await using store = openStore(redis, { buckets: 20, prefix });
  await store.enqueue(batch(1), entriesOf(200));
  for (const lease of await store.lease("be-1", Array.from({ length: 20 }, (_, bucket) => bucket), 5000)) {
    const consumed = (await store.readQueue(lease, undefined, 1000))?.cursor;
    const states = (await store.tabs(lease.bucket)).keys().map((tab) => state(tab, "web-1")).toArray();
    assert(
      await store.commit({ lease, next: "c1", consumed, requeued: [], states, removed: [] }),
      "the owner may commit",
    );
  }
  for (const [shard, isOwn] of [[0, (n: number) => n < 10], [1, (n: number) => n >= 10]] as const) {
    const keys = await keysOf(shard, `${prefix}*`);
    const numbers = keys.map((key) => key.slice(prefix.length).match(/^(\d+):/)?.[1]).filter((n) => n !== undefined);
    assert(numbers.length > 50, "there are keys of buckets");
    assertEquals(numbers.map(Number).filter((bucket) => !isOwn(bucket)), []);
    assert(keys.includes(`${prefix}sender:agent-1`), "each shard remembers the batch by itself");
  }
});

Deno.test("RedisStore: a batch is one script call a shard, however many buckets it touches", async () => {
  await using store = openStore(redis, { buckets: 300 });
  await store.enqueue(undefined, entriesOf(2)); // a first connection asks more
  await store.queues();
  const before = [await scriptCalls(0), await scriptCalls(1)];
  const entries = entriesOf(2000);
  assert(new Set(entries.map(({ tab }) => bucketOf(tab, 300))).size > 250, "they touch most buckets");
  await store.enqueue(batch(1), entries);
  assertEquals([await scriptCalls(0), await scriptCalls(1)], before.map((calls) => calls + 1));
  await store.queues();
  await store.lease("be-1", Array.from({ length: 300 }, (_, bucket) => bucket), 1000);
  assertEquals([await scriptCalls(0), await scriptCalls(1)], before.map((calls) => calls + 3));
});

Deno.test("RedisStore: a batch too large for one script is applied in parts, each once, through any trouble", async () => {
  const entries = entriesOf(16_000, 600);
  let isBroken = false;
  let calls = 0;
  const random = () => {
    if (isBroken && ++calls > 100) throw new StoreTrouble("the connection is lost in the middle");
    return Math.random();
  };
  await using store = openStore(redis, { buckets: 4, random });
  isBroken = true;
  await assertRejects(() => store.enqueue(batch(1), entries), StoreTrouble);
  isBroken = false;
  const some = await allWaiting(store);
  assert(some.length > 0 && some.length < entries.length, "it was applied in part");
  // The repeat comes with States of other lengths, as one folded at another time may.
  const repeat = entries.map((one) => ({ ...one, bytes: new Uint8Array(601) }));
  assertEquals((await store.enqueue(batch(1), repeat)).verdict, "new");
  assertEquals(await allWaiting(store), entries.map(({ tab, client }) => `${tab} ${client}`).sort());
  assertEquals((await store.enqueue(batch(1), entries)).verdict, "repeated");
  // So small now that one script could take it, had it not been divided before.
  assertEquals((await store.enqueue(batch(1), entries.slice(0, 100))).verdict, "repeated");
  assertEquals((await allWaiting(store)).length, entries.length);
  assertEquals((await store.enqueue(batch(2, { low: 2 }), entries.slice(0, 10))).verdict, "new");
  assertEquals((await store.enqueue(batch(1), entries)).verdict, "stale");
});

Deno.test("RedisStore: a large batch that was applied whole is not applied in parts", async () => {
  await using store = openStore(redis, { buckets: 1 });
  const entries = entriesOf(9_000, 460);
  assertEquals((await store.enqueue(batch(1), entries)).verdict, "new");
  const longer = entries.map((one) => ({ ...one, bytes: new Uint8Array(2000) }));
  assertEquals((await store.enqueue(batch(1), longer)).verdict, "repeated");
  assertEquals((await store.queues())[0].entries, entries.length);
});

Deno.test("RedisStore: a reader of a long queue never sees a count fall or jump while it is drained", async () => {
  await using store = openStore(redis, { buckets: 1 });
  const [tab] = tabsOf(0, 1, 1);
  const total = 3000;
  for (let from = 0; from < total; from += 500) {
    // 12 MB in all: three calls of a read.
    const piece = Array.from({ length: 500 }, () => entry(tab, "web-1", { bytes: new Uint8Array(4000) }));
    await store.enqueue(undefined, piece);
  }
  let isDrained = false;
  const drain = async () => {
    let lease = await take(store, 0);
    for (let drained = 0; drained < total;) {
      const chunk = await store.readQueue(lease, undefined, 400_000);
      assert(chunk !== undefined, "nobody else takes the bucket");
      drained += chunk.entries.length;
      // The State says how many entries it holds.
      const states = [state(tab, "web-1", { bytes: new TextEncoder().encode(String(drained)) })];
      const next = `c${drained}`;
      await store.commit({ lease, next, consumed: chunk.cursor, requeued: [], states, removed: [] });
      lease = { ...lease, revision: next };
    }
    isDrained = true;
  };
  const read = async () => {
    let reads = 0;
    while (!isDrained) {
      const { states, queued } = await store.read(0, [{ tab, client: AGGREGATE }]);
      const stored = states.length === 0 ? 0 : Number(new TextDecoder().decode(states[0].bytes));
      assertEquals(stored + queued.length, total);
      reads++;
    }
    assert(reads > 3, "it was read in between");
  };
  await Promise.all([drain(), read()]);
});

Deno.test("RedisStore: who is in a long queue is told without holding it", async () => {
  await using store = openStore(redis, { buckets: 1 });
  const clients = ["web-1", "web-2", "web-3"];
  const entries = Array.from({ length: 30_000 }, (_, index) => entry("bids", clients[index % 3]));
  // 120,000 entries that would be 40 MB here; as they lie in Redis they are read in two or three calls.
  for (let batch = 0; batch < 4; batch++) await store.enqueue(undefined, entries);
  const ofBucket = await answerHolding(() => store.clients(0));
  const ofTab = await answerHolding(() => store.clientsByTab(0, ["bids"]));
  assertEquals([...ofBucket.answer].sort(), clients);
  assertEquals([...ofTab.answer.get("bids") ?? []].sort(), clients);
  for (const { heldBytes } of [ofBucket, ofTab]) assert(heldBytes < 15_000_000, `${heldBytes} bytes were held`);
});

Deno.test("RedisStore: entries are requeued without a look at what waits, but for deletions", async () => {
  const prefix = "requeue:";
  await using store = openStore(redis, { buckets: 1, prefix });
  const [tab] = tabsOf(0, 1, 1);
  await store.enqueue(undefined, [entry(tab, "web-1")]);
  const lease = await take(store, 0);
  const chunk = await store.readQueue(lease, undefined, 1000);
  for (let index = 0; index < 10; index++) await store.enqueue(undefined, [entry(tab, "web-2")]);
  await store.enqueueDeletions(0, [{ tab, client: "web-3" }]);
  const master = masterOf(0);
  await master.call(["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
  await master.call(["SLOWLOG", "RESET"]);
  const commit = { lease, next: "c1", consumed: chunk?.cursor, requeued: [], states: [], removed: [] };
  try {
    assert(await store.commit({ ...commit, requeued: chunk?.entries ?? [] }), "the owner may commit");
    const newestFirst = String(await master.call(["SLOWLOG", "GET", "1000"]));
    const looks = newestFirst.matchAll(/(LRANGE|LINDEX),requeue:0:(\w+),([^,]+)/g);
    assertEquals([...looks].map(([, command, list, first]) => [command, list, first]).reverse(), [
      ["LINDEX", "items", "0"],
      ["LINDEX", "items", "0"],
      ["LINDEX", "deletions", "0"],
      ["LRANGE", "deletions", "0"],
      ["LINDEX", "queue", "10"],
    ]);
  } finally {
    await master.call(["CONFIG", "SET", "slowlog-log-slower-than", "10000"]);
  }
  const after = { ...lease, revision: "c1" };
  const before = await store.readQueue(after, undefined, 1_000_000);
  const consumed = (await store.readQueue(after, before?.cursor, 1_000_000))?.cursor;
  assert(await store.commit({ ...commit, lease: after, next: "c2", consumed }), "and again");
  assertEquals(await keysOf(0, `${prefix}0:deletions`), [], "of what has left the queue nothing is noted");
});

Deno.test("RedisStore: a Redis that was made for other buckets is refused, until it is the right one", async () => {
  const prefix = "layout:";
  await using right = openStore(redis, { buckets: 2, prefix });
  await right.enqueue(undefined, entriesOf(10));
  await using wrong = openStore(redis, { buckets: 4, prefix });
  const refusal = 'its Redis holds taba 1: shard "shard1" with buckets 0 to 0 of 2, ' +
    'the settings say taba 1: shard "shard1" with buckets 0 to 1 of 4';
  await assertRejects(() => wrong.read(0, []), StoreTrouble, `Cannot read on shard "shard1": ${refusal}`);
  assertEquals(wrong.troubles, [`shard "shard1": ${refusal}`]);
  for (const shard of [0, 1]) await masterOf(shard).call(["DEL", `${prefix}layout`]);
  assertEquals(await wrong.read(0, []), { states: [], queued: [] });
  assertEquals(wrong.troubles, []);
});

Deno.test("RedisStore: two shards that are one Redis are refused, as each would take the other's batches for its own", async () => {
  const [sentinel] = redis.sentinelNodes;
  await sentinel.call(["SENTINEL", "MONITOR", "twin", "127.0.0.1", String(masterOf(0).port), "1"]);
  const shards = [redis.shards[0], "twin"].map((name, bucket) => ({ name, buckets: [bucket, bucket] as const }));
  await using store = openStore(redis, { buckets: 2, shards });
  await assertRejects(() => store.enqueue(batch(1), entriesOf(10)), StoreTrouble, "its Redis holds taba 1: shard");
  await sentinel.call(["SENTINEL", "REMOVE", "twin"]);
});

Deno.test("RedisStore: a full Redis refuses batches and can still be drained", async () => {
  await using store = openStore(redis, { buckets: 1 });
  await store.enqueue(undefined, entriesOf(100, 10_000));
  const master = masterOf(0);
  await master.call(["CONFIG", "SET", "maxmemory", "1"]);
  try {
    await assertRejects(() => store.enqueue(batch(1), entriesOf(10)), StoreTrouble, "maxmemory");
    await store.heartbeat({ id: "s1", url: "http://s1", roles: ["be"], started: 1 }, 5000);
    const lease = await take(store, 0);
    const consumed = (await store.readQueue(lease, undefined, 100_000))?.cursor;
    const states = [state("tab-1", "web-1")];
    assert(await store.commit({ lease, next: "c1", consumed, requeued: [], states, removed: [] }), "it is drained");
    assertEquals((await store.queues())[0].entries, 100 - (consumed?.entries ?? 0));
    assertEquals((await store.members()).length, 1);
  } finally {
    await master.call(["CONFIG", "SET", "maxmemory", "0"]);
  }
  assertEquals((await store.enqueue(batch(1), entriesOf(10))).verdict, "new");
});

Deno.test("RedisStore: a Redis that would throw keys away when it is full is refused", async () => {
  const master = masterOf(0);
  await master.call(["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
  await using store = openStore(redis, { buckets: 1 });
  assertEquals(await store.queues(), []);
  await master.call(["CONFIG", "SET", "maxmemory", "1000000000"]);
  try {
    await using other = openStore(redis, { buckets: 1 });
    await assertRejects(
      () => other.queues(),
      StoreTrouble,
      "its maxmemory-policy must be noeviction: current value is volatile-lru",
    );
    await master.call(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    assertEquals(await other.queues(), []);
  } finally {
    await master.call(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    await master.call(["CONFIG", "SET", "maxmemory", "0"]);
  }
});

Deno.test("RedisStore: scripts that a master has forgotten are sent again", async () => {
  await using store = openStore(redis, { buckets: 2 });
  await store.enqueue(batch(1), entriesOf(10));
  for (const shard of [0, 1]) await masterOf(shard).call(["SCRIPT", "FLUSH"]);
  assertEquals((await store.enqueue(batch(2), entriesOf(10))).verdict, "new");
  assertEquals((await allWaiting(store)).length, 20);
});
