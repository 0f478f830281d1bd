import { assert, assertEquals, assertMatch } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { ClientWorld, fates, START } from "../tests/sim/client_world.ts";
import { TabaClient } from "./client.ts";

Deno.test("flush: sends at once, and answers what became of it", async () => {
  const world = new ClientWorld();
  world.client.counter("bids");
  assertEquals(await world.outcome(world.client.flush()), { sent: 1, acked: 1, dropped: 0, pending: 0 });
  assertEquals(await world.outcome(world.client.flush()), { sent: 0, acked: 0, dropped: 0, pending: 0 });
  assertEquals(world.agent.received.length, 1);
});

Deno.test("flush: calls during a flush share the one that follows it, with what was recorded meanwhile", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates({ delayMs: 300 });
  const { client } = world;
  client.counter("bids");
  const first = client.flush();
  await world.until("the first is under way", () => world.agent.received.length === 1);
  client.counter("bids");
  const second = client.flush();
  const third = client.flush();
  assert(second === third);
  assertEquals(await world.outcome(first), { sent: 1, acked: 1, dropped: 0, pending: 1 });
  assertEquals(await world.outcome(third), { sent: 1, acked: 1, dropped: 0, pending: 0 });
  assertEquals(world.agent.received.length, 2);
});

Deno.test("flush: one request is under way at a time, however many are asked for", async () => {
  const world = new ClientWorld();
  let underWay = 0;
  let most = 0;
  const { fetch } = world.platform();
  const client = new TabaClient({
    ...world.platform(),
    fetch: async (url, init) => {
      most = Math.max(most, ++underWay);
      try {
        assert(fetch !== undefined);
        return await fetch(url, init);
      } finally {
        underWay--;
      }
    },
  });
  world.agent.fate = () => ({ delayMs: 250 });
  const flushes: Promise<unknown>[] = [];
  for (let index = 0; index < 50; index++) {
    client.counter("bids");
    flushes.push(client.flush());
    await world.pass(20);
  }
  await world.outcome(Promise.all(flushes));
  assertEquals(most, 1);
  assertEquals(world.agent.events(), { "bids unknown": 50 });
});

Deno.test("Sender: what comes after a quiet while is sent soon, else flushes are a period apart", async () => {
  const world = new ClientWorld();
  const { client, time } = world;
  const begun = time.clock();
  const sentAt = async (record: () => void) => {
    const before = world.bodies.length;
    record();
    await world.until("a batch is posted", () => world.bodies.length > before);
    return Math.round((time.clock() - begun) * 10) / 10;
  };
  const record = () => client.counter("bids");
  assertEquals(await sentAt(record), 1, "the first flush gives the host time to initialize");
  assertEquals(await sentAt(record), 2);
  await world.pass(5000);
  assertEquals(await sentAt(record), 7.1);
  assertEquals(await sentAt(record), 8.1);
  await world.outcome(client.stop());
});

Deno.test("Sender: flushes that take long come less often, but every ten seconds at least", async () => {
  // All States take so long to encode.
  let [encodeS, encodedS] = [0, 0];
  const counter = createRegistry().get("TotalsCounter");
  assert(counter !== undefined);
  const slow = Object.assign(Object.create(counter), {
    type: "Slow",
    encode(state: unknown) {
      encodedS += encodeS;
      return counter.encode(state);
    },
  });
  const world: ClientWorld = new ClientWorld({
    handlers: [slow],
    stopwatch: () => world.time.clock() + encodedS,
  });
  const { client } = world;
  const flushesIn = async (seconds: number) => {
    const before = world.requests.length;
    for (let tenth = 0; tenth < 10 * seconds; tenth++) {
      for (let value = 0; value < 20; value++) client.record("slow", value, { type: "Slow" });
      await world.pass(100);
    }
    return world.requests.length - before;
  };
  assertEquals(await flushesIn(20), 20);
  encodeS = 0.25;
  await flushesIn(4);
  const slowed = await flushesIn(20);
  assert(slowed >= 9 && slowed <= 12, `${slowed} flushes, for one every two seconds`);
  encodeS = 60;
  await flushesIn(4);
  assert(await flushesIn(20) > 1);
});

Deno.test("Sender: a failed batch is repeated unchanged while newer events wait for the next one", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates("unreached", "garbled", "lost", { status: 503 }, { status: 302 }, { status: 429 });
  const { client } = world;
  client.counter("bids", 5);
  await world.pass(1500);
  client.counter("bids", 7);
  await world.until("all is acknowledged", () => client.status().acked === 2);
  const bodies = world.bodies;
  assertEquals(bodies.length, 8);
  for (const body of bodies.slice(1, 7)) assertEquals(body, bodies[0]);
  const [first, last] = [JSON.parse(bodies[0][0]), JSON.parse(bodies[7][0])];
  assertEquals(first.sender, last.sender);
  assertEquals([first.seq, last.seq, last.low], [0, 1, 1]);
  assertEquals(world.rendered("bids"), {
    ...Object(world.rendered("bids")),
    "1m": { count: 2, total: 12 },
  });
  assertEquals(client.status().failures, 0);
});

Deno.test("Sender: retries come after growing waits", async () => {
  const world = new ClientWorld({ random: () => 1 - 2 ** -32 });
  world.agent.fate = () => "unreached";
  world.client.counter("bids");
  await world.pass(60_000);
  const times = world.agent.received.map(({ time }) => time - START);
  const waits = times.slice(1).map((time, index) => Math.round(time - times[index]));
  assertEquals(waits, [1, 2, 4, 8, 10, 10, 10, 10]);
  const { failures, lastTrouble, pending } = world.client.status();
  assertEquals({ failures, pending }, { failures: 9, pending: 1 });
  assertEquals(lastTrouble, "Cannot post to http://127.0.0.1:8279/post: connection refused");
});

Deno.test("Sender: an agent that asks to be left alone is, by the timer and by flush", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates({ status: 429, retryAfter: "30" });
  const { client } = world;
  client.counter("bids");
  await world.pass(1000);
  assertEquals(world.agent.received.length, 1);
  assertEquals(await client.flush(), { sent: 0, acked: 0, dropped: 0, pending: 1 });
  await world.pass(29_500);
  assertEquals(world.agent.received.length, 1);
  await world.pass(2000);
  assertEquals(client.status().acked, 1);
});

Deno.test("Sender: a batch that the agent refuses is dropped and counted, and the next one sent", async () => {
  for (const status of [400, 401, 403, 404, 409, 413, 415]) {
    const world = new ClientWorld();
    world.agent.fate = fates({ status, body: { error: "no, thanks", code: "denied" } });
    const { client } = world;
    client.counter("bids", 1);
    client.counter("bids", 2);
    assertEquals(await world.outcome(client.flush()), { sent: 2, acked: 0, dropped: 2, pending: 0 });
    client.counter("bids", 3);
    assertEquals(await world.outcome(client.flush()), { sent: 1, acked: 1, dropped: 0, pending: 0 });
    const { droppedByReason, lastTrouble } = client.status();
    assertEquals(droppedByReason.refused?.events, 2);
    assertMatch(lastTrouble ?? "", new RegExp(`answered ${status}: .*no, thanks`));
  }
});

Deno.test("Sender: lines that the agent rejects are counted, and what it said is kept", async () => {
  const world = new ClientWorld();
  const { client } = world;
  const error = 'tab "build" is a Gauge, not a CounterGroup';
  world.agent.fate = fates({ status: 200, body: { lines: 1, events: 1, rejected: [{ line: 2, error }] } });
  for (let index = 0; index < 100; index++) client.counter("build", index);
  client.counter("bids");
  assertEquals(await world.outcome(client.flush()), { sent: 101, acked: 1, dropped: 100, pending: 0 });
  assertEquals(client.status().droppedByReason, { rejected: { events: 100, last: error } });
  assertEquals(client.status().lastRejections, [error]);
});

Deno.test("Sender: a request without an answer is given up, and what it carried repeated", async () => {
  const world = new ClientWorld({ requestTimeoutMs: 2000 });
  world.agent.fate = fates("hung");
  world.client.counter("bids");
  await world.until("it is given up", () => world.client.status().failures === 1);
  assertEquals(Math.round(world.time.clock() - START), 3);
  assertMatch(world.client.status().lastTrouble ?? "", /no answer within 2000 ms/);
  await world.until("all is acknowledged", () => world.client.status().acked === 1);
});

Deno.test("Sender: an answer without end is no answer", async () => {
  const world = new ClientWorld();
  let cancelled = 0;
  const endless = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(100_000).fill(32)),
        cancel: () => void cancelled++,
      }),
    );
  const client = new TabaClient({ ...world.platform(), fetch: () => Promise.resolve(endless()) });
  client.counter("bids");
  assertEquals(await world.outcome(client.flush()), { sent: 1, acked: 0, dropped: 0, pending: 1 });
  assertEquals(cancelled, 1);
  await world.outcome(client.stop());
});

Deno.test("Sender: what waits longer than one body can hold goes in several", async () => {
  const world = new ClientWorld({ fold: false, bytesMax: 64 * 1024 * 1024 });
  const { client } = world;
  const text = "x".repeat(900);
  for (let index = 0; index < 10_000; index++) client.buffer(`errors_${index % 100}`, text);
  assertEquals((await world.outcome(client.flush())).acked, 10_000);
  const sizes = world.agent.received.map(({ body }) => body.length);
  assertEquals(sizes.length, 3);
  for (const size of sizes) assert(size < 4.2 * 1024 * 1024, `${size} bytes`);
});

Deno.test("stop: sends what is left at once, and says that it is the last", async () => {
  const world = new ClientWorld();
  const { client } = world;
  client.counter("bids");
  assertEquals(await world.outcome(client.stop()), { sent: 1, acked: 1, dropped: 0, pending: 0 });
  assertEquals(world.requests.map(({ keepalive }) => keepalive), [true]);
  client.counter("bids");
  const { acked, dropped, droppedByReason } = client.status();
  assertEquals({ acked, dropped }, { acked: 1, dropped: 1 });
  assertEquals(droppedByReason, { stopped: { events: 1, last: "bids" } });
  assertEquals(world.time.sleepers, 0);
});

Deno.test("stop: tries again until its time is over, and then drops what is left", async () => {
  const world = new ClientWorld({ stopTimeoutMs: 3000 });
  world.agent.fate = () => "unreached";
  const { client } = world;
  client.counter("bids", 1);
  assertEquals((await world.outcome(client.flush())).pending, 1);
  client.counter("bids", 2);
  const stopping = client.stop();
  assert(stopping === client.stop());
  assert(stopping === client.flush());
  const result = await world.outcome(stopping);
  assert(world.time.clock() - START <= 3.2);
  assert(world.agent.received.length >= 3);
  assertEquals([result.acked, result.dropped, result.pending], [0, 2, 0]);
  assertEquals(client.status().droppedByReason.stopped?.events, 2);
  assertEquals(world.time.sleepers, 0);
});

Deno.test("stop: a short outage loses nothing", async () => {
  const world = new ClientWorld();
  world.agent.fate = fates("unreached", "lost");
  world.client.counter("bids");
  const result = await world.outcome(world.client.stop());
  assertEquals(result, { sent: 3, acked: 1, dropped: 0, pending: 0 });
  assertEquals(world.agent.events(), { "bids web-1": 1 });
});

Deno.test("stop: a request that hangs is ended when the time is over", async () => {
  const world = new ClientWorld({ stopTimeoutMs: 2000, requestTimeoutMs: 60_000 });
  world.agent.fate = () => "hung";
  world.client.counter("bids");
  const flushing = world.client.flush();
  await world.until("the flush is under way", () => world.agent.received.length === 1);
  const result = await world.outcome(world.client.stop());
  assert(world.time.clock() - START <= 2.2);
  assertEquals(result.dropped, 1);
  assertEquals((await flushing).acked, 0);
});
