// What a State costs on its way from a client to a commit: CPU time of this process, stage by stage, for one State a tab
// and second of one client. The stages are called by hand, so that nothing of HTTP or Redis is in these figures; CPU time,
// since that is little moved by what else the machine does. Arguments: values a State, tabs.

import process from "node:process";
import { openFolder, openJournal } from "../agent/journal/journal.ts";
import { Intake } from "../agent/intake.ts";
import { checkOptions } from "../client/options.ts";
import { Recorder } from "../client/recorder.ts";
import { joinBytes } from "../core/bytes.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { writeBatch } from "../core/wire/ndjson.ts";
import { Delays } from "../server/delays.ts";
import { Drain } from "../server/drain/drain.ts";
import { Membership } from "../server/membership.ts";
import { Server } from "../server/server.ts";
import { MemoryStore } from "../server/store/memory_store.ts";
import { gzip } from "../service/encoding.ts";
import { readPost } from "../service/post.ts";
import { log } from "../service/process_log.ts";
import { systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { report, title } from "./harness.ts";

const [eventsOfState, tabCount] = [Number(Deno.args[0] ?? 35), Number(Deno.args[1] ?? 10_000)];
const ROUNDS = 9;
const WARM_UP = 3;
/** Seconds between flushes, and flushes between commits. */
const [FLUSH_S, COMMIT_FLUSHES] = [1, 2];

const registry = createRegistry();
let now = Date.now() / 1000;
const clock = () => now;
/** Lognormal, as prices and latencies are. */
const values = Float64Array.from({ length: 1 << 14 }, () => {
  return Math.exp(Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
});

const settings = checkOptions({ client: "web-1", clock });
const recorder = new Recorder(settings, () => {});
const tabs = Array.from({ length: tabCount }, (_, index) => recorder.tab(`service.route_${index}`, "CounterGroup"));

const folder = await Deno.makeTempDir({ prefix: "taba-bench-" });
const journal = openJournal(openFolder(folder), {
  ...{ registry, now, bytesMax: limits.journalBytesMax, newSender: () => "bench", log, fsync: false },
});
const intake = new Intake({
  ...{ registry, clock, journal, statesMax: limits.agentStatesMax, lineBytesMax: limits.lineBytesMax },
  ...{ partBytesMax: limits.batchBytesMax, partStatesMax: limits.batchStatesMax, refuseLine: () => {} },
});

const store = new MemoryStore({ buckets: 64, clock });
const self = { id: "server", url: "http://server", roles: ["be"], started: now } as const;
const world = { clock, random: systemRandom, sleep: systemSleep, pause: systemPause, log, registry };
const membership = new Membership(store, self, { ttlMs: 1e9 });
const server = new Server({ ...world, store, self });
const drain = new Drain({ ...world, delays: new Delays(clock), store, membership, leaseMs: 1e9 });
await membership.beat();

const microsByStage = new Map<string, number[]>();

/** Adds the CPU time of `work` to what the stage took in this round. */
async function spend<Answer>(stage: string, work: () => Answer | Promise<Answer>): Promise<Answer> {
  const before = process.cpuUsage();
  const answer = await work();
  const { user, system } = process.cpuUsage(before);
  const ofRounds = microsByStage.get(stage) ?? [];
  microsByStage.set(stage, ofRounds);
  ofRounds[round] = (ofRounds[round] ?? 0) + user + system;
  return answer;
}

let round = 0;
let seq = 0;

async function flush(): Promise<void> {
  await spend("client: record, tab after tab", () => {
    for (const tab of tabs) {
      for (let event = 0; event < eventsOfState; event++) tab.record(values[seq++ % values.length]);
    }
  });
  const posted = await spend("client: fold, encode, write", () => {
    recorder.waiting.beginFlush();
    return joinBytes([...writeBatch({ client: "web-1" }, recorder.waiting.lines(() => false))]);
  });
  const read = await spend("agent: read and fold", () => {
    const request = new Request("http://agent/post", { method: "POST", body: posted });
    const typeOf = (tab: string) => intake.typeOf(tab);
    return readPost(request, { ...world, now: clock, areTypesApart: true, typeOf });
  });
  if (!read.ok) throw new Error(read.refusal.message);
  await spend("agent: journal and absorb", () => intake.take(read.value));
  intake.turn();
  for (;;) {
    const sealed = await spend("agent: seal", () => intake.seal(++seq));
    if (sealed === undefined) break;
    const body = await spend("agent: write and gzip", () => gzip(writeBatch({}, sealed.part.lines)));
    sealed.segment.close(seq);
    await spend("server: ingest", async () => {
      const headers = { "content-encoding": "gzip" };
      const response = await server.fetch(new Request("http://server/post", { method: "POST", headers, body }));
      if (!response.ok) throw new Error(`a post failed: ${await response.text()}`);
      await response.body?.cancel();
    });
  }
  await spend("server: drain and commit", async () => {
    while (await drain.tick());
  });
}

for (let flushes = 0; flushes < COMMIT_FLUSHES * (WARM_UP + ROUNDS); flushes++) {
  round = Math.floor(flushes / COMMIT_FLUSHES);
  now += FLUSH_S;
  await flush();
}
journal.close();
await Deno.remove(folder, { recursive: true });

title(`A State of ${eventsOfState} values on its way, ${tabCount} tabs: CPU time each (median of ${ROUNDS} rounds)`);
for (const [stage, ofRounds] of microsByStage) {
  const counted = ofRounds.slice(WARM_UP).sort((a, b) => a - b);
  const micros = counted[counted.length >> 1] / tabCount / COMMIT_FLUSHES;
  report(stage, `${micros.toFixed(1)} µs`);
}
