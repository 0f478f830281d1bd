// Any order of posts, repeats, drains, deaths, lost answers, lapsed leases and fail-overs: queries answer the ledger.
// A failure prints its seed and path; TABA_SIM_SEED=… replays a seed, TABA_SIM_RUNS=… runs more stories.

import { assert } from "@std/assert";
import fc from "fast-check";
import { MemoryStore } from "../../server/store/memory_store.ts";
import type { Lease, Store } from "../../server/store/store.ts";
import { type Line, ServerSim } from "./server_sim.ts";
import type { Fate, StoreWorld } from "./stores.ts";

type Open = (world: StoreWorld) => Store;

/** One step of a story. */
type Act = (sim: ServerSim) => Promise<void>;

const BUCKETS = 3;
const openMemory = (world: StoreWorld) => new MemoryStore({ buckets: BUCKETS, ...world });

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>("done") },
  { weight: 1, arbitrary: fc.constant<Fate>("unreached") },
  { weight: 1, arbitrary: fc.constant<Fate>("unanswered") },
);

const line: fc.Arbitrary<Line> = fc.record({
  tab: fc.constantFrom("all-1", "all-2", "all-3", "all-4", "day-1", "day-2", "day-3"),
  client: fc.constantFrom("web-1", "web-2", "web-3"),
  values: fc.array(fc.integer({ min: -9, max: 99 }), { minLength: 1, maxLength: 3 }),
});

const lines = fc.array(line, { minLength: 1, maxLength: 4 });

/** What a fast-check failure prints for it. */
function named(act: Act, name: string): Act {
  return Object.assign(act, { [fc.toStringMethod]: () => name });
}

const post = fc.tuple(fc.constantFrom("agent-1", "agent-2"), lines, fate).map(([sender, lines, fate]) =>
  named((sim) => sim.post(sender, lines, fate), `post ${sender} ${JSON.stringify(lines)} ${fate}`)
);

const repeat = fc.tuple(fc.nat(5), fate).map(([age, fate]) =>
  named((sim) => sim.repeat(age, fate), `repeat ${age} ${fate}`)
);

const remove = fc.tuple(line, fc.boolean(), fate).map(([{ tab, client }, isWhole, fate]) => {
  const deleted = { tab, client: isWhole ? "" : client };
  return named((sim) => sim.delete(deleted, fate), `delete ${tab} ${deleted.client} ${fate}`);
});

const step = fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 20 }), fc.nat(3), fate).map(([which, calls, call, fate]) =>
  named((sim) => sim.step(which, { calls, call, fate }), `step ${which} calls=${calls} call=${call} ${fate}`)
);

const kill = fc.tuple(fc.nat(1), fc.nat(4), fc.boolean()).map(([which, arriving, isPartial]) =>
  named((sim) => sim.kill(which, { arriving, isPartial }), `kill ${which} arriving=${arriving} partial=${isPartial}`)
);

const pass = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 700 }) },
  { weight: 3, arbitrary: fc.integer({ min: 700, max: 3000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 5000, max: 60_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(3_600_000, 90_000_000) },
).map((ms) => named((sim) => sim.pass(ms), `pass ${ms}`));

const failOver = fc.nat(12).map((writes) => named((sim) => sim.failOver(writes), `fail-over ${writes}`));

const act = fc.oneof(
  { weight: 5, arbitrary: post },
  { weight: 2, arbitrary: repeat },
  { weight: 1, arbitrary: remove },
  { weight: 10, arbitrary: step },
  { weight: 1, arbitrary: kill },
  { weight: 4, arbitrary: pass },
  { weight: 2, arbitrary: failOver },
);

const story = fc.array(act, { minLength: 20, maxLength: 120, size: "max" });

function property(open: Open) {
  return fc.asyncProperty(story, async (acts) => {
    const sim = new ServerSim({ open, drains: 2 });
    for (const act of acts) {
      await act(sim);
      await sim.check();
    }
    await sim.settle();
    await sim.check();
  });
}

function setting(name: string): number | undefined {
  const text = Deno.env.get(name);
  return text === undefined ? undefined : Number(text);
}

Deno.test("server: whatever happens, queries answer what was accepted, to the event", async () => {
  const seed = setting("TABA_SIM_SEED");
  const numRuns = setting("TABA_SIM_RUNS") ?? 60;
  await fc.assert(property(openMemory), seed === undefined ? { numRuns } : { numRuns, seed });
});

/** Stores that break a promise, each of which the property above must notice. */
const canaries: Readonly<Record<string, Open>> = {
  "applies a repeated batch": (world) => {
    const store = openMemory(world);
    return forwarding(store, { enqueue: (_id, entries) => store.enqueue(undefined, entries) });
  },
  "lets anyone drain": (world) => {
    const store = openMemory(world);
    const newestByBucket = new Map<number, Lease>();
    const newest = (lease: Lease) => newestByBucket.get(lease.bucket) ?? lease;
    return forwarding(store, {
      async lease(...args) {
        const leases = await store.lease(...args);
        for (const lease of leases) newestByBucket.set(lease.bucket, lease);
        return leases;
      },
      readQueue: (lease, cursor, bytesMax) => store.readQueue(newest(lease), cursor, bytesMax),
      load: (lease, keys) => store.load(newest(lease), keys),
      async commit(commit) {
        const lease = newest(commit.lease);
        const isCommitted = await store.commit({ ...commit, lease });
        if (isCommitted) newestByBucket.set(lease.bucket, { ...lease, revision: commit.next });
        return isCommitted;
      },
    });
  },
  "trims one entry too many": (world) => {
    const store = openMemory(world);
    return forwarding(store, {
      async commit(commit) {
        const { consumed, lease } = commit;
        if (consumed === undefined) return await store.commit(commit);
        const rest = await store.readQueue(lease, consumed, 1);
        return await store.commit({ ...commit, consumed: rest?.cursor ?? consumed });
      },
    });
  },
};

function forwarding(store: Store, changed: Partial<Store>): Store {
  const methods = Object.getOwnPropertyNames(MemoryStore.prototype).filter((name) => name !== "constructor");
  const bound = Object.fromEntries(methods.map((name) => [name, Reflect.get(store, name).bind(store)]));
  return Object.assign(bound, { buckets: store.buckets, ...changed }) as unknown as Store;
}

for (const [name, open] of Object.entries(canaries)) {
  Deno.test(`server: a store that ${name} is caught`, async () => {
    const outcome = await fc.check(property(open), { numRuns: 60, endOnFailure: true });
    assert(outcome.failed, "the simulation must notice");
  });
}
