// The store while Redis and Sentinel are killed, frozen, cut off and failed over. What senders were told is accepted is
// held against what is there in the end, entry by entry. Prints how long each recovery took.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { BatchId } from "../../core/event.ts";
import { type Lease, type Store, StoreTrouble } from "../../server/store/store.ts";
import { type RedisNode, startRedis } from "../../tools/local_redis.ts";
import { batch, entry, state, take } from "../laws/store_fixtures.ts";
import { openStore } from "./redis_fixture.ts";
import { pass, until } from "./waiting.ts";

/** ioredis leaves a timer behind for each Sentinel that it could not reach. */
const SENTINEL_TIMER_MS = 2000;

function test(name: string, body: () => Promise<void>): void {
  Deno.test(`RedisStore: ${name}`, async () => {
    await body();
    await pass(SENTINEL_TIMER_MS + 100);
  });
}

const SENDERS = 6;

/** What senders were told, and when. */
class Ledger {
  readonly #store: Store;
  readonly #acceptedBySender = new Map<string, number>();
  /** When the newest batch was accepted, and the longest time before one. */
  #accepted = Infinity;
  pauseMs = 0;
  #isStopping = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Sends batch after batch of one entry each, each until it is accepted, until told to stop. */
  async send(sender: string): Promise<void> {
    for (let seq = 0; !this.#isStopping; seq++) {
      while (!await this.#isAccepted({ sender, seq, low: seq })) await pass(20);
      this.#acceptedBySender.set(sender, seq + 1);
      const now = performance.now();
      this.pauseMs = Math.max(this.pauseMs, now - this.#accepted);
      this.#accepted = now;
    }
  }

  async #isAccepted(id: BatchId): Promise<boolean> {
    try {
      await this.#store.enqueue(id, [entry(id.sender, "web-1")]);
      return true;
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error;
      return false;
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  get counts(): readonly (readonly [string, number])[] {
    return [...this.#acceptedBySender].sort();
  }

  /** Waits until something more is accepted. */
  async goOn(): Promise<void> {
    const begun = performance.now();
    await until(() => Promise.resolve(this.#accepted > begun), { what: "batches are accepted again" });
  }
}

/** The smallest drain there can be: the State of a tab is the number of its entries, as text. Goes on over any trouble. */
async function drain(store: Store, isDone: () => boolean): Promise<void> {
  let lease: Lease | undefined;
  let commits = 0;
  while (!isDone()) {
    try {
      lease ??= (await store.lease("be-1", [0], 2000))[0];
      if (lease !== undefined) lease = await drainOnce(store, lease, `c${commits++}-${Math.random()}`);
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error;
      lease = undefined;
    }
    await pass(10);
  }
}

/** The lease after a commit; undefined where it is lost. */
async function drainOnce(store: Store, lease: Lease, next: string): Promise<Lease | undefined> {
  const chunk = await store.readQueue(lease, undefined, 100_000);
  if (chunk === undefined) return undefined;
  const added = new Map<string, number>();
  for (const { tab } of chunk.entries) added.set(tab, (added.get(tab) ?? 0) + 1);
  const stored = await store.load(lease, [...added.keys()].map((tab) => ({ tab, client: "web-1" })));
  if (stored === undefined) return undefined;
  for (const { tab, bytes } of stored) added.set(tab, (added.get(tab) ?? 0) + numberIn(bytes));
  const states = [...added].map(([tab, count]) =>
    state(tab, "web-1", { bytes: new TextEncoder().encode(String(count)) })
  );
  const isDone = await store.commit({ lease, next, consumed: chunk.cursor, requeued: [], states, removed: [] });
  return isDone ? { ...lease, revision: next } : undefined;
}

function numberIn(bytes: Uint8Array): number {
  return Number(new TextDecoder().decode(bytes));
}

/** Entries by tab, stored and waiting together. */
async function countsOf(store: Store): Promise<readonly (readonly [string, number])[]> {
  const tabs = [...(await store.tabs(0)).keys()].sort();
  const { states, queued } = await store.read(0, tabs.map((tab) => ({ tab, client: "web-1" })));
  return tabs.map((tab) => {
    const stored = states.find((one) => one.tab === tab);
    return [tab, (stored === undefined ? 0 : numberIn(stored.bytes)) + queued.filter((one) => one.tab === tab).length];
  });
}

/** Senders and a drain at work, while something is done to Redis; prints for how long nothing was accepted. */
async function underLoad(store: Store, what: string, disturb: () => Promise<void>): Promise<void> {
  const ledger = new Ledger(store);
  let isDone = false;
  const work = [drain(store, () => isDone), ...Array.from({ length: SENDERS }, (_, n) => ledger.send(`agent-${n}`))];
  await pass(700);
  const before = ledger.counts;
  assertEquals(before.length, SENDERS);
  await disturb();
  await ledger.goOn();
  await pass(500);
  ledger.stop();
  isDone = true;
  await Promise.all(work);
  assert(ledger.counts.every(([, count], n) => count > before[n][1]), "every sender goes on");
  assertEquals(await countsOf(store), ledger.counts);
  console.log(`    ${what}: nothing was accepted for ${(ledger.pauseMs / 1000).toFixed(2)} s`);
}

test("nothing that was accepted is lost or doubled when a master is killed, with replicas: 1", async () => {
  await using redis = await startRedis({ replicas: 1, sentinels: 3 });
  await using store = openStore(redis, { buckets: 1, replicas: 1 });
  const master = await redis.master("shard1");
  await underLoad(store, "SIGKILL of the master of two", async () => {
    await master.kill();
    await until(async () => await redis.master("shard1") !== master, { what: "Sentinel has promoted the replica" });
    // The new master has no replica, and so accepts nothing before the old one has become it.
    await redis.revive("shard1", master);
  });
});

test("a frozen master is left for its successor, and changes nothing when it thaws", async () => {
  await using redis = await startRedis({ replicas: 1, sentinels: 3 });
  await using store = openStore(redis, { buckets: 1, replicas: 1 });
  const master = await redis.master("shard1");
  await underLoad(store, "SIGSTOP of the master, SIGCONT after the fail-over", async () => {
    master.freeze();
    await until(async () => await redis.master("shard1") !== master, { what: "Sentinel has promoted the replica" });
    master.thaw();
  });
});

test("nothing is lost or doubled when a fail-over is planned, with replicas: 1", async () => {
  await using redis = await startRedis({ replicas: 1, sentinels: 3 });
  await using store = openStore(redis, { buckets: 1, replicas: 1 });
  const master = await redis.master("shard1");
  await underLoad(store, "planned fail-over", async () => {
    await redis.sentinelNodes[0].call(["SENTINEL", "FAILOVER", "shard1"]);
    await until(async () => await redis.master("shard1") !== master, { what: "the master was replaced" });
  });
});

test("what too few replicas have is not accepted, not even when it is repeated", async () => {
  await using redis = await startRedis({ replicas: 1 });
  await using store = openStore(redis, { buckets: 1, replicas: 1 });
  const replica = redis.nodes("shard1")[1];
  await store.enqueue(batch(1), [entry("a", "web-1")]);
  await replica.kill();
  const refusal = "1 replicas must confirm within 500 ms: current value is 0";
  for (const _ of [1, 2]) {
    await assertRejects(() => store.enqueue(batch(2), [entry("a", "web-2")]), StoreTrouble, refusal);
  }
  await replica.start();
  let verdict: string | undefined;
  await until(
    async () => (verdict = (await store.enqueue(batch(2), [entry("a", "web-2")])).verdict) !== undefined,
    { what: "the replica is back" },
  );
  assertEquals(verdict, "repeated");
  assertEquals((await store.queues())[0].entries, 2);
});

test("memory that is ahead of what a fail-over left is noticed", async () => {
  await using redis = await startRedis({ replicas: 1, sentinels: 3 });
  await using store = openStore(redis, { buckets: 1 });
  const [master, replica] = redis.nodes("shard1");
  await store.enqueue(batch(1), ["web-1", "web-2"].map((client) => entry("a", client)));
  const lease = await take(store, 0);
  const first = await store.readQueue(lease, undefined, 1);
  assert(
    await store.commit({
      lease,
      next: "c1",
      consumed: first?.cursor,
      requeued: [],
      states: [state("a", "web-1")],
      removed: [],
    }),
    "the owner may commit",
  );
  const kept = { ...lease, revision: "c1" };
  await until(() => hasAll(master, replica), { what: "the replica has all" });
  await replica.call(["SLAVEOF", "127.0.0.1", "1"]); // hears no more
  await store.enqueue(batch(2), [entry("a", "web-3")]);
  const ahead = await store.readQueue(kept, undefined, 100_000);
  assertEquals(ahead?.entries.map(({ client }) => client), ["web-2", "web-3"]);
  const states = [state("a", "web-2"), state("a", "web-3")];
  assert(
    await store.commit({ lease: kept, next: "c2", consumed: ahead?.cursor, requeued: [], states, removed: [] }),
    "the owner may commit",
  );
  await master.kill();
  await until(async () => (await store.queues()).length >= 0, { what: "the replica was promoted" });
  const lost = { ...lease, revision: "c2" };
  // Who committed c2 is told that it is not so; who had read the lost batch, too.
  assertEquals(await store.load(lost, []), undefined);
  assertEquals(await store.readQueue(lost, undefined, 100_000), undefined);
  assertEquals(
    await store.commit({ lease: lost, next: "c3", consumed: undefined, requeued: [], states: [], removed: [] }),
    false,
  );
  assertEquals(await store.readQueue(kept, ahead?.cursor, 100_000), undefined);
  const { states: left, queued } = await store.read(
    0,
    ["web-1", "web-2", "web-3"].map((client) => ({ tab: "a", client })),
  );
  assertEquals([left.map(({ client }) => client), queued.map(({ client }) => client)], [["web-1"], ["web-2"]]);
  assertEquals((await store.enqueue(batch(1), [])).verdict, "repeated");
  assertEquals((await store.enqueue(batch(2), [entry("a", "web-3")])).verdict, "new");
  // Other entries stand now where those were that the cursor has read.
  assertEquals(
    await store.commit({ lease: kept, next: "c2", consumed: ahead?.cursor, requeued: [], states, removed: [] }),
    false,
  );
});

test("while all of Redis is down calls fail at once, and go on when it is back", async () => {
  await using redis = await startRedis({ shards: 2, sentinels: 3, appendOnly: true });
  await using store = openStore(redis, { buckets: 2 });
  await store.enqueue(batch(1), [entry("a", "web-1"), entry("b", "web-2")]);
  const before = await store.queues();
  await Promise.all(redis.all.map((node) => node.kill()));
  await assertRejects(() => store.enqueue(batch(2), [entry("a", "web-1")]), StoreTrouble);
  const begun = performance.now();
  for (let call = 0; call < 50; call++) {
    await assertRejects(() => store.read(0, []), StoreTrouble);
    await assertRejects(() => store.queues(), StoreTrouble);
    await assertRejects(() => store.members(), StoreTrouble);
  }
  assert(performance.now() - begun < 5000, "nobody waits for what is down");
  await until(() => Promise.resolve(store.troubles.length === 2), { what: "both losses are known" });
  for (const node of redis.all) await node.start();
  await until(async () => (await store.queues()).length === before.length, { what: "it is back" });
  assertEquals(await store.queues(), before);
  assertEquals((await store.enqueue(batch(1), [entry("a", "web-1"), entry("b", "web-2")])).verdict, "repeated");
  assertEquals(store.troubles, []);
});

test("one shard that is down leaves the others at work", async () => {
  await using redis = await startRedis({ shards: 2 });
  await using store = openStore(redis, { buckets: 2 });
  await store.heartbeat({ id: "s1", url: "http://s1", roles: ["be"], started: 1 }, 60_000);
  await redis.nodes("shard2")[0].kill();
  await until(() => Promise.resolve(store.troubles.length === 1), { what: "the loss is known" });
  assertMatch(store.troubles[0], /^shard "shard2": /);
  const leases = await store.lease("be-1", [0, 1], 5000);
  assertEquals(leases.map(({ bucket }) => bucket), [0]);
  assertEquals((await store.members()).length, 1);
  const missing = new Set<string>();
  assertEquals([await store.queues(missing), [...missing]], [[], ["shard2"]]);
  await store.release(leases);
  await assertRejects(() => store.lease("be-1", [1], 5000), StoreTrouble, 'Cannot lease on shard "shard2"');
});

test("Sentinels that can't be reached, or don't know a shard, are named, and asked until they do", async () => {
  await using redis = await startRedis({ sentinels: 1 });
  const [sentinel] = redis.sentinelNodes;
  await sentinel.kill();
  await using store = openStore(redis, { buckets: 1 });
  const address = `127.0.0.1:${sentinel.port}`;
  const unreachable = 'Cannot look at queues on shard "shard1": failed to connect to sentinel';
  await assertRejects(() => store.queues(), StoreTrouble, `${unreachable} ${address} because `);
  await sentinel.start();
  await until(async () => (await store.queues()).length === 0, { what: "the Sentinel is asked again" });
  // A master that was found is used on while there is no Sentinel.
  await sentinel.kill();
  assertEquals((await store.enqueue(batch(1), [entry("a", "web-1")])).verdict, "new");
  await sentinel.start();
  const shards = [{ name: "nameless", buckets: [0, 0] as const }];
  await using stranger = openStore(redis, { buckets: 1, shards });
  const unknown = `failed to connect to sentinel ${address} because ERR No such master with that name`;
  await assertRejects(() => stranger.queues(), StoreTrouble, `Cannot look at queues on shard "nameless": ${unknown}`);
  assertEquals(stranger.troubles, [`shard "nameless": ${unknown}`]);
  await sentinel.call(["SENTINEL", "MONITOR", "nameless", "127.0.0.1", String(redis.nodes("shard1")[0].port), "1"]);
  await until(async () => (await stranger.queues()).length === 0, { what: "the Sentinel has learnt of it" });
});

async function hasAll(master: RedisNode, replica: RedisNode): Promise<boolean> {
  const offset = async (node: RedisNode, field: string) =>
    String(await node.call(["INFO", "replication"])).match(new RegExp(`${field}:(\\d+)`))?.[1];
  return await offset(master, "master_repl_offset") === await offset(replica, "slave_repl_offset");
}
