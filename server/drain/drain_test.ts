import { assert, assertEquals, assertRejects } from "@std/assert";
import { BugError } from "../../core/assert.ts";
import { createRegistry, type Registry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { createLog } from "../../service/log.ts";
import { type Fate, fated, interceptedStore, RewindableStore } from "../../tests/sim/stores.ts";
import { until, VirtualTime } from "../../tests/sim/virtual_time.ts";
import { Delays } from "../delays.ts";
import { Drain, type DrainOptions, drainUntil } from "./drain.ts";
import { Membership } from "../membership.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { AGGREGATE, type Entry, type Store, type StoredState } from "../store/store.ts";
import { loadState, storeState } from "../stored.ts";

const registry = createRegistry();

/** Knows all types but these. */
function without(...types: readonly string[]): Registry {
  return { get: (type) => types.includes(type) ? undefined : registry.get(type), types: [] };
}

function entry(tab: string, client: string, options: { readonly type?: string; readonly value?: unknown } = {}): Entry {
  const handler = registry.get(options.type ?? "TotalsCounter");
  assert(handler !== undefined);
  const state = handler.create(client);
  handler.fold(state, 1_763_890_000, options.value ?? 1);
  return { ...storeState({ tab, client }, handler, state), events: 1 };
}

/** As a handler wrote it that this server has not. */
function newer(tab: string, client: string): Entry {
  return { ...entry(tab, client), version: 1 };
}

class Fixture {
  readonly time = new VirtualTime();
  readonly delays = new Delays(this.time.clock);
  readonly history: RewindableStore<never>;
  readonly store: Store;
  readonly logged: string[] = [];
  /** What becomes of the next call of this method. */
  fateOf: (method: string) => Fate = () => "done";
  readonly calls: string[] = [];
  readonly #memberships: Membership[] = [];

  constructor(buckets = 1) {
    this.history = new RewindableStore(this.time.clock, (world) => new MemoryStore({ buckets, ...world }));
    this.store = this.history.store;
  }

  drain(id: string, options: Partial<DrainOptions> = {}): Drain {
    const { clock } = this.time;
    const store = this.#faulty();
    const self = { id, url: `http://${id}`, roles: ["be"], started: clock() } as const;
    const membership = new Membership(store, self, { ttlMs: 5000 });
    this.#memberships.push(membership);
    const log = createLog({ clock, write: (line) => this.logged.push(line), repeatS: 0 });
    const pause = () => Promise.resolve();
    return new Drain({
      store,
      registry,
      membership,
      clock,
      random: () => 0.999,
      log,
      pause,
      delays: this.delays,
      ...options,
    });
  }

  async beat(...which: readonly number[]): Promise<void> {
    for (const index of which) await this.#memberships[index].beat();
  }

  /** Asks all drains for a flush, through one of them. */
  async flush(which: number): Promise<void> {
    this.#memberships[which].give("flush");
    await this.beat(which);
  }

  /** Stores States as an owner that is gone would. */
  async keep(states: readonly StoredState[]): Promise<void> {
    const [lease] = await this.store.lease("z", [0], 1);
    await this.store.commit({ lease, next: "z", consumed: undefined, requeued: [], states, removed: [] });
    await this.time.pass(10);
  }

  /** Count and total by tab and client as stored, nothing of queues. */
  async stored(): Promise<Record<string, unknown>> {
    const stored: Record<string, unknown> = {};
    for (let bucket = 0; bucket < this.store.buckets; bucket++) {
      for (const tab of (await this.store.tabs(bucket)).keys()) {
        const clients = (await this.store.clientsByTab(bucket, [tab])).get(tab) ?? [];
        const { states } = await this.store.read(bucket, [AGGREGATE, ...clients].map((client) => ({ tab, client })));
        for (const state of states) stored[`${tab} ${state.client || "*"}`] = this.#totalOf(state);
      }
    }
    return stored;
  }

  async waiting(): Promise<number> {
    return (await this.store.queues()).reduce((entries, queue) => entries + queue.entries, 0);
  }

  #totalOf(state: StoredState): unknown {
    const loaded = loadState(registry, state);
    assert(loaded.ok);
    return JSON.parse(JSON.stringify(loaded.handler.render(loaded.state, this.time.clock()))).total;
  }

  #faulty(): Store {
    return interceptedStore(this.store.buckets, (method, run) => {
      this.calls.push(method);
      return fated(this.fateOf(method), () => run(this.store));
    });
  }
}

async function tickAll(drain: Drain): Promise<void> {
  while (await drain.tick());
}

Deno.test("Drain: takes in what waits at once and commits it after its time, and only then", async () => {
  const fixture = new Fixture(4);
  const drain = fixture.drain("a", { commitMs: 2000 });
  await fixture.beat(0);
  await fixture.store.enqueue(undefined, [entry("bids", "web-1"), entry("bids", "web-2"), entry("errors", "web-1")]);
  await drain.tick();
  assertEquals([await fixture.waiting(), drain.status().commits, drain.status().dirtyBytes > 0], [3, 0, true]);
  await fixture.time.pass(1900);
  await drain.tick();
  assertEquals(await fixture.waiting(), 3);
  await fixture.time.pass(200);
  await drain.tick();
  assertEquals(await fixture.stored(), { "bids web-1": 1, "bids web-2": 1, "bids *": 2, "errors web-1": 1 });
  const { entries, events, states, dirtyBytes, lost } = drain.status();
  assertEquals([await fixture.waiting(), entries, events, states, dirtyBytes, lost], [0, 3, 3, 4, 0, 0]);
  assertEquals([...fixture.delays.rows("json")].map(({ name }) => name), ["commit"]);
});

Deno.test("Drain: works round after round on what it holds, and loads each State once", async () => {
  const fixture = new Fixture(2);
  const drain = fixture.drain("a", { commitMs: 500 });
  await fixture.beat(0);
  for (let round = 1; round <= 20; round++) {
    await fixture.store.enqueue(undefined, [entry("bids", "web-1"), entry(`tab-${round % 4}`, "web-1")]);
    await tickAll(drain);
    await fixture.time.pass(600);
    await fixture.beat(0);
    await tickAll(drain);
  }
  assertEquals((await fixture.stored())["bids web-1"], 20);
  assertEquals([drain.status().lost, drain.status().troubles, drain.status().states], [0, 0, 40]);
  assertEquals(fixture.calls.filter((call) => call === "load").length <= 10, true);
});

Deno.test("Drain: goes on from States that were stored before", async () => {
  const fixture = new Fixture();
  for (const id of ["a", "b", "c"]) {
    const drain = fixture.drain(id, { commitMs: 0 });
    await fixture.store.enqueue(undefined, [entry("bids", `web-${id}`), entry("bids", "web-1")]);
    await fixture.beat(["a", "b", "c"].indexOf(id));
    await tickAll(drain);
    await drain.stop();
    await fixture.store.leave(id);
  }
  assertEquals(await fixture.stored(), {
    "bids *": 6,
    "bids web-1": 3,
    "bids web-a": 1,
    "bids web-b": 1,
    "bids web-c": 1,
  });
});

Deno.test("Drain: commits early where a commit could not take more", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { commitMs: 1_000_000, heldBytesMax: Infinity });
  await fixture.beat(0);
  const tabs = limits.commitStatesMax;
  await fixture.store.enqueue(undefined, Array.from({ length: tabs }, (_, tab) => entry(`tab-${tab}`, "web-1")));
  await tickAll(drain);
  assert(drain.status().commits >= 2, "half of what a commit may write makes one due");
  assert(drain.status().states >= tabs / 2);
  assertEquals(drain.status().evicted, 0);
});

Deno.test("Drain: with little memory it lets go of what is clean, and commits to make it so", async () => {
  const fixture = new Fixture(2);
  const drain = fixture.drain("a", { commitMs: 1_000_000, heldBytesMax: 100_000 });
  await fixture.beat(0);
  for (let round = 0; round < 3; round++) {
    await fixture.store.enqueue(undefined, Array.from({ length: 2000 }, (_, tab) => entry(`tab-${tab}`, "web-1")));
    await tickAll(drain);
  }
  const { evicted, heldBytes } = drain.status();
  assert(evicted > 3000, `${evicted} were let go of`);
  assert(heldBytes <= 100_000, `${heldBytes} are held`);
  await drain.stop();
  const stored = await fixture.stored();
  assertEquals(Object.keys(stored).length, 2000);
  assertEquals(new Set(Object.values(stored)), new Set([3]));
});

Deno.test("Drain: buckets move to a server that comes, and back when it goes, and every entry counts once", async () => {
  const fixture = new Fixture(16);
  const [a, b] = [fixture.drain("a"), fixture.drain("b")];
  let sent = 0;
  const post = async () => {
    await fixture.store.enqueue(undefined, Array.from({ length: 40 }, (_, tab) => entry(`tab-${tab}`, "web-1")));
    sent++;
  };
  const round = async (...drains: readonly [number, Drain][]) => {
    await post();
    for (const [index, drain] of drains) {
      await fixture.beat(index);
      await tickAll(drain);
    }
    await fixture.time.pass(1000);
  };
  for (let rounds = 0; rounds < 3; rounds++) await round([0, a]);
  assertEquals(a.status().buckets, 16);
  for (let rounds = 0; rounds < 4; rounds++) await round([0, a], [1, b]);
  assert(a.status().buckets > 2 && b.status().buckets > 2, "both have their share");
  assertEquals(a.status().buckets + b.status().buckets, 16);
  assertEquals([a.status().lost, b.status().lost], [0, 0], "it was handed over");
  // b dies.
  for (let rounds = 0; rounds < 9; rounds++) await round([0, a]);
  assertEquals(a.status().buckets, 16);
  await fixture.time.pass(2000);
  await tickAll(a);
  assertEquals([await fixture.waiting(), new Set(Object.values(await fixture.stored()))], [0, new Set([sent])]);
});

Deno.test("Drain: a stop commits and gives the leases back, so that another goes on at once", async () => {
  const fixture = new Fixture(4);
  const [a, b] = [fixture.drain("a"), fixture.drain("b")];
  await fixture.beat(0);
  await fixture.store.enqueue(undefined, ["x", "y", "z"].map((tab) => entry(tab, "web-1")));
  await tickAll(a);
  await a.stop();
  assertEquals([await fixture.waiting(), a.status().buckets], [0, 0]);
  assertEquals(fixture.calls.filter((call) => call === "release").length, 1, "one call, however many buckets");
  await fixture.store.leave("a");
  await fixture.beat(1);
  await b.tick();
  assertEquals(b.status().buckets, 4);
});

Deno.test("Drain: a commit whose answer is lost is sent again, and its bucket kept", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { commitMs: 0 });
  await fixture.beat(0);
  fixture.fateOf = (method) => method === "commit" ? "unanswered" : "done";
  await fixture.store.enqueue(undefined, [entry("bids", "web-1")]);
  await tickAll(drain);
  assertEquals([await fixture.waiting(), drain.status().troubles, drain.status().commits], [0, 1, 0]);
  await fixture.store.enqueue(undefined, [entry("bids", "web-1")]);
  await fixture.time.pass(200);
  await tickAll(drain);
  assertEquals([await fixture.waiting(), drain.status().troubles], [1, 2], "nothing is read before it is settled");
  fixture.fateOf = () => "done";
  await fixture.time.pass(1000);
  await tickAll(drain);
  assertEquals(await fixture.stored(), { "bids web-1": 2 });
  assertEquals([drain.status().commits, drain.status().lost, drain.status().entries], [2, 0, 2]);
});

Deno.test("Drain: while the store is out of reach it waits, ever longer, and then goes on", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { commitMs: 0 });
  await fixture.beat(0);
  await fixture.store.enqueue(undefined, [entry("bids", "web-1")]);
  fixture.fateOf = () => "unreached";
  for (let ms = 0; ms < 20_000; ms += 10) {
    assertEquals(await drain.tick(), false);
    await fixture.time.pass(10);
  }
  const { troubles } = drain.status();
  assert(troubles >= 5 && troubles < 20, `${troubles} attempts in 20 seconds`);
  assert(fixture.logged[0].includes("the store could not be reached"), fixture.logged[0]);
  fixture.fateOf = () => "done";
  await fixture.time.pass(3000);
  await tickAll(drain);
  assertEquals(await fixture.stored(), { "bids web-1": 1 });
});

Deno.test("Drain: trouble with one bucket does not hold up the others", async () => {
  const fixture = new Fixture(2);
  const drain = fixture.drain("a", { commitMs: 0 });
  await fixture.beat(0);
  await fixture.store.enqueue(undefined, ["a", "b", "c", "d"].map((tab) => entry(tab, "web-1")));
  let reads = 0;
  fixture.fateOf = (method) => method === "readQueue" && reads++ === 0 ? "unreached" : "done";
  await drain.tick();
  assertEquals([(await fixture.store.queues()).length, drain.status().troubles], [1, 1]);
  await fixture.time.pass(200);
  await tickAll(drain);
  assertEquals([await fixture.waiting(), drain.status().lost], [0, 0]);
});

Deno.test("Drain: entries of a type that it does not know go back to the queue, and the others go on", async () => {
  const fixture = new Fixture();
  const [partial, full] = [fixture.drain("a", { registry: without("PercentileCounter") }), fixture.drain("b")];
  await fixture.beat(0);
  const strange = () => entry("sizes", "web-1", { type: "PercentileCounter", value: 100 });
  for (let round = 0; round < 3; round++) {
    await fixture.store.enqueue(undefined, [strange(), entry("bids", "web-1"), strange()]);
    await tickAll(partial);
    await fixture.time.pass(2500);
    await fixture.beat(0);
    await tickAll(partial);
  }
  assertEquals([await fixture.waiting(), partial.status().entries, partial.status().events], [6, 3, 3]);
  assertEquals(fixture.logged[0].slice(25), "info  drains 1 of 1 buckets before=0");
  assert(fixture.logged[1].includes("type PercentileCounter is unknown here"), fixture.logged[1]);
  const { commits } = partial.status();
  await fixture.time.pass(4000);
  await tickAll(partial);
  assertEquals(partial.status().commits, commits, "nothing but these is no reason to commit");
  await partial.stop();
  await fixture.store.leave("a");
  await fixture.beat(1);
  await tickAll(full);
  await fixture.time.pass(2500);
  await tickAll(full);
  assertEquals(await fixture.stored(), { "bids web-1": 3, "sizes web-1": 600 });
});

Deno.test("Drain: deletes a tab of more clients than a commit takes, and keeps the Aggregate of those that stay", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a");
  await fixture.beat(0);
  const clients = Array.from({ length: limits.commitStatesMax + 10 }, (_, index) => `web-${index}`);
  for (const tab of ["bids", "wins"]) {
    await fixture.store.enqueue(
      undefined,
      clients.map((client) => entry(tab, client)),
    );
  }
  const gone = clients.slice(3).map((client) => ({ tab: "wins", client }));
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: AGGREGATE }, ...gone.slice(0, 1000)]);
  for (let from = 1000; from < gone.length; from += 1000) {
    await fixture.store.enqueueDeletions(0, gone.slice(from, from + 1000));
  }
  await fixture.store.enqueue(undefined, [entry("wins", "web-9", { value: 10 })]);
  while (await fixture.waiting() > 0) {
    await tickAll(drain);
    await fixture.time.pass(2500);
    await fixture.beat(0);
  }
  assertEquals(await fixture.stored(), {
    "wins web-0": 1,
    "wins web-1": 1,
    "wins web-2": 1,
    "wins web-9": 10,
    "wins *": 13,
  });
  assertEquals([...(await fixture.store.tabs(0)).keys()], ["wins"]);
});

Deno.test("Drain: tabs deleted together are forgotten, however many commits that takes", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a");
  await fixture.beat(0);
  const clients = Array.from({ length: limits.commitStatesMax / 2 }, (_, index) => `web-${index}`);
  const tabs = ["bids", "wins", "errors"];
  for (const tab of tabs) await fixture.store.enqueue(undefined, clients.map((client) => entry(tab, client)));
  await fixture.store.enqueueDeletions(0, tabs.map((tab) => ({ tab, client: AGGREGATE })));
  while (await fixture.waiting() > 0) {
    await tickAll(drain);
    await fixture.time.pass(2500);
    await fixture.beat(0);
  }
  assertEquals([...await fixture.store.tabs(0)], []);
  const { conflicts } = await fixture.store.enqueue(undefined, [entry("bids", "web-1", { type: "Gauge", value: "x" })]);
  assertEquals(conflicts, []);
});

Deno.test("Drain: a deletion that a fail-over has lost takes nothing more", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { commitMs: 0 });
  await fixture.beat(0);
  const clients = Array.from({ length: limits.commitStatesMax }, (_, index) => `web-${index}`);
  await fixture.store.enqueue(undefined, clients.map((client) => entry("bids", client)));
  await tickAll(drain);
  const left = async () => (await fixture.store.clientsByTab(0, ["bids"])).get("bids")?.length;
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: AGGREGATE }]);
  fixture.fateOf = (method) => method === "commit" ? "unreached" : "done";
  await tickAll(drain);
  await fixture.history.rewind(1);
  fixture.fateOf = () => "done";
  await fixture.time.pass(1000);
  await fixture.beat(0);
  await tickAll(drain);
  assertEquals([await fixture.waiting(), await left()], [0, clients.length]);
});

Deno.test("Drain: a deletion of clients waits for a server that can read the tab, that of the tab does not", async () => {
  const fixture = new Fixture();
  await fixture.keep([newer("bids", "web-1"), newer("bids", "web-2"), newer("wins", "web-1")]);
  await fixture.store.enqueueDeletions(0, [{ tab: "wins", client: AGGREGATE }]);
  const drain = fixture.drain("a");
  await fixture.beat(0);
  await tickAll(drain);
  const left = await fixture.store.clientsByTab(0, ["bids", "wins"]);
  assertEquals([[...left], await fixture.waiting()], [[["bids", ["web-1", "web-2"]]], 0]);
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: "web-1" }]);
  await tickAll(drain);
  const [, logged] = fixture.logged;
  assertEquals([await fixture.waiting(), logged.includes("delete the whole tab tab=bids why=")], [1, true], logged);
});

Deno.test("Drain: a deletion of clients that waits lets one of the whole tab pass, and all that is behind it", async () => {
  const fixture = new Fixture();
  await fixture.keep([newer("bids", "web-1"), newer("bids", "web-2"), newer("bids", AGGREGATE)]);
  await fixture.store.enqueueDeletions(0, [{ tab: "wins", client: "web-9" }, { tab: "bids", client: "web-1" }]);
  await fixture.store.enqueue(undefined, ["bids", "wins"].map((tab) => entry(tab, "web-1", { value: 5 })));
  await fixture.store.enqueueDeletions(0, [{ tab: "wins", client: "web-1" }]);
  await fixture.store.enqueue(undefined, [newer("bids", "web-2"), entry("wins", "web-2")]);
  const drain = fixture.drain("a", { commitMs: 0 });
  await fixture.beat(0);
  await fixture.flush(0);
  await tickAll(drain);
  assertEquals([await fixture.waiting(), fixture.logged.length], [7, 2]);

  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: AGGREGATE }]);
  await fixture.store.enqueue(undefined, [entry("bids", "web-3", { value: 7 })]);
  await tickAll(drain);
  assertEquals(
    [await fixture.waiting(), fixture.logged.length],
    [9, 2],
    "it is looked at again when that is asked for",
  );
  await fixture.flush(0);
  await tickAll(drain);
  assertEquals(await fixture.stored(), { "bids web-3": 7, "wins web-2": 1 });
  assertEquals([await fixture.waiting(), drain.status().heldBack, drain.status().lost], [0, 0, 0]);
  assertEquals(await fixture.store.eventCounts(), { enqueued: 5, committed: 5 });
});

Deno.test("Drain: a tab goes that way in as many commits as it takes, whatever becomes of one", async () => {
  const fixture = new Fixture();
  const clients = Array.from({ length: limits.commitStatesMax / 2 + 10 }, (_, index) => `web-${index}`);
  await fixture.keep(clients.map((client) => newer("bids", client)));
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: "web-0" }]);
  await fixture.store.enqueue(undefined, [entry("bids", "web-0")]);
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: AGGREGATE }]);
  const drain = fixture.drain("a");
  await fixture.beat(0);
  let commits = 0;
  fixture.fateOf = (method) => method === "commit" && commits++ === 1 ? "unanswered" : "done";
  while (await fixture.waiting() > 0) {
    await tickAll(drain);
    await fixture.time.pass(1000);
    await fixture.beat(0);
  }
  assertEquals([[...await fixture.store.tabs(0)], [...await fixture.store.clients(0)]], [[], []]);
  assertEquals([drain.status().lost, drain.status().troubles], [0, 1]);
});

Deno.test("Drain: nothing of a tab goes where a fail-over has lost the deletion of the whole of it", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a");
  const states = [newer("bids", "web-1"), newer("bids", "web-2"), newer("bids", AGGREGATE)];
  await fixture.keep(states);
  await fixture.beat(0);
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: "web-1" }]);
  await fixture.store.enqueue(undefined, [entry("wins", "web-1")]);
  await tickAll(drain);
  await fixture.flush(0);
  await fixture.store.enqueueDeletions(0, [{ tab: "bids", client: AGGREGATE }]);
  fixture.fateOf = (method) => method === "commit" ? "unreached" : "done";
  await tickAll(drain);
  assertEquals([drain.status().troubles, await fixture.waiting()], [1, 3], "it was about to be removed");
  await fixture.history.rewind(1);
  fixture.fateOf = () => "done";
  await fixture.time.pass(1000);
  await fixture.beat(0);
  await tickAll(drain);
  assertEquals([drain.status().lost, await fixture.waiting()], [1, 2]);
  const kept = await fixture.store.read(0, states.map(({ tab, client }) => ({ tab, client })));
  assertEquals(kept.states.map(({ client }) => client), ["web-1", "web-2", AGGREGATE]);
});

Deno.test("Drain: what is stored and can't be read is never written over", async () => {
  const fixture = new Fixture();
  await fixture.keep([newer("bids", "web-1"), newer("bids", AGGREGATE)]);
  const drain = fixture.drain("a", { commitMs: 0, pruneS: 1 });
  await fixture.beat(0);
  await fixture.store.enqueue(undefined, [
    entry("bids", "web-1"),
    entry("bids", "web-2"),
    entry("errors", "web-1"),
  ]);
  for (let round = 0; round < 5; round++) {
    await tickAll(drain);
    await fixture.time.pass(2000);
    await fixture.beat(0);
  }
  const { states: kept } = await fixture.store.read(
    0,
    ["web-1", "web-2", AGGREGATE].map((client) => ({ tab: "bids", client })),
  );
  assertEquals(kept.map(({ client, version }) => [client, version]), [["web-1", 1], [AGGREGATE, 1]]);
  assertEquals([await fixture.waiting(), drain.status().heldBack, drain.status().events], [2, 2, 1]);
  assert(fixture.logged[1].includes("version 1 of TotalsCounter is newer than 0"), fixture.logged[1]);
});

Deno.test("Drain: many entries that it can't read are carried along a part at a time", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { registry: without("Buffer"), commitMs: 100 });
  await fixture.beat(0);
  const large = entry("full", "web-1", { type: "Buffer", value: ["x", 1_763_899_000] });
  const bytes = new Uint8Array(1024 * 1024);
  bytes.set(large.bytes);
  await fixture.store.enqueue(undefined, [
    ...Array.from({ length: 10 }, () => ({ ...large, bytes })),
    entry("bids", "web-1"),
  ]);
  for (let round = 0; round < 10; round++) {
    await tickAll(drain);
    assert(drain.status().heldBack <= 5, "no more are held than may be");
    await fixture.time.pass(200);
    await fixture.beat(0);
  }
  assertEquals([(await fixture.store.queues())[0].entries, drain.status().events], [10, 1]);
});

Deno.test("Drain: of small entries that it can't read no more are carried along than memory is meant for", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { registry: without("Buffer"), commitMs: 100 });
  await fixture.beat(0);
  const small = entry("full", "web-1", { type: "Buffer", value: ["x", 1_763_899_000] });
  const count = Math.floor(limits.heldBackBytesMax / 200);
  await fixture.store.enqueue(undefined, Array.from({ length: count }, () => small));
  await tickAll(drain);
  const { heldBack } = drain.status();
  assert(heldBack > 1000 && heldBack < count, `${heldBack} of ${count} are held`);
  await fixture.time.pass(200);
  await tickAll(drain);
  assertEquals([await fixture.waiting(), drain.status().commits], [count, 1]);
});

Deno.test("Drain: what says nothing any more is removed, with its tab when that is all of it", async () => {
  const fixture = new Fixture(2);
  const drain = fixture.drain("a", { commitMs: 0, pruneS: 600 });
  const beats = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 4000) {
      await fixture.time.pass(4000);
      await fixture.beat(0);
      await tickAll(drain);
    }
  };
  await fixture.beat(0);
  const gauge = (tab: string, client: string) => entry(tab, client, { type: "Gauge", value: "v1" });
  await fixture.store.enqueue(undefined, [
    ...["web-1", "web-2"].map((client) => gauge("build", client)),
    gauge("alone", "web-1"),
    entry("bids", "web-1"),
    entry("bids", "web-3"),
  ]);
  await beats(4000);
  const names = async () => [...await fixture.store.tabs(0), ...await fixture.store.tabs(1)].map(([tab]) => tab).sort();
  assertEquals(await names(), ["alone", "bids", "build"]);
  // Those that are neither held nor touched are found as well.
  await drain.stop();
  await fixture.time.pass(1000 * limits.gaugeForgottenS);
  await fixture.beat(0);
  await tickAll(drain);
  await beats(1_300_000);
  assertEquals(await names(), ["bids"]);
  assertEquals(drain.status().removed > 0, true);
  assertEquals(await fixture.stored(), { "bids *": 2, "bids web-1": 1, "bids web-3": 1 });
  const clients = new Set([...await fixture.store.clients(0), ...await fixture.store.clients(1)]);
  assertEquals([...clients].sort(), ["web-1", "web-3"]);
});

Deno.test("Drain: a bug is no trouble, it surfaces", async () => {
  const fixture = new Fixture();
  const totals = registry.get("TotalsCounter");
  assert(totals !== undefined);
  const broken = {
    ...totals,
    reduce() {
      throw new BugError("broken");
    },
  };
  const drain = fixture.drain("a", { registry: { get: () => broken, types: [] } });
  await fixture.beat(0);
  await fixture.store.enqueue(undefined, [entry("bids", "web-1"), entry("bids", "web-1")]);
  await assertRejects(() => drain.tick(), BugError, "broken");
});

Deno.test("drainUntil: drains until it is told to stop, then hands over", async () => {
  const fixture = new Fixture();
  const drain = fixture.drain("a", { commitMs: 1_000_000 });
  await fixture.beat(0);
  const stopping = new AbortController();
  const ended = drainUntil(stopping.signal, drain, { sleep: fixture.time.sleep, pollMs: 200 });
  await fixture.store.enqueue(undefined, [entry("bids", "web-1")]);
  await until(() => drain.status().dirtyBytes > 0, { what: "it drains", step: () => fixture.time.pass(200) });
  stopping.abort();
  await ended;
  assertEquals(await fixture.stored(), { "bids web-1": 1 });
  assertEquals((await fixture.store.lease("b", [0], 1000)).length, 1);
});
