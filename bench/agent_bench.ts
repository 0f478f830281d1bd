// What one agent takes and passes on, in one process and on one core: posts are given to its handler as Requests, and
// its servers answer at once. So nothing of HTTP itself is in these figures.

import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { type WireLine, writeBatch } from "../core/wire/ndjson.ts";
import { gzip } from "../service/encoding.ts";
import { log } from "../service/log.ts";
import { systemClock, systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { Agent } from "../agent/agent.ts";
import { NoJournal } from "../agent/journaling.ts";
import { measure, report, title } from "./harness.ts";

const registry = createRegistry();

let sentBytes = 0;

function openAgent(): Agent {
  return new Agent({
    registry,
    servers: ["http://server"],
    journal: new NoJournal("bench"),
    flushMs: 3_600_000,
    statesMax: limits.agentStatesMax,
    outboxBytesMax: limits.outboxBytesMax,
    batchBytesMax: limits.batchBytesMax,
    clock: systemClock,
    random: systemRandom,
    sleep: systemSleep,
    pause: systemPause,
    fetch: async (request) => {
      sentBytes += (await request.bytes()).length;
      return new Response('{"lines":1000000,"events":1000000000,"rejected":[]}');
    },
    log,
  });
}

async function post(agent: Agent, body: Uint8Array<ArrayBuffer>, encoding = "identity"): Promise<void> {
  const headers = { "content-encoding": encoding };
  const response = await agent.fetch(new Request("http://agent/post", { method: "POST", body, headers }));
  if (!response.ok) throw new Error(`a post failed: ${await response.text()}`);
  await response.body?.cancel();
}

function bytesOf(lines: Iterable<WireLine>): Uint8Array<ArrayBuffer> {
  const chunks = [...writeBatch({ client: "web-1" }, lines)];
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function rawLines(tabs: number, events: number): WireLine[] {
  const now = systemClock();
  return Array.from({ length: tabs }, (_, tab) => ({
    tab: `tab-${tab}`,
    type: "CounterGroup",
    events: Array.from({ length: events }, () => {
      const time = Math.round((now - 10 * systemRandom()) * 1000) / 1000;
      return [time, Math.round(1000 * systemRandom()) / 100] as const;
    }),
  }));
}

function stateLines(tabs: number, client: string): WireLine[] {
  const handler = registry.get("CounterGroup");
  if (handler === undefined) throw new Error("a CounterGroup is always there");
  const now = systemClock();
  return Array.from({ length: tabs }, (_, tab) => {
    const state = handler.create(client);
    for (let event = 0; event < 10; event++) handler.fold(state, now - systemRandom(), 100 * systemRandom());
    const { type, version } = handler;
    return { tab: `tab-${tab}`, client, type, version, events: 10, encoded: handler.encode(state) };
  });
}

title("Agent: posts of raw events, 100 lines of 500 CounterGroup events");
{
  const agent = openAgent();
  const body = bytesOf(rawLines(100, 500));
  const zipped = await gzip([body]);
  const work = (bytes: Uint8Array<ArrayBuffer>, encoding?: string) => async () => {
    for (let round = 0; round < 10; round++) await post(agent, bytes, encoding);
    return 10 * 100 * 500;
  };
  await measure("plain", { unit: "events", work: work(body) });
  await measure("gzip", { unit: "events", work: work(zipped, "gzip") });
}

title("Agent: posts of States of ten events, 30 clients with 1,000 tabs each");
{
  const agent = openAgent();
  const bodies = Array.from({ length: 30 }, (_, client) => bytesOf(stateLines(1000, `web-${client}`)));
  report("bytes a State on the wire", (bodies[0].length / 1000).toFixed(0));
  await measure("folded in", {
    unit: "states",
    work: async () => {
      for (const body of bodies) await post(agent, body);
      return 30_000;
    },
  });
}

title("Agent: the whole way, 30,000 States of one post folded, sealed, compressed and acknowledged");
{
  const body = bytesOf(stateLines(30_000, "web-1"));
  await measure("folded in, sealed and sent", {
    unit: "states",
    rounds: 5,
    work: async () => {
      const agent = openAgent();
      await post(agent, body);
      sentBytes = 0;
      await agent.stop(60_000);
      if (agent.status().batches.open > 0) throw new Error("not all was sent");
      return 30_000;
    },
  });
  report("bytes a State as sent, with gzip", (sentBytes / 30_000).toFixed(0));
}
