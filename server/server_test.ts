// The HTTP API of a whole server, in process.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { createLog, type Log } from "../service/log.ts";
import { readPrometheus } from "../tests/prometheus_text.ts";
import { type Fate, fated, interceptedStore } from "../tests/sim/stores.ts";
import { until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Server, type ServerOptions } from "./server.ts";
import { MemoryStore } from "./store/memory_store.ts";

class Fixture {
  readonly time = new VirtualTime();
  readonly store = new MemoryStore({ buckets: 8, clock: this.time.clock });
  readonly server: Server;
  fateOf: (method: string) => Fate = () => "done";

  constructor(options: Partial<ServerOptions> = {}) {
    const { clock, sleep } = this.time;
    this.server = new Server({
      store: interceptedStore(8, (method, run) => fated(this.fateOf(method), () => run(this.store))),
      registry: createRegistry(),
      self: { id: "server-1", url: "http://taba", roles: ["fe", "be"], started: clock() },
      ...{ clock, sleep, random: () => 0.5, pause: () => Promise.resolve() },
      log: createLog({ clock, write: () => {} }),
      ...options,
    });
  }

  async ask(path: string, init: RequestInit & { readonly accept?: string } = {}) {
    const { accept, ...rest } = init;
    const headers = new Headers(rest.headers);
    if (accept !== undefined) headers.set("accept", accept);
    const response = await this.server.fetch(new Request(`http://taba${path}`, { ...rest, headers }));
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async json(path: string) {
    const { text, headers } = await this.ask(path, { accept: "application/json" });
    assertEquals(headers.get("content-type"), "application/json");
    return JSON.parse(text);
  }

  async post(...lines: readonly unknown[]) {
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    return await this.ask("/post", { method: "POST", body });
  }
}

const BIDS = [
  { client: "web-1" },
  { tab: "bids", events: [[3.25], [1.5]] },
  { tab: "bids", client: "web-2", events: [[2]] },
  { tab: "build", type: "Gauge", events: [["v1"]] },
  { tab: "requests;route=/a;status=200", type: "TotalsCounter", events: [[1]] },
  { tab: "requests;route=/b;status=200", type: "TotalsCounter", events: [[2]] },
];

Deno.test("server: tells who comes and goes, what it drains, and when the store is away and back", async () => {
  const logged: string[] = [];
  const log: Log = createLog({ clock: () => 0, write: (line) => logged.push(line.slice(25)), repeatS: Infinity });
  const fixture = new Fixture({ log });
  const other = { id: "server-2", url: "http://other", roles: ["be"], started: 0 } as const;
  const stopping = new AbortController();
  const running = fixture.server.run(stopping.signal);
  const told = async (line: string) => {
    for (let waits = 0; waits < 50 && !logged.some((each) => each.startsWith(line)); waits++) {
      await fixture.time.pass(1000);
    }
    assertEquals(logged.filter((each) => each.startsWith(line)).length, 1, `${line} in\n${logged.join("\n")}`);
  };
  await told("info  in the cluster: http://taba servers=1");
  await told("info  drains 8 of 8 buckets before=0");
  await fixture.store.heartbeat(other, 20_000);
  await told("info  in the cluster: http://other servers=2");
  fixture.fateOf = () => "unreached";
  await told("warn  cannot announce this server");
  fixture.fateOf = () => "done";
  await told("info  the store answers again afterS=");
  await told("info  gone from the cluster: http://other servers=1");
  stopping.abort();
  await running;
});

Deno.test("server: what was posted is in the next answer, before and after it is drained", async () => {
  const fixture = new Fixture();
  const { status, text } = await fixture.post(...BIDS);
  assertEquals([status, JSON.parse(text)], [200, { lines: 5, events: 6, rejected: [] }]);
  const stopping = new AbortController();
  const running = fixture.server.run(stopping.signal);
  for (const isDrained of [false, true]) {
    if (isDrained) {
      const what = "all is committed";
      await until(async () => (await fixture.store.queues()).length === 0, {
        what,
        step: () => fixture.time.pass(100),
      });
    }
    const tabs = await fixture.json("/tabs");
    assertEquals(Object.keys(tabs), ["bids", "build", "requests;route=/a;status=200", "requests;route=/b;status=200"]);
    assertEquals([tabs.bids["1m"], tabs.build], [{ count: 3, total: 6.75 }, { v1: 1 }]);
    assertEquals((await fixture.json("/tabs?name=bids&client=web-2")).bids["1m"], { count: 1, total: 2 });
    const projection = await fixture.json("/projection?name=bids");
    assertEquals(projection.bids["web-1"]["1d"], { count: 2, total: 4.75 });
    assertEquals(Object.keys(projection.bids), ["web-1", "web-2"]);
    assertEquals((await fixture.json("/supertabs?re=1&name=requests.*")).TotalsCounter.total, 3);
    assertEquals((await fixture.json("/tabs?by=status&name=requests"))["requests;status=200"].total, 3);
    assertEquals(await fixture.json("/names?re=1&name=b.*"), ["bids", "build"]);
    assertEquals(await fixture.json("/types?name=build"), { build: "Gauge" });
    assertEquals(await fixture.json("/clients"), ["web-1", "web-2"]);
  }
  stopping.abort();
  await running;
  assertEquals(await fixture.store.members(), []);
});

Deno.test("server: detailed JSON says of when an answer is and whether it is whole", async () => {
  const fixture = new Fixture();
  await fixture.post(...BIDS);
  const ask = async (path: string) => {
    const { text, headers } = await fixture.ask(path, { accept: "application/json-detailed" });
    assertEquals(headers.get("content-type"), "application/json-detailed");
    const { rows, ...quality } = JSON.parse(text);
    assertEquals(quality, { asOf: fixture.time.clock(), complete: true, missing: [] }, path);
    return rows;
  };
  assertEquals((await ask("/tabs?name=bids")).bids.value["1m"].count, 3);
  assertEquals((await ask("/projection?name=bids")).bids["web-2"].value["1m"].count, 1);
  assertEquals((await ask("/supertabs")).TotalsCounter.value.total, 3);
  assertEquals((await ask("/tabs?by=status&name=requests"))["requests;status=200"].type, "TotalsCounter");
  assertEquals(await ask("/types?name=bids"), { bids: "CounterGroup" });
  assertEquals((await ask("/latency")).enqueue.type, "PercentileGroup");
});

Deno.test("server: names the busiest of what it has", async () => {
  const fixture = new Fixture();
  await fixture.post(...BIDS);
  const rows = [{ name: "bids", count: 3, total: 6.75 }];
  assertEquals(await fixture.json("/top"), { asOf: fixture.time.clock(), rows });
  assertEquals((await fixture.json("/top?of=clients&by=total&limit=1")).rows, [{
    name: "web-1",
    count: 2,
    total: 4.75,
  }]);
  assertEquals((await fixture.ask("/top?by=x")).status, 400);
});

Deno.test("server: tells Prometheus its figures and its tabs, or one of the two", async () => {
  const fixture = new Fixture();
  await fixture.post(...BIDS, { tab: "build", events: [[1]] });
  const ask = async (search = "") => {
    const { status, headers, text } = await fixture.ask(`/metrics${search}`);
    assertEquals([status, headers.get("content-type")], [200, "text/plain; version=0.0.4; charset=utf-8"]);
    return readPrometheus(text);
  };
  const all = await ask();
  const value = (family: string, labels = "") => all.get(family)?.values.get(labels);
  assertEquals(value("taba_count", 'tab="bids",window="1m"'), 3);
  assertEquals(value("taba_total", 'tab="requests",route="/b",status="200",window="all"'), 2);
  assertEquals(value("taba_server_lines_accepted_total"), 5);
  assertEquals(value("taba_server_lines_refused_total", 'reason="type_conflict"'), 1);
  assertEquals([value("taba_server_queue_entries"), value("taba_server_drain_commits_total")], [5, 0]);
  assertEquals(value("taba_server_delay_seconds", 'of="enqueue",window="1m",quantile="0.5"'), 0);
  assertEquals(all.get("taba_server_events_accepted_total")?.type, "counter");

  const [own, tabs] = [await ask("?only=own"), await ask("?only=tabs")];
  assertEquals([...own.keys(), ...tabs.keys()], [...all.keys()]);
  const byStatus = (await ask("?only=tabs&name=requests&by=status")).get("taba_count");
  assertEquals([...byStatus?.values ?? []], [['tab="requests",status="200",window="all"', 2]]);
  assertEquals((await ask("?only=tabs&name=none")).size, 0);
  assertEquals((await fixture.ask("/metrics?only=both")).status, 400);

  fixture.fateOf = () => "unreached";
  const alone = await ask();
  assertEquals([...alone.keys()].every((family) => family.startsWith("taba_server_")), true);
  assertEquals(alone.get("taba_server_store_reachable")?.values.get(""), 0);
  assertEquals((await fixture.ask("/metrics?only=tabs")).status, 503);
});

Deno.test("server: groups of one name and several types are told apart, to people and to Prometheus", async () => {
  const fixture = new Fixture();
  const types = { ms: "PercentileGroup", n: "CounterGroup" };
  const lines = Object.entries(types).map(([unit, type]) => ({
    ...{ tab: `latency;route=/bid;unit=${unit}`, type },
    events: [[1]],
  }));
  await fixture.post(...lines);
  const groups = await fixture.json("/tabs?by=route");
  assertEquals(Object.keys(groups), ["latency;route=/bid (CounterGroup)", "latency;route=/bid (PercentileGroup)"]);
  const { text } = await fixture.ask("/metrics?only=tabs&by=route");
  const labels = [...readPrometheus(text).get("taba_count")?.values.keys() ?? []];
  const ofGroup = (type: string) => `tab="latency",tab_type="${type}",route="/bid",window="1m"`;
  assertEquals(labels.filter((each) => each.endsWith('"1m"')), Object.values(types).toSorted().map(ofGroup));
});

Deno.test("server: text is the default, and says nothing where nothing is found", async () => {
  const fixture = new Fixture();
  for (const path of ["/tabs", "/projection", "/supertabs", "/names", "/types", "/clients", "/tabs?by=x"]) {
    const { status, text, headers } = await fixture.ask(path);
    assertEquals([status, text, headers.get("content-type")], [200, "", "text/plain; charset=utf-8"], path);
  }
  assertEquals([await fixture.json("/tabs"), await fixture.json("/names")], [{}, []]);
  await fixture.post(...BIDS);
  assertEquals((await fixture.ask("/names?re=1&name=b.*")).text, "bids\nbuild\n");
  assertEquals((await fixture.ask("/types?name=bids,build")).text, "bids: CounterGroup\nbuild: Gauge\n");
  assertMatch((await fixture.ask("/projection?name=bids")).text, /^bids web-1: \{\n"1m": \{"count": 2, /);
  assertMatch((await fixture.ask("/tabs?name=bids")).text, /^bids: \{\n"1m": \{"count": 3, "total": 6\.75\},\n/);
});

Deno.test("server: what it does not understand is refused with what there is", async () => {
  const fixture = new Fixture();
  const refused = async (path: string, method = "GET") => {
    const { status, text, headers } = await fixture.ask(path, { method });
    return [status, JSON.parse(text).code, headers.get("allow")];
  };
  assertEquals(await refused("/nothing"), [404, "not_found", null]);
  assertEquals(await refused("/tabs?nmae=bids"), [400, "query_illegal", null]);
  assertEquals(await refused("/status?x=1"), [400, "query_illegal", null]);
  assertEquals(await refused("/tabs?re=1&name=("), [400, "query_illegal", null]);
  assertEquals(await refused("/tabs", "POST"), [405, "method_not_allowed", "GET, HEAD"]);
  assertEquals(await refused("/post"), [405, "method_not_allowed", "POST"]);
  assertEquals(await refused("/tabs", "DELETE"), [405, "method_not_allowed", "GET, HEAD"]);
});

Deno.test("server: HEAD answers as GET does, without the body", async () => {
  const fixture = new Fixture();
  await fixture.post(...BIDS);
  const { status, text, headers } = await fixture.ask("/tabs", { method: "HEAD", accept: "application/json" });
  assertEquals([status, text, headers.get("content-type")], [200, "", "application/json"]);
  assertEquals((await fixture.ask("/tabs?x=1", { method: "HEAD" })).status, 400);
});

Deno.test("server: a token guards posts and nothing else", async () => {
  const fixture = new Fixture({ token: "secret" });
  const body = JSON.stringify({ tab: "bids", events: [[1]] });
  const post = async (headers: HeadersInit) => (await fixture.ask("/post", { method: "POST", body, headers })).status;
  assertEquals(await post({}), 401);
  assertEquals(await post({ authorization: "Bearer wrong" }), 401);
  assertEquals(await post({ authorization: "Bearer secret" }), 200);
  assertEquals((await fixture.ask("/tabs")).status, 200);
});

Deno.test("server: refuses posts of pages of other origins than its own", async () => {
  const fixture = new Fixture();
  const body = JSON.stringify({ tab: "bids", events: [[1]] });
  const post = async (origin: string) =>
    (await fixture.ask("/post", { method: "POST", body, headers: { origin } })).status;
  assertEquals(await post("https://evil.example"), 403);
  assertEquals(await post("null"), 403);
  assertEquals(await post("http://taba"), 200);
});

Deno.test("server: a body at /post_zip is zlib's unless it says otherwise", async () => {
  const fixture = new Fixture();
  const plain = new Blob([JSON.stringify({ tab: "bids", events: [[1]] })]);
  const body = await new Response(plain.stream().pipeThrough(new CompressionStream("deflate"))).bytes();
  assertEquals((await fixture.ask("/post_zip", { method: "POST", body })).status, 200);
  assertEquals((await fixture.json("/tabs")).bids["1m"].count, 1);
});

Deno.test("server: without its store it says so, and still how it is itself", async () => {
  const fixture = new Fixture();
  await fixture.post(...BIDS);
  fixture.fateOf = () => "unreached";
  for (const path of ["/tabs", "/tabs?by=x", "/supertabs", "/projection?name=bids", "/names", "/clients", "/readyz"]) {
    const { status, text, headers } = await fixture.ask(path);
    assertEquals([status, headers.get("retry-after")], [503, "1"], path);
    assertEquals(JSON.parse(text).code, "store_unavailable");
  }
  assertEquals((await fixture.ask("/healthz")).text, "ok\n");
  const status = await fixture.json("/status");
  assertEquals([status.ingest.lines.accepted, status.store], [5, { error: "the store could not be reached" }]);
  fixture.fateOf = () => "done";
  assertEquals((await fixture.ask("/readyz")).text, "ok\n");
});

Deno.test("server: its status tells what it is, has and did", async () => {
  const fixture = new Fixture();
  await fixture.post(...BIDS);
  await fixture.post({ tab: "bids", type: "Gauge", events: [["x"]] }, { tab: "bids", events: [[1]] });
  await fixture.ask("/post", { method: "POST", body: "nonsense" });
  await fixture.time.pass(1500);
  const { version, uptimeS, id, roles, store, ingest, drain } = await fixture.json("/status");
  assertEquals([typeof version, uptimeS, id, roles], ["string", 1.5, "server-1", ["fe", "be"]]);
  assertEquals([store.buckets, store.tabs, store.clients], [8, 4, 3]);
  assertEquals([store.queues.entries, store.queues.oldestS, store.queues.bytes > 0], [6, 1.5, true]);
  assertEquals(Object.values(store.shards), [{ buckets: 8, queues: store.queues }]);
  assertEquals(store.events, { enqueued: 7, committed: 0, queued: 7 });
  assertEquals(ingest.posts, { accepted: 2, repeated: 0, refused: { body_malformed: 1 } });
  assertEquals(ingest.lines, { accepted: 6, repeated: 0, refused: { type_conflict: 1 } });
  assertEquals(ingest.events, { received: 8, accepted: 7, repeated: 0, refused: { type_conflict: 1 } });
  assertEquals(drain.entries, 0);
});

Deno.test("server: what is deleted is in no answer, and what comes after it counts", async () => {
  const fixture = new Fixture({ token: "secret" });
  const headers = { authorization: "Bearer secret" };
  const post = (path: string, body = "") => fixture.ask(path, { method: "POST", body, headers });
  const remove = async (search: string) => {
    let answer: { readonly text: string } | undefined;
    post(`/delete?${search}`).then((answered) => answer = answered);
    await until(() => answer !== undefined, { what: "an answer", step: () => fixture.time.pass(100) });
    return JSON.parse(answer?.text ?? "");
  };
  const body = BIDS.map((line) => JSON.stringify(line)).join("\n");
  assertEquals((await fixture.ask("/delete?name=bids", { method: "POST" })).status, 401);
  assertEquals((await remove("re=1")).code, "query_illegal");
  const stopping = new AbortController();
  const running = fixture.server.run(stopping.signal);
  const drained = () =>
    until(async () => (await fixture.store.queues()).length === 0, { what: "all", step: () => fixture.time.pass(100) });
  for (const isDrainedBefore of [false, true]) {
    await post("/post", body);
    if (isDrainedBefore) await drained();
    const before = (await fixture.json("/tabs?name=bids")).bids["1m"].count;
    assertEquals(await remove("name=bids&client=web-2,web-3"), { tabs: 1, states: 1 });
    for (const isDrained of [false, true]) {
      if (isDrained) await drained();
      assertEquals((await fixture.json("/tabs?name=bids")).bids["1m"].count, before - 1);
      assertEquals(Object.keys((await fixture.json("/projection?name=bids")).bids), ["web-1"]);
    }
    assertEquals(await remove("tag=status=200"), { tabs: 2, states: 2 });
    assertEquals(await remove("re=1&name=bid.*"), { tabs: 1, states: 1 });
    await post("/post", JSON.stringify({ tab: "bids", client: "web-1", events: [[1]] }));
    for (const isDrained of [false, true]) {
      if (isDrained) await drained();
      assertEquals(Object.keys(await fixture.json("/tabs")), ["bids", "build"]);
      assertEquals((await fixture.json("/tabs")).bids["1m"].count, 1);
    }
  }
  assertEquals(await fixture.json("/names"), ["bids", "build"]);
  assertEquals(await remove("re=1&name=.*"), { tabs: 2, states: 2 });
  assertEquals([await fixture.json("/names"), await fixture.json("/clients")], [[], []]);
  stopping.abort();
  await running;
});

Deno.test("server: lists the servers with their buckets, and tells how long posts took", async () => {
  const fixture = new Fixture();
  const stopping = new AbortController();
  const running = fixture.server.run(stopping.signal);
  await fixture.post({ tab: "bids", events: [[1]] });
  await fixture.time.pass(5000);

  const servers = await fixture.json("/servers");
  assertEquals(Object.keys(servers), ["server-1"]);
  assertEquals([servers["server-1"].roles, servers["server-1"].buckets], [["fe", "be"], 8]);
  const { enqueue, commit } = await fixture.json("/latency");
  assertEquals([enqueue["1m"].count, enqueue["1m"].total, commit["1m"].count], [1, 0, 1]);
  assert(commit["1m"].total >= 2, "an entry waits for a commit, which comes every two seconds");
  assertMatch((await fixture.ask("/latency")).text, /^commit: \{\n"1m": \{"count": 1, /);

  stopping.abort();
  await running;
});

Deno.test("server: with no role that drains it takes posts and answers all the same", async () => {
  const self = { id: "server-2", url: "http://taba", roles: ["fe"], started: 0 } as const;
  const fixture = new Fixture({ self });
  const stopping = new AbortController();
  const running = fixture.server.run(stopping.signal);
  await fixture.post(...BIDS);
  await fixture.time.pass(10_000);
  assertEquals((await fixture.json("/tabs?name=bids")).bids["1m"].count, 3);
  const status = await fixture.json("/status");
  assertEquals([status.drain, status.store.queues.entries], [null, 5]);
  assertEquals(status.store.members.map(({ id }: { id: string }) => id), ["server-2"]);
  stopping.abort();
  await running;
});

Deno.test("server: ends well though its store has gone", async () => {
  const fixture = new Fixture();
  const stopping = new AbortController();
  const running = fixture.server.run(stopping.signal);
  await fixture.post(...BIDS);
  await fixture.time.pass(500);
  fixture.fateOf = () => "unreached";
  stopping.abort();
  await fixture.time.pass(1000);
  await running;
  assert((await fixture.store.queues()).length > 0, "what was not committed still waits");
});
