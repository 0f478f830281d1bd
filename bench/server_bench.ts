// What one server takes, drains and answers, in one process and on one core, over the embedded store: posts and queries
// are given to its handler as Requests, so that nothing of HTTP itself is in these figures. The clock jumps by the
// time between commits once a queue has been read, so that committing is measured and waiting is not.

import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { Delays } from "../server/delays.ts";
import { Drain } from "../server/drain/drain.ts";
import { Membership } from "../server/membership.ts";
import { Server } from "../server/server.ts";
import { MemoryStore } from "../server/store/memory_store.ts";
import { log } from "../service/process_log.ts";
import { systemClock, systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { bytesOf, rawLines, stateLines } from "./bodies.ts";
import { measure, report, title } from "./harness.ts";

const registry = createRegistry();
const COMMIT_S = 2;

/** A server, and the drain that it would run, by hand. */
class Bench {
  readonly server: Server;
  readonly drain: Drain;
  readonly #store: MemoryStore;
  readonly #membership: Membership;
  #ahead = 0;

  constructor() {
    const clock = () => systemClock() + this.#ahead;
    const started = clock();
    const world = { clock, random: systemRandom, sleep: systemSleep, pause: systemPause, log, registry };
    this.#store = new MemoryStore({ buckets: 64, clock });
    const self = { id: "server", url: "http://server", roles: ["be"], started } as const;
    this.#membership = new Membership(this.#store, self, { ttlMs: 60_000 });
    this.server = new Server({ ...world, store: this.#store, self });
    this.drain = new Drain({
      ...world,
      delays: new Delays(clock),
      store: this.#store,
      membership: this.#membership,
      leaseMs: 60_000,
    });
  }

  async post(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const response = await this.server.fetch(new Request("http://server/post", { method: "POST", body }));
    if (!response.ok) throw new Error(`a post failed: ${await response.text()}`);
    await response.body?.cancel();
  }

  /** Until all is committed. */
  async drainAll(): Promise<void> {
    await this.#membership.beat();
    while ((await this.#store.queues()).length > 0) {
      if (!await this.drain.tick()) this.#ahead += COMMIT_S;
    }
  }

  async query(path: string, accept: string): Promise<{ bytes: number; chunks: number }> {
    const response = await this.server.fetch(new Request(`http://server${path}`, { headers: { accept } }));
    if (!response.ok || response.body === null) throw new Error(`a query failed: ${await response.text()}`);
    let [bytes, chunks] = [0, 0];
    for await (const chunk of response.body) {
      bytes += chunk.length;
      chunks++;
    }
    return { bytes, chunks };
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}

title("Server: raw events, posts of 100 lines of 500 CounterGroup events");
{
  const bench = new Bench();
  const body = bytesOf(rawLines(100, 500));
  const units = 10 * 100 * 500;
  const work = async () => {
    for (let round = 0; round < 10; round++) await bench.post(body);
    return units;
  };
  await measure("accepted", { unit: "events", work });
  await bench.drainAll();
  await measure("accepted, drained and committed", {
    unit: "events",
    work: async () => {
      await work();
      await bench.drainAll();
      return units;
    },
  });
}

title("Server: States of ten events, posts of 1,000 tabs of each of 30 clients");
{
  const bench = new Bench();
  const bodies = Array.from({ length: 30 }, (_, client) => bytesOf(stateLines(1000, `web-${client}`)));
  const accept = async () => {
    for (const body of bodies) await bench.post(body);
    return 30_000;
  };
  await measure("accepted", { unit: "states", work: accept });
  await bench.drainAll();
  await measure("accepted, drained and committed", {
    unit: "states",
    work: async () => {
      await accept();
      await bench.drainAll();
      return 30_000;
    },
  });
}

title("Server: 30,000 tabs of 4 clients, ten rounds of States a second apart");
{
  const bench = new Bench();
  const before = Deno.memoryUsage().rss;
  const bodies = Array.from({ length: 4 }, (_, client) => bytesOf(stateLines(30_000, `web-${client}`)));
  await measure("accepted, drained and committed", {
    unit: "states",
    rounds: 8,
    work: async () => {
      for (const body of bodies) await bench.post(body);
      await bench.drainAll();
      return 120_000;
    },
  });
  const { heldBytes, evicted } = bench.drain.status();
  report("States held between commits, by estimate", `${mebibytes(heldBytes)} of ${mebibytes(limits.heldBytesMax)}`);
  report("tabs evicted from memory", String(evicted));
  report("resident memory taken", mebibytes(Deno.memoryUsage().rss - before));

  title("Server: queries over those 30,000 tabs");
  const ask = (path: string, accept: string) => async () => {
    for (let round = 0; round < 50; round++) await bench.query(path, accept);
    return 50;
  };
  await measure("/tabs?name= of one tab, text", { unit: "queries", work: ask("/tabs?name=tab-7", "text/plain") });
  await measure("/projection?name= of one tab, JSON", {
    unit: "queries",
    work: ask("/projection?name=tab-7", "application/json"),
  });
  for (const accept of ["text/plain", "application/json"]) {
    let all = { bytes: 0, chunks: 0 };
    await measure(`/tabs of all, ${accept}`, {
      unit: "tabs",
      rounds: 3,
      work: async () => {
        all = await bench.query("/tabs", accept);
        return 30_000;
      },
    });
    report("its size", `${mebibytes(all.bytes)} in ${all.chunks} chunks`);
  }
  await measure("/supertabs of all", {
    unit: "tabs",
    rounds: 3,
    work: async () => {
      await bench.query("/supertabs", "application/json");
      return 30_000;
    },
  });
  await measure("/names?re=1 of all", {
    unit: "tabs",
    rounds: 3,
    work: async () => {
      await bench.query("/names?re=1&name=.*-1.*7", "application/json");
      return 30_000;
    },
  });
}
