// Orders to several servers on one store, in process and on virtual time.

import { assert, assertEquals } from "@std/assert";
import type { Handler } from "../../core/handlers/handler.ts";
import { createRegistry, type Registry } from "../../core/handlers/registry.ts";
import { createLog } from "../../service/log.ts";
import { type Fate, fated, interceptedStore } from "../../tests/sim/stores.ts";
import { until, VirtualTime } from "../../tests/sim/virtual_time.ts";
import { Server } from "../server.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { AGGREGATE } from "../store/store.ts";

const BUCKETS = 16;
const registry = createRegistry();

/** Servers that drain one store. */
class Cluster {
  readonly time = new VirtualTime();
  readonly store = new MemoryStore({ buckets: BUCKETS, clock: this.time.clock });
  /** What becomes of a server's calls. */
  fateOf: (id: string, method: string) => Fate = () => "done";
  readonly #servers: {
    readonly server: Server;
    readonly stopping: AbortController;
    readonly running: Promise<void>;
  }[] = [];

  start(options: { readonly registry?: Registry; readonly roles?: readonly ["fe"] } = {}): Server {
    const { clock, sleep } = this.time;
    const id = `server-${this.#servers.length}`;
    const server = new Server({
      store: interceptedStore(BUCKETS, (method, run) => fated(this.fateOf(id, method), () => run(this.store))),
      registry: options.registry ?? registry,
      self: { id, url: `http://${id}`, roles: options.roles ?? ["fe", "be"], started: clock() },
      ...{ clock, sleep, random: () => 0.5, pause: () => Promise.resolve(), commitMs: 3_600_000 },
      log: createLog({ clock, write: () => {} }),
    });
    const stopping = new AbortController();
    this.#servers.push({ server, stopping, running: server.run(stopping.signal) });
    return server;
  }

  async stop(which: number): Promise<void> {
    const { stopping, running } = this.#servers[which];
    stopping.abort();
    await running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let which = 0; which < this.#servers.length; which++) await this.stop(which);
  }

  async post(
    path: string,
    lines: readonly unknown[] = [],
    which = this.#servers.length - 1,
  ): Promise<{ status: number; answer: unknown }> {
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    const { server } = this.#servers[which];
    const asked = server.fetch(new Request(`http://taba${path}`, { method: "POST", body }));
    let response: Response | undefined;
    asked.then((answered) => response = answered);
    await until(() => Promise.resolve(response !== undefined), {
      what: `an answer of ${path}`,
      step: () => this.time.pass(50),
    });
    assert(response !== undefined);
    return { status: response.status, answer: await response.json() };
  }

  async waiting(): Promise<number> {
    return (await this.store.queues()).reduce((entries, queue) => entries + queue.entries, 0);
  }
}

function linesOf(tabs: number): readonly unknown[] {
  return Array.from(
    { length: tabs },
    (_, index) => ({ tab: `tab-${index}`, type: "TotalsCounter", client: "web-1", events: [[1]] }),
  );
}

/** A handler that writes another version than the one it is known by, and a registry that has it in place of that. */
function withNewerTotals(): { readonly newer: Handler; readonly upgraded: Registry } {
  const old = registry.get("TotalsCounter");
  assert(old !== undefined);
  const decode: Handler["decode"] = (encoded) => old.decode(encoded, old.version);
  const newer: Handler = { ...old, version: old.version + 1, decode, lend: decode };
  return { newer, upgraded: { ...registry, get: (type) => type === newer.type ? newer : registry.get(type) } };
}

Deno.test("upkeep: a flush commits all that waits, whichever server drains it", async () => {
  await using cluster = new Cluster();
  for (const _ of [1, 2, 3]) cluster.start();
  await cluster.time.pass(2000);
  await cluster.post("/post", linesOf(50));
  await cluster.time.pass(2000);
  assertEquals(await cluster.waiting(), 50);
  assertEquals(await cluster.post("/flush"), { status: 200, answer: { entries: 50, servers: 3 } });
  assertEquals(await cluster.waiting(), 0);
  assertEquals(await cluster.post("/flush"), { status: 200, answer: { entries: 0, servers: 3 } });
  await cluster.time.pass(4000);
  for (const { orders, finished } of await cluster.store.members()) {
    assertEquals([orders, finished], [undefined, undefined]);
  }
});

Deno.test("upkeep: a flush is done though servers come and go meanwhile, and says so where one does not answer", async () => {
  await using cluster = new Cluster();
  for (const _ of [1, 2, 3]) cluster.start();
  await cluster.time.pass(2000);
  await cluster.post("/post", linesOf(50));
  await cluster.time.pass(1000);
  cluster.fateOf = (id) => id === "server-2" ? "unreached" : "done";
  // Its announcement lapses first.
  const { status, answer } = await cluster.post("/flush", [], 0);
  assertEquals([status, await cluster.waiting()], [200, 0]);
  assert(typeof answer === "object" && answer !== null && "servers" in answer);
  assertEquals(answer.servers, 2);

  await cluster.post("/post", linesOf(50));
  cluster.fateOf = () => "done";
  cluster.start();
  assertEquals((await cluster.post("/flush")).status, 200);
  assertEquals(await cluster.waiting(), 0);
});

Deno.test("upkeep: a flush waits for what came after a commit of which the answer was lost", async () => {
  // Renewals of leases tell what became of the commit, so at any distance from these.
  for (let phase = 0; phase < 10; phase++) {
    await using cluster = new Cluster();
    cluster.start();
    await cluster.time.pass(2000 + 100 * phase);
    await cluster.post("/post", linesOf(50));
    await cluster.time.pass(400);
    let lost = 0;
    cluster.fateOf = (_id, method) => method === "commit" && lost++ < BUCKETS ? "unanswered" : "done";
    const first = cluster.post("/flush");
    await until(() => Promise.resolve(lost > 0), { what: "a commit", step: () => cluster.time.pass(10) });
    await cluster.post("/post", linesOf(16));
    const { status } = await cluster.post("/flush");
    assertEquals([phase, status, await cluster.waiting()], [phase, 200, 0]);
    await first;
  }
});

Deno.test("upkeep: a flush waits for the queues of a shard that did not answer once", async () => {
  await using cluster = new Cluster();
  cluster.start();
  await cluster.time.pass(2000);
  const queues = cluster.store.queues.bind(cluster.store);
  let looks = 0;
  cluster.store.queues = (missing?: Set<string>) => {
    if (looks++ > 5) return queues();
    missing?.add("shard");
    return Promise.resolve([]);
  };
  await cluster.post("/post", linesOf(50));
  assertEquals(await cluster.post("/flush"), { status: 200, answer: { entries: 50, servers: 1 } });
  assertEquals(await queues(), []);
});

Deno.test("upkeep: a flush is not done while what waits cannot be read, until a server can or it is deleted", async () => {
  const { upgraded } = withNewerTotals();
  await using cluster = new Cluster();
  let stopped = 0;
  const restart = async (options: { readonly registry?: Registry } = {}) => {
    await cluster.stop(stopped++);
    cluster.start(options);
    await cluster.time.pass(2000);
  };
  const post = async () => {
    await cluster.post("/post", [{ tab: "bids", type: "TotalsCounter", client: "web-1", events: [[1]] }]);
    await cluster.time.pass(1000);
  };
  cluster.start({ registry: upgraded });
  await cluster.time.pass(2000);
  await post();
  await restart();
  await post();
  for (const _ of [1, 2]) {
    assertEquals([(await cluster.post("/flush")).status, await cluster.waiting()], [504, 1]);
  }
  await restart({ registry: upgraded });
  assertEquals(await cluster.post("/flush"), { status: 200, answer: { entries: 1, servers: 1 } });
  assertEquals(await cluster.waiting(), 0);
  await restart();
  await post();
  const asked = cluster.time.clock();
  assertEquals((await cluster.post("/delete?name=bids")).status, 200);
  assertEquals(
    [await cluster.waiting(), cluster.time.clock() - asked < 5],
    [0, true],
    "what is gone is not waited for",
  );
});

Deno.test("upkeep: without a server that drains an order is not done, and the answer says that", async () => {
  await using cluster = new Cluster();
  cluster.start({ roles: ["fe"] });
  const { status, answer } = await cluster.post("/flush");
  assert(typeof answer === "object" && answer !== null && "code" in answer && "error" in answer);
  assertEquals([status, answer.code], [504, "order_unfinished"]);
  assert(String(answer.error).includes("0 of 0"), String(answer.error));
});

Deno.test("upkeep: a deletion of a whole tab frees what waits for one of clients that cannot be done", async () => {
  const { upgraded } = withNewerTotals();
  await using cluster = new Cluster();
  cluster.start({ registry: upgraded });
  await cluster.time.pass(2000);
  const of = (client: string) => ({ tab: "bids", type: "TotalsCounter", client, events: [[1]] });
  await cluster.post("/post", [of("web-1"), of("web-2")]);
  await cluster.post("/flush");
  await cluster.stop(0);
  cluster.start();
  await cluster.time.pass(2000);
  assertEquals((await cluster.post("/delete?name=bids&client=web-1")).answer, { tabs: 1, states: 1 });
  await cluster.post("/post", [of("web-1"), ...linesOf(50)]);
  assertEquals([(await cluster.post("/flush")).status, await cluster.waiting() > 1], [504, true]);
  assertEquals(await cluster.post("/delete?name=bids"), { status: 200, answer: { tabs: 1, states: 2 } });
  assertEquals(await cluster.waiting(), 0);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    assertEquals((await cluster.store.tabs(bucket)).has("bids"), false);
  }
  assertEquals((await cluster.post("/flush")).status, 200);
});

Deno.test("upkeep: gc removes what says nothing any more at once", async () => {
  await using cluster = new Cluster();
  for (const _ of [1, 2]) cluster.start();
  await cluster.time.pass(2000);
  const event = [null, ["v1", cluster.time.clock() + 5]];
  const tabs = Array.from({ length: 20 }, (_, index) => `tab-${index}`);
  await cluster.post("/post", tabs.map((tab) => ({ tab, type: "Buffer", client: "web-1", events: [event] })));
  await cluster.post("/flush");
  assertEquals((await cluster.post("/gc")).answer, { states: 0, servers: 2 });
  await cluster.time.pass(6000);
  assertEquals((await cluster.post("/gc")).answer, { states: 20, servers: 2 });
  for (let bucket = 0; bucket < BUCKETS; bucket++) assertEquals([...await cluster.store.tabs(bucket)], []);
});

Deno.test("upkeep: gc passes over nothing where the store is away for a moment", async () => {
  await using cluster = new Cluster();
  cluster.start();
  await cluster.time.pass(2000);
  const event = [null, ["v1", cluster.time.clock() + 5]];
  const tabs = Array.from({ length: 20 }, (_, index) => `tab-${index}`);
  await cluster.post("/post", tabs.map((tab) => ({ tab, type: "Buffer", client: "web-1", events: [event] })));
  await cluster.post("/flush");
  await cluster.time.pass(6000);
  let lost = 0;
  cluster.fateOf = (_id, method) => method === "clientsByTab" && lost++ < 5 ? "unreached" : "done";
  assertEquals((await cluster.post("/gc")).answer, { states: 20, servers: 1 });
});

Deno.test("upkeep: a rebalance is done once every server has its share", async () => {
  await using cluster = new Cluster();
  cluster.start();
  await cluster.time.pass(2000);
  assertEquals((await cluster.post("/rebalance")).answer, { servers: 1, buckets: 0 });
  cluster.start();
  const { status, answer } = await cluster.post("/rebalance");
  assert(typeof answer === "object" && answer !== null && "servers" in answer);
  assertEquals([status, answer.servers], [200, 2]);
});

Deno.test("upkeep: an upgrade encodes anew what an older version wrote, held or not", async () => {
  const { newer, upgraded } = withNewerTotals();
  await using cluster = new Cluster();
  cluster.start();
  await cluster.time.pass(2000);
  await cluster.post("/post", linesOf(20));
  await cluster.post("/post", [{ tab: "tab-0", type: "TotalsCounter", client: "web-2", events: [[1]] }]);
  await cluster.post("/flush");
  assertEquals((await cluster.post("/upgrade")).answer, { states: 0, servers: 1 });
  await cluster.stop(0);
  cluster.start({ registry: upgraded });
  // Held by the new server since this.
  await cluster.post("/post", [{ tab: "tab-1", type: "TotalsCounter", client: "web-1", events: [[1]] }]);
  await cluster.time.pass(2000);
  assertEquals((await cluster.post("/upgrade")).answer, { states: 22, servers: 1 });
  await cluster.post("/flush");
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const tabs = [...(await cluster.store.tabs(bucket)).keys()];
    const keys = tabs.flatMap((tab) => ["web-1", "web-2", AGGREGATE].map((client) => ({ tab, client })));
    const { states } = await cluster.store.read(bucket, keys);
    assertEquals(new Set(states.map(({ version }) => version)), new Set(tabs.length === 0 ? [] : [newer.version]));
  }
  assertEquals((await cluster.post("/upgrade")).answer, { states: 0, servers: 1 });
});

Deno.test("upkeep: what takes too long is said not to be done, goes on all the same, and is waited for when asked for again", async () => {
  const { newer, upgraded } = withNewerTotals();
  await using cluster = new Cluster();
  cluster.start();
  await cluster.time.pass(2000);
  await cluster.post("/post", linesOf(20));
  await cluster.post("/flush");
  await cluster.stop(0);
  cluster.start({ registry: upgraded });
  await cluster.time.pass(2000);
  cluster.fateOf = (_id, method) => method === "commit" ? "unreached" : "done";
  const { status, answer } = await cluster.post("/upgrade");
  assert(typeof answer === "object" && answer !== null && "error" in answer);
  assertEquals([status, String(answer.error).includes("0 of 1")], [504, true]);
  await cluster.time.pass(4000);
  cluster.fateOf = () => "done";
  await cluster.time.pass(10_000);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const keys = [...(await cluster.store.tabs(bucket)).keys()].map((tab) => ({ tab, client: "web-1" }));
    for (const { version } of (await cluster.store.read(bucket, keys)).states) assertEquals(version, newer.version);
  }
  assertEquals(await cluster.post("/upgrade"), { status: 200, answer: { states: 0, servers: 1 } });
});
