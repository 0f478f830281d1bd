import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { totalsCounter } from "../core/handlers/totals_counter.ts";
import { limits } from "../core/limits.ts";
import { createLog } from "../service/log.ts";
import { readPrometheus } from "../tests/prometheus_text.ts";
import { FakeServer, type Fate } from "../tests/sim/fake_server.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent, type AgentOptions } from "./agent.ts";
import { NoJournal } from "./journal/journaling.ts";

const FLUSH_MS = 500;
const SERVER = "http://server:8300";

/** An agent, the servers that it sends to, and the time that both live in. */
class Fixture implements AsyncDisposable {
  readonly time = new VirtualTime();
  readonly server = new FakeServer(this.time);
  readonly logged: string[] = [];
  readonly agent: Agent;
  readonly #running: Promise<void>;

  constructor(options: Partial<AgentOptions> = {}) {
    this.agent = new Agent({
      registry: this.server.registry,
      servers: [SERVER],
      journal: new NoJournal("agent-1"),
      flushMs: FLUSH_MS,
      statesMax: 1000,
      outboxBytesMax: limits.outboxBytesMax,
      batchBytesMax: limits.batchBytesMax,
      clock: this.time.clock,
      random: () => 0.5,
      sleep: this.time.sleep,
      pause: turn,
      fetch: this.server.fetch,
      log: createLog({ clock: this.time.clock, write: (line) => this.logged.push(line.slice(25)), repeatS: 0 }),
      ...options,
    });
    this.#running = this.agent.run();
  }

  /** Posts lines and answers what was answered. */
  async post(lines: readonly unknown[], headers: HeadersInit = {}): Promise<{ status: number; body: unknown }> {
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const response = await this.agent.fetch(new Request("http://agent/post", { method: "POST", body, headers }));
    return { status: response.status, body: await response.json() };
  }

  /** Lets time pass in small steps, never while a server works, until the condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const step = () => this.server.busy === 0 ? this.time.pass(FLUSH_MS / 5) : turn();
    await until(condition, { what, step });
  }

  /** Until nothing is held and nothing under way. */
  async delivered(): Promise<void> {
    await this.until("all is delivered", () => {
      const { events, states, batches } = this.agent.status();
      return states === 0 && batches.open === 0 && events.held === 0 && this.server.busy === 0;
    });
  }

  /** Events accepted are where the status says they are. */
  assertBooksBalance(): void {
    const { events } = this.agent.status();
    const dropped = Object.values(events.dropped).reduce((sum, count) => sum + count, 0);
    assertEquals(events.folded, events.held + events.open + events.acked + events.rejected + dropped);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.agent.stop(0);
    await until(() => this.server.busy === 0, { what: "the server is idle" });
    await this.time.pass(1);
    await Promise.all([stopped, this.#running]);
    this.assertBooksBalance();
  }
}

/** A line of `count` events of value 1. */
function line(tab: string, count = 1, more: Readonly<Record<string, unknown>> = {}): unknown {
  return { tab, type: "TotalsCounter", events: Array.from({ length: count }, () => [1]), ...more };
}

/** The fates given, then answers. */
function fates(...list: readonly Fate[]): (index: number) => Fate {
  return (index) => list[index] ?? "answered";
}

function path(pathname: string, init: RequestInit = {}): Request {
  return new Request(`http://agent${pathname}`, init);
}

Deno.test("Agent: posts of a flush become one line a (tab, client), in one batch with an id", async () => {
  await using fixture = new Fixture();
  const { agent, server } = fixture;
  assertEquals(await fixture.post([{ client: "web-1" }, line("bids", 3), line("wins", 1, { client: "web-2" })]), {
    status: 200,
    body: { lines: 2, events: 4, rejected: [] },
  });
  await fixture.post([line("bids", 2, { client: "web-1" })]);
  assertEquals(agent.status().events, { folded: 6, replayed: 0, held: 6, open: 0, acked: 0, rejected: 0, dropped: {} });
  await fixture.delivered();

  assertEquals(server.events(), { "bids web-1": 5, "wins web-2": 1 });
  const [text] = await server.texts();
  const [header, ...lines] = text.trimEnd().split("\n").map((each) => JSON.parse(each));
  assertEquals(header, { taba: 2, sender: "agent-1", seq: 0, low: 0, sent: header.sent });
  assertEquals(lines.length, 2);
  assertEquals(server.received.length, 1);
  assertEquals(server.received[0].url, `${SERVER}/post`);
  assertEquals(server.received[0].headers.get("content-encoding"), "gzip");
  assertEquals(server.received[0].headers.get("content-type"), "application/x-ndjson");
  assertEquals(agent.status().events.acked, 6);
});

Deno.test("Agent: nothing is sent while nothing comes", async () => {
  await using fixture = new Fixture();
  await fixture.time.pass(10 * FLUSH_MS);
  assertEquals(fixture.server.received.length, 0);
});

Deno.test("Agent: what is posted after a quiet time is sealed at once, and what follows waits for the next flush", async () => {
  await using fixture = new Fixture();
  const { agent, server, time } = fixture;
  const sent = (count: number) =>
    until(() => server.received.length === count && agent.status().batches.open === 0, { what: `${count} are sent` });
  await time.pass(1.5 * FLUSH_MS);
  for (let round = 0; round < 3; round++) {
    const [begun, count] = [time.clock(), server.received.length];
    await fixture.post([line("bids")]);
    await sent(count + 1);
    assertEquals(time.clock(), begun);
    for (const _ of [1, 2]) await fixture.post([line("bids"), line("wins")]);
    await time.pass(FLUSH_MS - 1);
    assertEquals(server.received.length, count + 1);
    await time.pass(1);
    await sent(count + 2);
    await time.pass(FLUSH_MS * (1 + round / 3));
  }
  assertEquals(server.events(), { "bids unknown": 9, "wins unknown": 6 });
  assertEquals(time.sleepers, 1);
});

Deno.test("Agent: under load no more batches are sealed than flushes are due", async () => {
  await using fixture = new Fixture();
  await fixture.time.pass(FLUSH_MS);
  for (let post = 0; post < 100; post++) {
    await fixture.post([line("bids")]);
    await until(() => fixture.server.busy === 0, { what: "the server is idle" });
    await fixture.time.pass(FLUSH_MS / 10);
  }
  await fixture.delivered();
  assert(fixture.agent.status().batches.sealed <= 11, String(fixture.agent.status().batches.sealed));
});

Deno.test("Agent: a batch that a client posts twice counts once, one after the other or at the same time", async () => {
  await using fixture = new Fixture();
  const batch = (seq: number) => [{ sender: "client-1", seq, low: 0 }, line("bids", 7)];
  await fixture.post(batch(0));
  assertEquals(await fixture.post(batch(0)), {
    status: 200,
    body: { lines: 1, events: 7, rejected: [], repeated: true },
  });
  const answers = await Promise.all([1, 2, 3].map(() => fixture.post(batch(1))));
  assertEquals(answers.map(({ status }) => status), [200, 200, 200]);
  await fixture.delivered();
  assertEquals(await fixture.post(batch(1)), {
    status: 200,
    body: { lines: 1, events: 7, rejected: [], repeated: true },
  });
  assertEquals(fixture.server.events(), { "bids unknown": 14 });
  assertEquals(fixture.agent.status().posts, { accepted: 2, repeated: 4, refused: {} });
});

Deno.test("Agent: a batch below what is remembered of its sender is refused", async () => {
  await using fixture = new Fixture();
  await fixture.post([{ sender: "client-1", seq: 10, low: 10 }, line("bids")]);
  const { status, body } = await fixture.post([{ sender: "client-1", seq: 9, low: 9 }, line("bids")]);
  assertEquals(status, 409);
  assertMatch(JSON.stringify(body), /"code":"seq_stale"/);
  assertEquals(fixture.agent.status().posts, { accepted: 1, repeated: 0, refused: { seq_stale: 1 } });
});

Deno.test("Agent: a tab keeps its type over flushes, and another is refused by line", async () => {
  await using fixture = new Fixture();
  await fixture.post([line("bids")]);
  const late = await fixture.post([line("bids", 2, { type: "Gauge" }), line("wins")]);
  const rejected = [{ line: 1, code: "type_conflict", error: 'tab "bids" is a TotalsCounter, not a Gauge' }];
  assertEquals(late, { status: 200, body: { lines: 1, events: 1, rejected } });
  await fixture.delivered();
  assertEquals(await fixture.post([line("bids", 2, { type: "Gauge" }), line("wins")]), late);
  assertEquals(fixture.agent.status().lines, { accepted: 3, refused: { type_conflict: 2 }, rejected: {} });
});

Deno.test("Agent: of two types in one post the first counts, and the other is named by its line", async () => {
  await using fixture = new Fixture();
  const lines = Array.from({ length: 1000 }, (_, index) => line(`tab-${index % 10}`));
  lines[699] = line("tab-3", 1, { type: "CounterGroup" });
  assertEquals(await fixture.post(lines), {
    status: 200,
    body: {
      ...{ lines: 999, events: 999 },
      rejected: [{ line: 700, code: "type_conflict", error: 'tab "tab-3" is a TotalsCounter, not a CounterGroup' }],
    },
  });
});

Deno.test("Agent: a batch of which nothing counted is refused again when it is repeated, or counts then", async () => {
  await using fixture = new Fixture({ statesMax: 1 });
  await fixture.post([line("bids")]);
  const batch = [{ sender: "client-1", seq: 0, low: 0 }, line("wins", 3)];
  const first = await fixture.post(batch);
  assertEquals(first.status, 400);
  assertMatch(JSON.stringify(first.body), /"code":"tabs_full"/);
  assertEquals(await fixture.post(batch), first);
  await fixture.delivered();
  assertEquals(await fixture.post(batch), { status: 200, body: { lines: 1, events: 3, rejected: [] } });
  assertEquals(await fixture.post(batch), {
    status: 200,
    body: { lines: 1, events: 3, rejected: [], repeated: true },
  });
  await fixture.delivered();
  assertEquals(fixture.server.events(), { "bids unknown": 1, "wins unknown": 3 });
});

Deno.test("Agent: a header alone is a batch too", async () => {
  await using fixture = new Fixture();
  const header = { sender: "client-1", seq: 0, low: 0 };
  assertEquals((await fixture.post([header])).body, { lines: 0, events: 0, rejected: [] });
  assertEquals((await fixture.post([header])).body, { lines: 0, events: 0, rejected: [], repeated: true });
});

Deno.test("Agent: learns from a server that a tab has another type", async () => {
  await using fixture = new Fixture();
  const { agent, server } = fixture;
  await fixture.post([line("bids")]);
  await fixture.delivered();
  await using second = new Fixture({ fetch: server.fetch, journal: new NoJournal("agent-2") });
  await second.post([line("wins", 1), line("bids", 5, { type: "CounterGroup" })]);
  await until(() => second.agent.status().batches.acked === 1, {
    what: "sent",
    step: () => second.time.pass(FLUSH_MS),
  });
  const { events, lines } = second.agent.status();
  assertEquals([events.acked, events.rejected, lines.rejected], [1, 5, { type_conflict: 1 }]);
  assertMatch(
    second.logged.join("\n"),
    /a server rejected a line tab=bids type=CounterGroup error="tab .* is a TotalsCounter, not a Counter/,
  );
  const { body } = await second.post([line("bids", 2)]);
  assertEquals(body, { lines: 1, events: 2, rejected: [] });
  assertEquals(agent.status().events.rejected, 0);
});

Deno.test("Agent: learns that a tab has another type from a server that refuses the whole batch", async () => {
  await using first = new Fixture();
  const { server } = first;
  const gauge = { tab: "build", type: "Gauge", events: [["v1"]] };
  await first.post([gauge]);
  await first.delivered();
  await using second = new Fixture({ fetch: server.fetch, journal: new NoJournal("agent-2") });
  await second.post([line("build", 5), line("build", 2, { client: "web-1" })]);
  await until(() => second.agent.status().batches.open === 0 && second.agent.status().states === 0, {
    what: "refused",
    step: () => second.time.pass(FLUSH_MS),
  });
  const { events, lines } = second.agent.status();
  assertEquals([events.dropped, events.rejected], [{ body_malformed: 7 }, 0]);
  assertEquals(lines.rejected, { type_conflict: 2 });
  assertMatch(
    second.logged.join("\n"),
    /a server rejected a line tab=build type=TotalsCounter error="tab .* is a Gauge/,
  );
  assertEquals((await second.post([gauge])).body, { lines: 1, events: 1, rejected: [] });
});

Deno.test("Agent: an answer that was lost leads to the same bytes again, and all counts once", async () => {
  await using fixture = new Fixture();
  const { server } = fixture;
  server.fate = fates("lost", "garbled", "unreached");
  await fixture.post([line("bids", 3)]);
  await fixture.delivered();
  assertEquals(server.received.length, 4);
  for (const { body } of server.received) assertEquals(body, server.received[0].body);
  assertEquals(server.events(), { "bids unknown": 3 });
  const { batches, events, servers } = fixture.agent.status();
  assertEquals(batches, { sealed: 1, open: 0, openBytes: 0, sent: 4, acked: 1, repeated: 1, dropped: {} });
  assertEquals(events.acked, 3);
  assertEquals(servers, [{ url: SERVER, state: "healthy", batches: 0, bytes: 0, latencyMs: 0, failures: 0 }]);
});

Deno.test("Agent: waits as long as a busy server asks, and delivers when it can", async () => {
  await using fixture = new Fixture();
  const { server } = fixture;
  server.fate = (index) => index < 5 ? { status: 503, retryAfter: "7" } : "answered";
  await fixture.post([line("bids", 3)]);
  await fixture.delivered();
  const times = server.received.map(({ time }) => time);
  for (let index = 1; index < times.length; index++) assert(times[index] - times[index - 1] >= 7, `${times}`);
  assertEquals(server.events(), { "bids unknown": 3 });
});

Deno.test("Agent: a storm of failures ends with everything delivered once", async () => {
  await using fixture = new Fixture();
  const { server } = fixture;
  const storm: readonly Fate[] = [{ status: 503 }, "lost", { status: 429 }, "hung", { status: 500 }, "unreached"];
  server.fate = (index) => index < 60 ? storm[index % storm.length] : "answered";
  for (let round = 0; round < 40; round++) {
    await fixture.post([line("bids", round), line(`tab-${round % 7}`)]);
    await fixture.until("the server is idle", () => server.busy === 0);
    await fixture.time.pass(FLUSH_MS);
  }
  await fixture.delivered();
  assertEquals(server.events()["bids unknown"], 780);
  assertEquals(fixture.agent.status().events.acked, 820);
});

Deno.test("Agent: what a server refuses for good is dropped, counted by reason and logged, and the rest goes on", async () => {
  await using fixture = new Fixture();
  const { server } = fixture;
  const body = { error: "no", code: "body_malformed" };
  server.fate = fates({ status: 400, body }, { status: 413 }, { status: 415, body: { code: "<script>" } });
  for (const count of [1, 2, 4, 8]) {
    await fixture.post([line("bids", count)]);
    await fixture.delivered();
  }
  assertEquals(server.events(), { "bids unknown": 8 });
  const { events, batches } = fixture.agent.status();
  assertEquals(events.dropped, { body_malformed: 1, http_413: 2, http_415: 4 });
  assertEquals(batches.dropped, { body_malformed: 1, http_413: 1, http_415: 1 });
  assertEquals(fixture.logged.filter((each) => each.includes("a server refused a batch")).length, 3);
});

Deno.test("Agent: a server that never answers is given up after a while", async () => {
  await using fixture = new Fixture();
  fixture.server.fate = fates("hung", "hung");
  await fixture.post([line("bids", 3)]);
  await fixture.delivered();
  assertEquals(fixture.server.received.length, 3);
  assertMatch(
    fixture.logged.join("\n"),
    /server http:\/\/server:8300 failed error="it did not answer within 15000 ms"/,
  );
});

Deno.test("Agent: goes to the next server when one fails, under the same id", async () => {
  await using fixture = new Fixture({ servers: ["http://one", "http://two/base"] });
  const { server } = fixture;
  // A middling random number picks the second.
  server.fate = (_, url) => url.startsWith("http://two") ? "lost" : "answered";
  await fixture.post([line("bids", 1)]);
  await fixture.delivered();
  assertEquals(server.received.map(({ url }) => url), ["http://two/base/post", "http://one/post"]);
  assertEquals(server.received[1].body, server.received[0].body);
  assertEquals(server.events(), { "bids unknown": 1 });
  assertEquals(fixture.agent.status().servers, [
    { url: "http://one", state: "healthy", batches: 0, bytes: 0, latencyMs: 0, failures: 0 },
    {
      ...{ url: "http://two/base", state: "ejected", batches: 0, bytes: 0, latencyMs: 0, failures: 1 },
      lastError: "TypeError: connection reset",
    },
  ]);
});

Deno.test("Agent: answers may come in any order", async () => {
  await using fixture = new Fixture();
  const { server, agent } = fixture;
  server.fate = (index) => ({ delayMs: [9000, 1000, 5000, 100, 3000][index] ?? 0 });
  for (let round = 1; round <= 5; round++) {
    await fixture.post([line("bids", round)]);
    await fixture.until("it is sent", () => server.received.length === round);
  }
  await fixture.until("later ones are acknowledged", () => agent.status().batches.acked === 4);
  await fixture.post([line("bids", 6)]);
  await fixture.delivered();
  assertEquals(server.events(), { "bids unknown": 21 });
  const texts = await server.texts();
  const lows = texts.map((text) => JSON.parse(text.split("\n")[0]).low);
  assertEquals(lows, [0, 0, 0, 0, 0, 0]);
});

Deno.test("Agent: while no server answers it goes on folding into bounded memory, and delivers all afterwards", async () => {
  await using fixture = new Fixture({ statesMax: 20 });
  const { server, agent } = fixture;
  let isDown = true;
  server.fate = () => isDown ? "unreached" : "answered";
  const accepted = new Map<string, number>();
  for (let round = 0; round < 200; round++) {
    const tab = `tab-${round % 25}`;
    const { status } = await fixture.post([line(tab, round)]);
    if (status === 200) accepted.set(`${tab} unknown`, (accepted.get(`${tab} unknown`) ?? 0) + round);
    else assertEquals(status, 400);
    await fixture.time.pass(FLUSH_MS);
    assert(agent.status().states <= 20);
    assert(agent.status().batches.open <= limits.outboxBatchesMax);
    fixture.assertBooksBalance();
  }
  assertEquals(agent.status().states, 20);
  for (const told of ["folds on without sealing", "refuses lines that need further States statesMax=20"]) {
    assert(fixture.logged.some((line) => line.startsWith(`warn  ${told}`)), told);
  }
  const { lines, posts } = agent.status();
  // Five of the 25 tabs find no room, seven times each.
  assertEquals([lines.refused.tabs_full, posts.refused.body_malformed], [35, 35]);
  assertEquals(posts.accepted, 165);
  isDown = false;
  await fixture.delivered();
  assertEquals(server.events(), Object.fromEntries(accepted));
  assertEquals(agent.status().batches.sealed, limits.outboxBatchesMax + 1);
});

Deno.test("Agent: what is too much for one batch is sealed into several, as fast as they are acknowledged", async () => {
  await using fixture = new Fixture({ batchBytesMax: 1000 });
  await fixture.post(Array.from({ length: 300 }, (_, index) => line(`tab-${index}`, index)));
  await fixture.time.pass(FLUSH_MS);
  await until(() => fixture.agent.status().batches.open === 0, { what: "all is delivered without another flush" });
  assertEquals(Object.keys(fixture.server.events()).length, 300);
  assertEquals(fixture.agent.status().events.acked, 299 * 150);
  assert(fixture.server.received.length > limits.outboxBatchesMax);
  for (const text of await fixture.server.texts()) assert(text.length < 1200);
});

Deno.test("Agent: seals no more than so many bytes before they are acknowledged", async () => {
  await using fixture = new Fixture({ outboxBytesMax: 1, batchBytesMax: 1000 });
  fixture.server.fate = fates({ delayMs: 10_000 });
  await fixture.post(Array.from({ length: 50 }, (_, index) => line(`tab-${index}`)));
  await fixture.time.pass(3 * FLUSH_MS);
  assertEquals(fixture.agent.status().batches.open, 1);
  assert(fixture.agent.status().states > 0);
  await fixture.delivered();
  assertEquals(Object.keys(fixture.server.events()).length, 50);
});

Deno.test("Agent: a State that no server takes is dropped, counted and logged, and the others are sent", async () => {
  const long = { ...totalsCounter, type: "Long", encode: () => new Uint8Array(limits.lineBytesMax) };
  await using fixture = new Fixture({ registry: createRegistry([long]) });
  await fixture.post([line("bids", 3, { type: "Long" }), line("wins", 2)]);
  await fixture.delivered();
  assertEquals(fixture.server.events(), { "wins unknown": 2 });
  assertEquals(fixture.agent.status().events.dropped, { line_too_long: 3 });
  assertMatch(fixture.logged[0], /^error dropped a State that makes too long a line tab=bids client=unknown events=3 /);
});

Deno.test("Agent: asks clients for its token and shows servers theirs", async () => {
  await using fixture = new Fixture({ token: "for-servers", listenToken: "for-clients" });
  assertEquals((await fixture.post([line("bids")])).status, 401);
  assertEquals((await fixture.post([line("bids")], { authorization: "Bearer for-clients" })).status, 200);
  await fixture.delivered();
  assertEquals(fixture.server.received[0].headers.get("authorization"), "Bearer for-servers");
  assertEquals(fixture.agent.status().posts.refused, { token_wrong: 1 });
});

Deno.test("Agent: refuses posts of pages of other origins than its own and those named", async () => {
  await using fixture = new Fixture({ corsOrigin: ["https://shop.example"] });
  const post = async (origin: string) => (await fixture.post([line("bids")], { origin })).status;
  assertEquals(await post("https://evil.example"), 403);
  assertEquals(await post("https://shop.example"), 200);
  assertEquals(await post("http://agent"), 200);
  assertEquals(fixture.agent.status().posts.refused, { origin_foreign: 1 });
  await fixture.delivered();
});

Deno.test("Agent: a body that can't be taken gets its status, and the agent goes on", async () => {
  await using fixture = new Fixture();
  const { agent } = fixture;
  const bodies: readonly (readonly [number, RequestInit])[] = [
    [400, { body: "nonsense" }],
    [400, { body: "" }],
    [400, { body: "not gzip", headers: { "content-encoding": "gzip" } }],
    [413, { body: " ", headers: { "content-length": String(limits.bodyBytesMax + 1) } }],
    [415, { body: "{}", headers: { "content-encoding": "br" } }],
    [415, { body: "{}", headers: { "content-type": "image/png" } }],
  ];
  for (const [status, init] of bodies) {
    const response = await agent.fetch(path("/post", { method: "POST", ...init }));
    const { error, code } = await response.json();
    assertEquals(response.status, status, error);
    assertEquals(typeof code, "string");
    assert(!error.includes("\n"));
  }
  assertEquals((await fixture.post([line("bids")])).status, 200);
});

Deno.test("Agent: reads a bounded number of posts at once", async () => {
  await using fixture = new Fixture();
  const { agent } = fixture;
  const slow = Array.from({ length: limits.postsMax }, () => new TransformStream<Uint8Array, Uint8Array>());
  const waiting = slow.map(({ readable }) => agent.fetch(path("/post", { method: "POST", body: readable })));
  assertEquals((await fixture.post([line("bids")])).status, 429);
  for (const { writable } of slow) {
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(line("bids"))));
    await writer.close();
  }
  for (const response of await Promise.all(waiting)) {
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }
  await fixture.delivered();
  assertEquals(fixture.server.events(), { "bids unknown": limits.postsMax });
});

Deno.test("Agent: tells how it is, what it has, and what it has not", async () => {
  await using fixture = new Fixture();
  const { agent } = fixture;
  const healthy = await agent.fetch(path("/healthz"));
  assertEquals([healthy.status, await healthy.text()], [200, "ok\n"]);
  const status = await agent.fetch(path("/status"));
  assertEquals(await status.json(), JSON.parse(JSON.stringify(agent.status())));
  const unknown = await agent.fetch(path("/tabs?name=a"));
  assertEquals([unknown.status, await unknown.json()], [404, {
    error: "cannot find /tabs: an agent has /post, /post_zip, /status, /metrics, /healthz",
    code: "not_found",
  }]);
  const wrong = await agent.fetch(path("/post"));
  assertEquals([wrong.status, wrong.headers.get("allow"), await wrong.json()], [405, "POST", {
    error: "cannot answer as the method of /post must be POST: current value is GET",
    code: "method_not_allowed",
  }]);
});

Deno.test("stop: sends what is held without waiting for the next flush, and refuses posts meanwhile", async () => {
  await using fixture = new Fixture({ batchBytesMax: 500 });
  const { agent, server } = fixture;
  server.fate = (index) => index < 3 ? { status: 503 } : "answered";
  const late = new TransformStream<Uint8Array, Uint8Array>();
  const lateAnswer = agent.fetch(path("/post", { method: "POST", body: late.readable }));
  await fixture.post(Array.from({ length: 100 }, (_, index) => line(`tab-${index}`)));
  let isStopped = false;
  const stopped = agent.stop(60_000).then(() => isStopped = true);
  assertEquals((await fixture.post([line("bids")])).status, 503);
  assertEquals((await agent.fetch(path("/healthz"))).status, 503);
  const writer = late.writable.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(line("bids"))));
  await writer.close();
  assertEquals((await lateAnswer).status, 503);
  await fixture.until("it has stopped", () => isStopped);
  await stopped;
  assertEquals(Object.keys(server.events()).length, 100);
  assertEquals(fixture.logged.filter((each) => each.includes("could not send")), []);
});

Deno.test("stop: wakes what waits to try again, and says what it could not send in time", async () => {
  await using fixture = new Fixture();
  const { agent, server } = fixture;
  server.fate = () => ({ status: 503, retryAfter: "3600" });
  await fixture.post([line("bids", 3)]);
  await fixture.until("it was refused", () => server.received.length === 1 && server.busy === 0);
  await fixture.post([line("wins", 4)]);
  const before = fixture.time.clock();
  let isStopped = false;
  const stopped = agent.stop(5000).then(() => isStopped = true);
  await fixture.until("it has stopped", () => isStopped);
  await stopped;
  assertEquals(server.received.length, 3);
  assert(fixture.time.clock() - before <= 5 + FLUSH_MS / 1000);
  assertEquals(fixture.logged.at(-1), "error could not send all before the stop events=7 batches=2");
  assertNotEquals(agent.status().events.open, 0);
});

Deno.test("Agent: takes the original protocol, at /post_zip compressed by zlib", async () => {
  await using fixture = new Fixture();
  const { agent, server } = fixture;
  const event = '["TotalsCounter", 1400000000.25, "1"]\n';
  const body =
    `1\n\nweb-1\n\nbids\n${event}${event}\nwins\n${event}["Gauge", 1400000000, 7]\n\n\nweb-2\n\nbids\n${event}`;
  const zipped = new Response(new Blob([body]).stream().pipeThrough(new CompressionStream("deflate"))).body;
  for (
    const request of [path("/post", { method: "POST", body }), path("/post_zip", { method: "POST", body: zipped })]
  ) {
    const response = await agent.fetch(request);
    const code = "value_illegal";
    const error = "cannot take the line as its payload must be a JSON text in a string: current value is 7";
    assertEquals(await response.json(), { lines: 4, events: 4, rejected: [{ line: 11, code, error }] });
  }
  await fixture.delivered();
  assertEquals(server.events(), { "bids web-1": 4, "wins web-1": 2, "bids web-2": 2 });
});

Deno.test("agent: tells Prometheus its figures", async () => {
  await using fixture = new Fixture();
  await fixture.post([line("bids", 3), { tab: "bids", type: "Gauge", events: [["x"]] }]);
  await fixture.delivered();
  const response = await fixture.agent.fetch(new Request("http://agent/metrics"));
  const families = readPrometheus(await response.text());
  const value = (family: string, labels = "") => families.get(`taba_agent_${family}`)?.values.get(labels);
  assertEquals([value("events_folded_total"), value("events_acked_total"), value("events_held")], [3, 3, 0]);
  assertEquals(value("lines_refused_total", 'reason="type_conflict"'), 1);
  assertEquals(value("server_healthy", `server="${SERVER}"`), 1);
});
