// The store on Redis beside the embedded one: whatever is done to both in any order, both answer the same.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bucketOf } from "../../core/buckets.ts";
import { openStore } from "../../tests/cluster/redis_fixture.ts";
import { entry, state } from "../../tests/laws/store_fixtures.ts";
import { type LocalRedis, startRedis } from "../../tools/local_redis.ts";
import { MemoryStore } from "./memory_store.ts";
import type { Enqueued, Lease, QueueChunk, StateKey, Store } from "./store.ts";

let redis: LocalRedis;

Deno.test.beforeAll(async () => {
  redis = await startRedis();
});

Deno.test.afterAll(() => redis[Symbol.asyncDispose]());

const BUCKETS = 2;
const TABS = ["bids", "wins", "cost", "errors", "depth"];
const CLIENTS = ["web-1", "web-2", "web-3"];
const OWNERS = ["be-1", "be-2"];

/** What one store gave out, which the other has another name for. */
interface Held {
  lease: Lease;
  chunk: QueueChunk | undefined;
}

/** A store and what its owners hold, by owner and bucket. */
interface Side {
  readonly store: Store;
  readonly held: Map<string, Held>;
}

/** One thing done to a store. Answers what can be compared. */
type Step = (side: Side) => Promise<unknown>;

const tab = fc.constantFrom(...TABS);
const client = fc.constantFrom(...CLIENTS);
const bytes = fc.uint8Array({ maxLength: 40 });
const key: fc.Arbitrary<StateKey> = fc.record({ tab, client: fc.constantFrom("", ...CLIENTS) });
const owner = fc.constantFrom(...OWNERS);
const bucket = fc.nat(BUCKETS - 1);

const enqueue: fc.Arbitrary<Step> = fc.record({
  id: fc.option(fc.record({ sender: fc.constantFrom("a", "b"), seq: fc.nat(6), low: fc.nat(4) }), { nil: undefined }),
  entries: fc.array(
    fc.record({
      tab,
      client,
      bytes,
      type: fc.constantFrom("TotalsCounter", "TotalsCounter", "Gauge"),
      events: fc.nat(),
    }),
    { maxLength: 8 },
  ),
}).map(({ id, entries }) => async ({ store }): Promise<Enqueued> =>
  await store.enqueue(id, entries.map(({ tab, client, ...rest }) => entry(tab, client, rest)))
);

const deletion: fc.Arbitrary<Step> = fc.array(key, { maxLength: 3 }).map((keys) => async ({ store }) => {
  for (const bucket of [0, 1]) {
    const ofBucket = keys.filter(({ tab }) => bucketOf(tab, BUCKETS) === bucket);
    if (ofBucket.length > 0) await store.enqueueDeletions(bucket, ofBucket);
  }
});

const lease: fc.Arbitrary<Step> = fc.record({ owner, bucket }).map(({ owner, bucket }) => async ({ store, held }) => {
  const [lease] = await store.lease(owner, [bucket], 600_000);
  if (lease === undefined) return "held by another";
  const known = held.get(`${owner} ${bucket}`);
  const isRenewed = known?.lease.fence === lease.fence;
  held.set(`${owner} ${bucket}`, { lease, chunk: isRenewed ? known?.chunk : undefined });
  return [isRenewed, lease.revision];
});

const release: fc.Arbitrary<Step> = fc.record({ owner, bucket }).map(({ owner, bucket }) => async ({ store, held }) => {
  const mine = held.get(`${owner} ${bucket}`);
  if (mine !== undefined) await store.release([mine.lease]);
  return mine === undefined;
});

const readQueue: fc.Arbitrary<Step> = fc.record({ owner, bucket, bytesMax: fc.nat(600), goesOn: fc.boolean() })
  .map(({ owner, bucket, bytesMax, goesOn }) => async ({ store, held }) => {
    const mine = held.get(`${owner} ${bucket}`);
    if (mine === undefined) return "nothing held";
    // What an entry costs differs between the stores: one entry or all.
    const bytes = bytesMax < 300 ? 1 : 1_000_000;
    const chunk = await store.readQueue(mine.lease, goesOn ? mine.chunk?.cursor : undefined, bytes);
    mine.chunk = chunk;
    return chunk && [chunk.entries, chunk.cursor?.entries, chunk.cursor?.events];
  });

let commits = 0;

const commit: fc.Arbitrary<Step> = fc.record({
  owner,
  bucket,
  consumes: fc.boolean(),
  requeues: fc.nat(2),
  states: fc.array(fc.record({ key, bytes }), { maxLength: 5 }),
  removed: fc.array(key, { maxLength: 5 }),
  isRepeated: fc.boolean(),
}).map(({ owner, bucket, consumes, requeues, states, removed, isRepeated }) => {
  const next = `c${commits++}`;
  return async ({ store, held }) => {
    const mine = held.get(`${owner} ${bucket}`);
    if (mine === undefined) return "nothing held";
    const ofBucket = new Set((await store.tabs(bucket)).keys());
    const commit = {
      lease: mine.lease,
      next,
      consumed: consumes ? mine.chunk?.cursor : undefined,
      reliedOn: mine.chunk?.cursor,
      requeued: consumes ? mine.chunk?.entries.slice(0, requeues) ?? [] : [],
      states: states.filter(({ key }) => ofBucket.has(key.tab)).map(({ key: { tab, client }, bytes }) =>
        state(tab, client, { bytes })
      ),
      removed: removed.filter(({ tab }) => ofBucket.has(tab)),
    };
    const isDone = await store.commit(commit);
    if (isDone) {
      if (isRepeated) assert(await store.commit(commit), "a commit may be repeated");
      mine.lease = { ...mine.lease, revision: next };
      mine.chunk = undefined;
    }
    return isDone;
  };
});

const read: fc.Arbitrary<Step> = fc.record({ bucket, keys: fc.array(key, { maxLength: 6 }) })
  .map(({ bucket, keys }) => async ({ store }) => {
    const { states, queued } = await store.read(bucket, keys);
    const names = (state: StateKey) => `${state.tab} ${state.client}`;
    return [states.toSorted((a, b) => names(a) < names(b) ? -1 : 1), queued];
  });

/** Everything that can be asked, in an order of our own. */
async function all({ store }: Side): Promise<unknown> {
  const answers: unknown[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const clientsByTab = await store.clientsByTab(bucket, TABS);
    answers.push(
      [...await store.tabs(bucket)].sort(),
      [...await store.clients(bucket)].sort(),
      [...clientsByTab].map(([tab, clients]) => [tab, [...clients].sort()]).sort(),
      (await store.read(bucket, TABS.map((tab) => ({ tab, client: "" })))).queued,
      await store.bucketEvents(bucket),
    );
  }
  answers.push(await store.eventCounts());
  answers.push((await store.queues()).map(({ bytes: _, ...rest }) => rest).sort((a, b) => a.bucket - b.bucket));
  return answers;
}

const steps = fc.array(
  fc.oneof(enqueue, enqueue, deletion, lease, release, readQueue, readQueue, commit, commit, read),
  {
    minLength: 10,
    maxLength: 60,
  },
);

Deno.test("RedisStore: answers what the embedded store answers, whatever is done to both", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      let now = 1000;
      const clock = () => now;
      await using onRedis = openStore(redis, { buckets: BUCKETS, clock });
      const theirs: Side = { store: onRedis, held: new Map() };
      const ours: Side = { store: new MemoryStore({ buckets: BUCKETS, clock }), held: new Map() };
      for (const [index, step] of steps.entries()) {
        now += 0.25;
        assertEquals(await step(theirs), await step(ours), `step ${index}`);
      }
      assertEquals(await all(theirs), await all(ours));
    }),
    { numRuns: 40, seed: 7 },
  );
});
