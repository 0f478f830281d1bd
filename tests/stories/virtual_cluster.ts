// A whole cluster on virtual time and in one process: real clients, an agent with its journal, servers over one store,
// and a network between them that can be cut. A killed process does nothing more, wherever it stood.

import { Agent } from "../../agent/agent.ts";
import { openJournal } from "../../agent/journal/journal.ts";
import { TabaClient } from "../../client/client.ts";
import { createRegistry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import type { Clock, Random, Sleep } from "../../core/world.ts";
import { Server } from "../../server/server.ts";
import { MemoryStore } from "../../server/store/memory_store.ts";
import type { Role, Store } from "../../server/store/store.ts";
import { createLog } from "../../service/log.ts";
import { MemoryDisk } from "../sim/memory_disk.ts";
import { type Fate, fated, interceptedStore } from "../sim/stores.ts";
import { turn, until, VirtualTime } from "../sim/virtual_time.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** What happens to requests to a host. */
export type Link = "whole" | "cut" | "one-way";

const SERVERS = ["server-1", "server-2"];
const AGENT = "agent-1";
const BUCKETS = 8;
/** Time passes in steps of this, so that what really takes time, such as compressing, has some at each. */
const STEP_MS = 50;

/** One process, from its start to its end. */
class Process {
  answer: Answer | undefined;
  agent: Agent | undefined;
  #isDead = false;
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  kill(): void {
    this.#isDead = true;
  }

  /** The dead never go on. */
  async live<Value>(work: Promise<Value>): Promise<Value> {
    const value = await work;
    return this.#isDead ? await new Promise<never>(() => {}) : value;
  }

  readonly sleep: Sleep = (ms, signal) => this.live(this.#time.sleep(ms, signal));
}

export class VirtualCluster {
  readonly #time = new VirtualTime();
  readonly #registry = createRegistry();
  readonly #store: Store;
  readonly #linkByHost = new Map<string, Link>();
  readonly #processByHost = new Map<string, Process>();
  readonly #clientByName = new Map<string, TabaClient>();
  #disk = new MemoryDisk();
  #storeFate: Fate = "done";
  /** Requests that are worked on, at which time stands still. */
  #busy = 0;
  #senders = 0;
  #random = 1;

  constructor() {
    this.#store = new MemoryStore({ buckets: BUCKETS, clock: this.#clock });
    for (const name of SERVERS) this.startServer(name, ["fe", "be"]);
    this.startAgent();
  }

  startServer(name: string, roles: readonly Role[]): void {
    const process = this.#begin(name);
    const server = new Server({
      ...this.#world(process),
      store: interceptedStore(BUCKETS, (_method, run) => {
        return process.live(fated(this.#storeFate, () => run(this.#store)));
      }),
      registry: this.#registry,
      self: { id: `${name} of ${this.#clock()}`, url: `http://${name}`, roles, started: this.#clock() },
    });
    process.answer = server.fetch;
    void server.run(new AbortController().signal);
  }

  startAgent(): void {
    const process = this.#begin(AGENT);
    const world = this.#world(process);
    this.#disk = this.#disk.restarted();
    const agent = new Agent({
      ...world,
      registry: this.#registry,
      servers: SERVERS.map((name) => `http://${name}`),
      journal: openJournal(this.#disk, {
        ...{ registry: this.#registry, now: this.#clock(), bytesMax: limits.journalBytesMax, fsync: false },
        ...{ newSender: () => `agent-${this.#senders++}`, log: world.log },
      }),
      flushMs: 500,
      statesMax: 100_000,
      batchBytesMax: limits.bodyBytesMax,
      outboxBytesMax: limits.bodyBytesMax,
      fetch: (request) => process.live(this.#fetch(request)),
    });
    process.answer = (request) => agent.fetch(request);
    process.agent = agent;
    void agent.run();
  }

  kill(name: string): void {
    this.#process(name).kill();
    this.#processByHost.delete(name);
  }

  link(host: string, link: Link): void {
    this.#linkByHost.set(host, link);
  }

  /** What happens to every call to the store from now on. */
  set storeFate(fate: Fate) {
    this.#storeFate = fate;
  }

  /** A client of this name records, through the agent. */
  record(client: string, { tab, type, values }: { tab: string; type: string; values: readonly (number | string)[] }) {
    const handle = this.#client(client).tab(tab, { type });
    for (const value of values) handle.record(value);
  }

  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.#time.pass(Math.min(STEP_MS, ms - passed));
      await until(() => this.#busy === 0 && this.#hasSent, { what: "all that is under way has arrived" });
    }
  }

  /** An answer as text, from the first server that lives and can be reached; time passes until it is there. */
  async ask(path: string, init?: RequestInit): Promise<string> {
    const host = SERVERS.find((name) => this.#processByHost.has(name) && this.#link(name) === "whole");
    if (host === undefined) return "no server can be reached\n";
    let told: string | undefined;
    const asking = this.#fetch(new Request(`http://${host}${path}`, init)).then(async (response) => {
      const text = await response.text();
      told = response.ok ? text : `${response.status} ${text}`;
    });
    await until(() => told !== undefined, { what: `${host} answers ${path}`, step: () => this.#time.pass(STEP_MS) });
    await asking;
    return told ?? "";
  }

  get #clock(): Clock {
    return this.#time.clock;
  }

  #world(process: Process) {
    const random: Random = () => this.#nextRandom();
    const pause = () => process.live(turn());
    return { clock: this.#clock, random, pause, sleep: process.sleep, log: this.#silence };
  }

  readonly #silence = createLog({ clock: () => 0, write: () => {} });

  #begin(name: string): Process {
    if (this.#processByHost.has(name)) throw new Error(`${name} runs already`);
    const process = new Process(this.#time);
    this.#processByHost.set(name, process);
    return process;
  }

  #process(name: string): Process {
    const process = this.#processByHost.get(name);
    if (process === undefined) throw new Error(`${name} does not run`);
    return process;
  }

  #link(host: string): Link {
    return this.#linkByHost.get(host) ?? "whole";
  }

  /** Whether each batch that the agent has sealed was sent at least once: until then it is really at work. */
  get #hasSent(): boolean {
    const agent = this.#processByHost.get(AGENT)?.agent;
    if (agent === undefined) return true;
    const { sealed, sent } = agent.status().batches;
    return sent >= sealed;
  }

  #client(name: string): TabaClient {
    const known = this.#clientByName.get(name);
    if (known !== undefined) return known;
    const client = new TabaClient({
      client: name,
      agent: `http://${AGENT}`,
      clock: this.#clock,
      random: () => this.#nextRandom(),
      fetch: (url, init) => this.#fetch(new Request(url, init)),
      setTimer: (callback, ms) => {
        const cancelled = new AbortController();
        this.#time.sleep(ms, cancelled.signal).then(() => {
          if (!cancelled.signal.aborted) callback();
        });
        return () => cancelled.abort();
      },
    });
    this.#clientByName.set(name, client);
    return client;
  }

  /** The network. */
  async #fetch(request: Request): Promise<Response> {
    const host = new URL(request.url).hostname;
    const process = this.#processByHost.get(host);
    const link = this.#link(host);
    if (process?.answer === undefined || link === "cut") throw new TypeError(`connection to ${host} refused`);
    this.#busy++;
    try {
      const response = await process.answer(request);
      if (link === "whole") return response;
      await response.body?.cancel();
    } finally {
      this.#busy--;
    }
    throw new TypeError(`connection to ${host} lost`);
  }

  /** A linear congruential generator: the same story, the same ending. */
  #nextRandom(): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#random / 0x80000000;
  }
}
