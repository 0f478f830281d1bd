import { assert, assertEquals, assertMatch } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { createLog } from "../service/log.ts";
import { type Fate, fated, interceptedStore } from "../tests/sim/stores.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { Delays } from "./delays.ts";
import { Ingest } from "./ingest.ts";
import { Overload } from "./overload.ts";
import { MemoryStore } from "./store/memory_store.ts";
import { AGGREGATE, type QueuedEntry } from "./store/store.ts";
import { loadState } from "./stored.ts";

const registry = createRegistry();
const NOW = 1_763_890_000;

interface FixtureOptions {
  readonly tabsMax?: number;
  readonly clientsMax?: number;
  readonly queueBytesHard?: number;
}

class Fixture {
  readonly store: MemoryStore;
  readonly ingest: Ingest;
  fate: Fate = "done";

  constructor({ queueBytesHard = Infinity, ...bounds }: FixtureOptions = {}) {
    const { clock, sleep } = new VirtualTime(NOW);
    const log = createLog({ clock, write: () => {} });
    this.store = new MemoryStore({ buckets: 4, clock, ...bounds });
    const faulty = interceptedStore(4, (_method, run) => fated(this.fate, () => run(this.store)));
    const overload = new Overload({ store: faulty, clock, random: () => 0.5, log, queueBytesSoft: 0, queueBytesHard });
    const pause = () => Promise.resolve();
    this.ingest = new Ingest({
      ...{ store: faulty, registry, overload, delays: new Delays(clock), clock, sleep, pause },
      ...{ bodyBytesMax: 100_000, lineBytesMax: 10_000 },
    });
  }

  async post(...lines: readonly unknown[]) {
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    const response = await this.ingest.post(new Request("http://taba/post", { method: "POST", body }));
    return { status: response.status, retryAfter: response.headers.get("retry-after"), answer: await response.json() };
  }

  async waiting(): Promise<readonly QueuedEntry[]> {
    const waiting: QueuedEntry[] = [];
    for (let bucket = 0; bucket < 4; bucket++) {
      const keys = [...(await this.store.tabs(bucket)).keys()].map((tab) => ({ tab, client: AGGREGATE }));
      waiting.push(...(await this.store.read(bucket, keys)).queued);
    }
    return waiting.sort((a, b) => `${a.tab} ${a.client}` < `${b.tab} ${b.client}` ? -1 : 1);
  }
}

Deno.test("Ingest: enqueues one State a tab and client, and answers what counts", async () => {
  const fixture = new Fixture();
  const { status, answer } = await fixture.post(
    { client: "web-1" },
    { tab: "bids", events: [[NOW, 3.25], [NOW, 1.5]] },
    { tab: "bids", events: [[NOW + 100, 2]] },
    { tab: "bids", client: "web-2", events: [[1]] },
    { tab: "build", type: "Gauge", events: [[NOW, "2.4.1"]] },
  );
  assertEquals([status, answer], [200, { lines: 4, events: 5, rejected: [] }]);
  const waiting = await fixture.waiting();
  assertEquals(
    waiting.map(({ tab, client, type, events }) => [tab, client, type, events]),
    [["bids", "web-1", "CounterGroup", 3], ["bids", "web-2", "CounterGroup", 1], ["build", "web-1", "Gauge", 1]],
  );
  const loaded = loadState(registry, waiting[0]);
  assert(loaded.ok);
  const shown = JSON.parse(JSON.stringify(loaded.handler.render(loaded.state, NOW)));
  assertEquals(shown["1m"], { count: 3, total: 6.75 }, "a time ahead of ours counts now");
});

Deno.test("Ingest: a batch posted twice counts once", async () => {
  const fixture = new Fixture();
  const batch = [{ sender: "s", seq: 7, low: 7 }, { tab: "bids", events: [[1]] }];
  assertEquals((await fixture.post(...batch)).answer, { lines: 1, events: 1, rejected: [] });
  assertEquals((await fixture.post(...batch)).answer, { lines: 1, events: 1, rejected: [], repeated: true });
  assertEquals((await fixture.waiting()).length, 1);
  const stale = await fixture.post({ sender: "s", seq: 6, low: 6 }, { tab: "bids", events: [[1]] });
  assertEquals([stale.status, stale.answer.code], [409, "seq_stale"]);
  const { posts, events } = fixture.ingest.status();
  assertEquals(posts, { accepted: 1, repeated: 1, refused: { seq_stale: 1 } });
  assertEquals(events, { received: 3, accepted: 1, repeated: 1, refused: {} });
});

Deno.test("Ingest: a tab's type is that of its first line, and others are refused by line, with both types", async () => {
  const fixture = new Fixture();
  const counts = { tab: "build", events: [[1]] };
  const gauges = { tab: "build", type: "Gauge", events: [["v1"]] };
  const first = await fixture.post(gauges, counts, { tab: "bids", events: [[1]] }, counts);
  const rejected = (line: number) => ({
    ...{ line, code: "type_conflict" },
    error: 'tab "build" is a Gauge, not a CounterGroup',
  });
  assertEquals(first.answer, { lines: 2, events: 2, rejected: [rejected(2), rejected(4)] });
  const later = await fixture.post(counts, gauges, gauges);
  assertEquals(later.answer, { lines: 2, events: 2, rejected: [rejected(1)] }, "the bad line came first");
  const none = await fixture.post(counts, counts);
  assertEquals([none.status, none.answer.code, none.answer.rejected.length], [400, "body_malformed", 2]);
  assertEquals(fixture.ingest.status().lines, { accepted: 4, repeated: 0, refused: { type_conflict: 5 } });
});

Deno.test("Ingest: what the store has no room for is refused by line", async () => {
  const fixture = new Fixture({ tabsMax: 1, clientsMax: 1 });
  const line = (tab: string, client: string) => ({ tab, client, events: [[1]] });
  const { answer } = await fixture.post(line("a", "x"), line("b", "x"), line("a", "y"), line("a", "x"));
  assertEquals([answer.lines, answer.rejected.map(({ line }: { line: number }) => line)], [2, [2, 3]]);
  assertMatch(answer.rejected[0].error, /cannot open tab "b"/);
  assertMatch(answer.rejected[1].error, /cannot take client "y"/);
  assertEquals(fixture.ingest.status().lines.refused, { tabs_full: 1, clients_full: 1 });
});

Deno.test("Ingest: without its store it refuses, and what was applied all the same is recognised when repeated", async () => {
  const fixture = new Fixture();
  const batch = [{ sender: "s", seq: 1 }, { tab: "bids", events: [[1]] }];
  for (const fate of ["unreached", "unanswered"] as const) {
    fixture.fate = fate;
    const { status, retryAfter, answer } = await fixture.post(...batch);
    assertEquals([status, retryAfter, answer.code], [503, "1", "store_unavailable"]);
  }
  fixture.fate = "done";
  assertEquals((await fixture.post(...batch)).status, 200);
  assertEquals((await fixture.waiting()).length, 1);
  assertEquals(fixture.ingest.status().posts.refused, { store_unavailable: 2 });
});

Deno.test("Ingest: refuses while too much waits, with the time to come back", async () => {
  const fixture = new Fixture({ queueBytesHard: 10 });
  assertEquals((await fixture.post({ tab: "bids", events: [[1]] })).status, 200);
  const { status, retryAfter, answer } = await fixture.post({ tab: "bids", events: [[1]] });
  assertEquals([status, Number(retryAfter) >= 1, answer.code], [429, true, "over_capacity"]);
  assertEquals((await fixture.waiting()).length, 1);
});

Deno.test("Ingest: a body that can't be taken leaves nothing behind", async () => {
  const fixture = new Fixture();
  for (
    const [body, code] of [
      ["no NDJSON", "body_malformed"],
      ["", "body_malformed"],
      [`{"tab":"bids","events":[[1]]}\n`.repeat(10_000), "body_too_large"],
    ]
  ) {
    const response = await fixture.ingest.post(new Request("http://taba/post", { method: "POST", body }));
    assertEquals((await response.json()).code, code);
  }
  assertEquals(await fixture.waiting(), []);
});

Deno.test("Ingest: a header alone is a batch too", async () => {
  const fixture = new Fixture();
  const header = { sender: "s", seq: 1 };
  assertEquals((await fixture.post(header)).answer, { lines: 0, events: 0, rejected: [] });
  assertEquals((await fixture.post(header)).answer.repeated, true);
});
