// What one agent takes and passes on, in one process and on one core: posts are given to its handler as Requests, and
// its servers answer at once. So nothing of HTTP itself is in these figures.

import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { gzip } from "../service/encoding.ts";
import { log } from "../service/process_log.ts";
import { systemClock, systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { Agent } from "../agent/agent.ts";
import { openFolder, openJournal } from "../agent/journal/journal.ts";
import { type Journal, NoJournal } from "../agent/journal/journaling.ts";
import { bytesOf, rawLines, stateLines } from "./bodies.ts";
import { measure, report, title } from "./harness.ts";

const registry = createRegistry();

let sentBytes = 0;

function openAgent(journal: Journal = new NoJournal("bench")): Agent {
  return new Agent({
    registry,
    servers: ["http://server"],
    journal,
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

/** As clients of the original protocol send them: the same tabs and as many events of each as `rawLines`. */
function originalBody(tabs: number, events: number): Uint8Array<ArrayBuffer> {
  const sections = rawLines(tabs, events).map((line) => {
    if (!("events" in line) || typeof line.events === "number") throw new Error("raw lines hold events");
    const rows = line.events.map(([time, value]) => `["CounterGroup", ${time}, "[${value}]"]\n`);
    return `${line.tab}\n${rows.join("")}\n`;
  });
  return new TextEncoder().encode(`1\n\nweb-1\n\n${sections.join("")}`);
}

interface Load {
  readonly name: string;
  readonly bodies: readonly Uint8Array<ArrayBuffer>[];
  readonly events: number;
  readonly encoding?: string;
}

const raw = bytesOf(rawLines(100, 500));
const folded = Array.from({ length: 30 }, (_, client) => bytesOf(stateLines(1000, `web-${client}`)));

const loads: readonly Load[] = [
  { name: "raw NDJSON", bodies: Array.from({ length: 10 }, () => raw), events: 10 * 100 * 500 },
  { name: "folded NDJSON", bodies: folded, events: 30 * 1000 * 10 },
  {
    name: "original protocol",
    bodies: Array.from({ length: 10 }, () => originalBody(100, 500)),
    events: 10 * 100 * 500,
  },
];
const zipped: Load = {
  ...{ name: "raw NDJSON, gzip", encoding: "gzip", events: 10 * 100 * 500 },
  bodies: await Promise.all(Array.from({ length: 10 }, () => gzip([raw]))),
};

/** All bodies of a round are under way at once, as those of many clients are: a sync of the disk is for all of them. */
async function takeIn(load: Load, journal: Journal): Promise<void> {
  const agent = openAgent(journal);
  await measure(load.name, {
    unit: "events",
    rounds: 5,
    work: async () => {
      await Promise.all(load.bodies.map((body) => post(agent, body, load.encoding)));
      return load.events;
    },
  });
}

async function takeInWithJournal(load: Load, options: { readonly fsync: boolean }): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "taba-bench-" });
  const journal = openJournal(openFolder(folder), {
    ...{ registry, now: systemClock(), bytesMax: limits.journalBytesMax, newSender: () => "bench", log, ...options },
  });
  try {
    await takeIn(load, journal);
  } finally {
    journal.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const what = "posts of 100 lines of 500 CounterGroup events, or of 1,000 States of ten events from each of 30 clients";
title(`Agent: ${what}; no journal`);
for (const load of [...loads, zipped]) await takeIn(load, new NoJournal("bench"));
report("bytes a State on the wire", (folded[0].length / 1000).toFixed(0));
title("The same with a journal");
for (const load of loads) await takeInWithJournal(load, { fsync: false });
title("The same with a journal, answered once the disk has it");
for (const load of loads) await takeInWithJournal(load, { fsync: true });

title("Agent: the whole way, 30,000 States of one post folded, sealed, compressed and acknowledged");
{
  const body = bytesOf(stateLines(30_000, "web-1"));
  await measure("folded in, sealed and sent", {
    unit: "states",
    rounds: 3,
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
