// `GET /watch` through the whole server, on a clock that passes when the test lets it; at the end over a real socket.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { bucketOf } from "../core/buckets.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { listen } from "../service/listen.ts";
import { createLog } from "../service/log.ts";
import { systemClock, systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { until } from "../tests/cluster/waiting.ts";
import { type Fate, fated, HalfStore, interceptedStore } from "../tests/sim/stores.ts";
import { turn, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Server } from "./server.ts";
import { MemoryStore } from "./store/memory_store.ts";

const log = createLog({ clock: () => 0, write: () => {} });
const self = { id: "server-1", url: "http://taba", roles: ["fe"], started: 0 } as const;

class Fixture {
  readonly time = new VirtualTime();
  readonly #store = new MemoryStore({ buckets: 8, clock: this.time.clock });
  readonly server: Server;
  fate: Fate | Promise<Fate> = "done";
  /** Calls of the store that read States. */
  reads = 0;
  /** Calls that list tabs. */
  lists = 0;

  constructor() {
    const { clock, sleep } = this.time;
    const store = interceptedStore(8, async (method, run) => {
      if (method === "read") this.reads++;
      if (method === "tabs") this.lists++;
      return await fated(await this.fate, () => run(this.#store));
    });
    const world = { clock, sleep, random: () => 0.5, pause: () => Promise.resolve(), log };
    this.server = new Server({ store, registry: createRegistry(), self, ...world });
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    return await this.server.fetch(new Request(`http://taba${path}`, init));
  }

  async post(tab: string, ...values: readonly number[]): Promise<void> {
    const body = JSON.stringify({ tab, events: values.map((value) => [value]) });
    await (await this.ask("/post", { method: "POST", body })).body?.cancel();
  }

  async watch(query: string): Promise<Events> {
    const response = await this.ask(`/watch${query}`);
    assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    return new Events(response.body);
  }
}

/** The events of a stream, read one by one. */
class Events {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(body: ReadableStream<Uint8Array> | null) {
    assert(body !== null);
    this.#reader = body.getReader();
  }

  /** Undefined at the end. */
  async next(): Promise<string | undefined> {
    const { value } = await this.#reader.read();
    return value === undefined ? undefined : new TextDecoder().decode(value);
  }

  /** The data of the next one, which must be of this kind. */
  async data(kind: "tabs" | "trouble") {
    const [event, data, ...rest] = (await this.next() ?? "").split("\n");
    assertEquals([event, data.slice(0, 6), rest], [`event: ${kind}`, "data: ", ["", ""]]);
    return JSON.parse(data.slice(6));
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

Deno.test("watch: tells at once and then every second what /tabs shows, in its order", async () => {
  const fixture = new Fixture();
  await fixture.post("bids", 1.5);
  await fixture.post("asks", 2);
  const events = await fixture.watch("?name=bids,asks,none");
  const first = await events.data("tabs");
  assertEquals(first.asOf, fixture.time.clock());
  assertEquals(Object.keys(first.tabs), ["asks", "bids"]);
  assertEquals(first.tabs.bids["1m"], { count: 1, total: 1.5 });

  await fixture.post("bids", 2.5);
  const second = events.data("tabs");
  await fixture.time.pass(1000);
  assertEquals([(await second).asOf, (await second).tabs.bids["1m"]], [first.asOf + 1, { count: 2, total: 4 }]);
  const shown = await fixture.ask("/tabs?name=bids,asks", { headers: { accept: "application/json" } });
  assertEquals((await second).tabs, await shown.json());
  await events.leave();
  assertEquals(fixture.time.sleepers, 0);
});

Deno.test("watch: selects and reduces as /tabs does", async () => {
  const fixture = new Fixture();
  for (const status of [200, 404]) await fixture.post(`requests;route=/a;status=${status}`, 1);
  await fixture.post("bids", 1);
  const keysOf = async (query: string) => {
    const events = await fixture.watch(query);
    const { tabs } = await events.data("tabs");
    await events.leave();
    return Object.keys(tabs);
  };
  assertEquals(await keysOf("?re=1&name=b.*"), ["bids"]);
  assertEquals(await keysOf("?name=requests&by=route"), ["requests;route=/a"]);
  assertEquals(await keysOf("?tag=status=404"), ["requests;route=/a;status=404"]);
  assertEquals(await keysOf("?name=none"), []);
});

Deno.test("watch: those who watch the same share one look a second, late comers get the last one at once", async () => {
  const fixture = new Fixture();
  await fixture.post("bids", 1);
  const all = await Promise.all([fixture.watch("?re=0&name=bids"), fixture.watch("?name=bids&re=0")]);
  all.push(await fixture.watch("?name=bids&re=0"));
  const told = await Promise.all(all.map((events) => events.next()));
  assertEquals(new Set(told).size, 1);
  assertEquals(fixture.reads, 1);

  const next = all.map((events) => events.next());
  await fixture.time.pass(1000);
  assertEquals(new Set(await Promise.all(next)).size, 1);
  assertEquals(fixture.reads, 2);
  for (const events of all) await events.leave();
});

Deno.test("watch: a slow reader gets the newest and misses what was between", async () => {
  const fixture = new Fixture();
  await fixture.post("bids", 1);
  const events = await fixture.watch("?name=bids");
  const { asOf } = await events.data("tabs");
  await fixture.time.pass(5000);
  assertEquals((await events.data("tabs")).asOf, asOf + 5);
  const next = events.data("tabs");
  await fixture.time.pass(1000);
  assertEquals((await next).asOf, asOf + 6);
  await events.leave();
});

Deno.test("watch: trouble of the store is an event, from the first on, and the watch goes on", async () => {
  const fixture = new Fixture();
  await fixture.post("bids", 1);
  fixture.fate = "unreached";
  const events = await fixture.watch("?name=bids");
  assertEquals(await events.data("trouble"), { error: "cannot look: the store could not be reached" });
  fixture.fate = "done";
  const next = events.data("tabs");
  await fixture.time.pass(1000);
  assertEquals((await next).tabs.bids["1m"].count, 1);
  await events.leave();
});

Deno.test("watch: comments bridge a look that takes long, and a rest as long follows it", async () => {
  const fixture = new Fixture();
  await fixture.post("bids", 1);
  const events = await fixture.watch("?name=bids");
  await events.data("tabs");
  const held = Promise.withResolvers<Fate>();
  fixture.fate = held.promise;
  const comment = events.next();
  await fixture.time.pass(1000 + 7000);
  assertEquals(await comment, ": still looking\n\n");
  held.resolve("done");
  await events.data("tabs");
  const { reads } = fixture;
  await turn();
  await fixture.time.pass(6900);
  assertEquals(fixture.reads, reads);
  await fixture.time.pass(200);
  assertEquals(fixture.reads, reads + 1);
  await events.leave();
});

Deno.test("watch: which tabs a pattern selects is looked up every few seconds, their values every second", async () => {
  const fixture = new Fixture();
  await fixture.post("bids", 1);
  const events = await fixture.watch("?re=1&name=b.*");
  await events.data("tabs");
  assertEquals(fixture.lists, 8);
  await fixture.post("bids", 1);
  await fixture.post("bots", 1);
  await fixture.time.pass(4900);
  const { tabs } = await events.data("tabs");
  assertEquals([Object.keys(tabs), tabs.bids["1m"].count, fixture.lists], [["bids"], 2, 8]);
  await fixture.time.pass(1000);
  assertEquals([Object.keys((await events.data("tabs")).tabs), fixture.lists], [["bids", "bots"], 16]);
  await events.leave();
});

Deno.test("watch: more tabs than may be watched are refused, or told as trouble where they become more", async () => {
  const fixture = new Fixture();
  const lines = Array.from(
    { length: limits.watchedTabsMax },
    (_, n) => JSON.stringify({ tab: `t${n}`, events: [[n]] }),
  );
  await (await fixture.ask("/post", { method: "POST", body: lines.join("\n") })).body?.cancel();
  const events = await fixture.watch("");
  assertEquals(Object.keys((await events.data("tabs")).tabs).length, limits.watchedTabsMax);
  await fixture.post("one_more", 1);
  await fixture.time.pass(6000);
  assertMatch((await events.data("trouble")).error, /^cannot watch more than 1000 tabs: ask for fewer/);
  await events.leave();

  const refused = await fixture.ask("/watch");
  assertEquals([refused.status, (await refused.json()).code], [400, "query_illegal"]);
  assertEquals(fixture.time.sleepers, 0, "nothing goes on for those who were refused");
});

Deno.test("watch: only so many may watch at once, and a place is free once one has gone", async () => {
  const fixture = new Fixture();
  const all: Events[] = [];
  for (let index = 0; index < limits.watchersMax; index++) all.push(await fixture.watch("?name=bids"));
  const refused = await fixture.ask("/watch?name=asks");
  assertEquals([refused.status, (await refused.json()).code], [429, "over_capacity"]);
  await all[0].leave();
  all[0] = await fixture.watch("?name=asks");
  for (const events of all) await events.leave();
  assertEquals(fixture.time.sleepers, 0);
});

Deno.test("watch: HEAD leaves nothing behind", async () => {
  const fixture = new Fixture();
  const { status, body } = await fixture.ask("/watch", { method: "HEAD" });
  assertEquals([status, body, fixture.time.sleepers], [200, null, 0]);
});

Deno.test("watch: a server that stops ends all watches and takes no more", async () => {
  const fixture = new Fixture();
  const events = await fixture.watch("?name=bids");
  await events.data("tabs");
  const last = events.next();
  fixture.server.endWatches();
  assertEquals(await last, undefined);
  const refused = await fixture.ask("/watch?name=bids");
  assertEquals([refused.status, (await refused.json()).code], [503, "stopping"]);
  assertEquals(fixture.time.sleepers, 0);
});

Deno.test("watch: a server that stops does not wait for a first look that takes long", async () => {
  const fixture = new Fixture();
  const held = Promise.withResolvers<Fate>();
  fixture.fate = held.promise;
  const asked = fixture.ask("/watch?name=bids");
  fixture.server.endWatches();
  const refused = await asked;
  assertEquals([refused.status, (await refused.json()).code], [503, "stopping"]);
  held.resolve("done");
  await turn();
  assertEquals(fixture.time.sleepers, 0);
});

Deno.test("watch: shows what can be read while a shard can't, and names that; what is reduced is whole or trouble", async () => {
  const time = new VirtualTime();
  const { clock, sleep } = time;
  const store = new HalfStore({ buckets: 8, clock });
  const world = { clock, sleep, random: () => 0.5, pause: () => Promise.resolve(), log };
  const server = new Server({ store, registry: createRegistry(), self, ...world });
  const ask = (path: string, init?: RequestInit) => server.fetch(new Request(`http://taba${path}`, init));
  const names = ["a", "b", "c", "d", "e"];
  const body = names.map((tab) => JSON.stringify({ tab, events: [[1]] })).join("\n");
  await (await ask("/post", { method: "POST", body })).body?.cancel();
  const high = names.filter((name) => store.shardOf(bucketOf(name, 8)) === "high");
  assert(high.length > 0 && high.length < names.length);
  for (const search of [`?name=${names}`, "?name=.&re=1", ""]) {
    store.isDown = false;
    const events = new Events((await ask(`/watch${search}`)).body);
    const next = async () => {
      const data = await events.data("tabs");
      return [Object.keys(data.tabs), data.missing];
    };
    assertEquals(await next(), [names, undefined], search);
    store.isDown = true;
    await time.pass(6000); // a pattern is looked up again
    assertEquals(await next(), [high, ["low"]], search);
    store.isDown = false;
    await time.pass(1000);
    assertEquals(await next(), [names, undefined], search);
    await events.leave();
  }
  store.isDown = true;
  const events = new Events((await ask("/watch?by=x")).body);
  assertEquals(await events.data("trouble"), { error: "cannot look: low is down" });
  await events.leave();
});

Deno.test("watch: over a socket a reader that goes away ends its watch, and a stop of the server does not wait", async () => {
  let reads = 0;
  const store = new MemoryStore({ buckets: 1, clock: systemClock });
  const counted = interceptedStore(1, (_method, run) => (reads++, run(store)));
  const world = { clock: systemClock, sleep: systemSleep, random: systemRandom, pause: systemPause, log };
  const server = new Server({ store: counted, registry: createRegistry(), self, ...world });
  const listening = await listen((request) => server.fetch(request), { hostname: "127.0.0.1", port: 0, log });
  try {
    const leaving = new AbortController();
    const response = await fetch(`${listening.url}/watch?name=bids`, { signal: leaving.signal });
    const events = new Events(response.body);
    assertEquals((await events.data("tabs")).tabs, {});
    assertEquals((await events.data("tabs")).tabs, {});
    leaving.abort();
    const watchers = async () => (await (await fetch(`${listening.url}/status`)).json()).watchers;
    await until(async () => await watchers() === 0, { what: "the watch has ended" });

    const staying = new Events((await fetch(`${listening.url}/watch`)).body);
    await staying.data("tabs");
    const before = reads;
    server.endWatches();
    const stopping = listening.stop(60_000);
    assertEquals(await staying.next(), undefined);
    await stopping;
    assertEquals(reads, before);
  } finally {
    await listening.stop(0);
  }
});
