// A cluster under load, watched: what the tests that kill its parts have in common. Loads straight to the servers and
// through an agent, a reader that looks at everything meanwhile, and the final account.

import { assert, assertEquals } from "@std/assert";
import { taskProgram } from "../../tools/deno_command.ts";
import { type LocalCluster, type LocalClusterOptions, startCluster } from "../../tools/local_cluster.ts";
import { runProgram } from "../../tools/program.ts";
import { assertCounted, Ledger, Reader } from "./ledger.ts";
import { Load, seededRandom } from "./load.ts";
import { request } from "./request.ts";
import { pass, until } from "./waiting.ts";

/** TABA_SEED repeats the moments of a run, as far as anything does that depends on the speed of a machine. */
const SEED = Number(Deno.env.get("TABA_SEED") ?? Date.now() % 1_000_000);

/** Short enough that many rounds of dying and taking over fit into a test. */
const [COMMIT_MS, LEASE_MS] = [250, 1000];
/** Nothing but the load counts. */
const ONLY_LOAD = "--own-tabs=false";
const AGENT_ARGS = ["--flush-ms", "100", ONLY_LOAD];
/** Enough for the shards and servers to share; a query of all tabs asks for each. */
export const BUCKETS = 16;

export interface TrialOptions extends Omit<LocalClusterOptions, "serverArgs" | "buckets"> {
  /** Whether a reader may see events vanish that nobody was told are accepted. */
  readonly mayFall?: boolean;
  readonly commitMs?: number;
  readonly leaseMs?: number;
  /** Further flags of the servers. */
  readonly moreArgs?: readonly string[];
}

export class Trial implements AsyncDisposable {
  readonly cluster: LocalCluster;
  readonly random: () => number = seededRandom(SEED);
  readonly direct: Load;
  readonly throughAgent: Load;
  readonly reader: Reader;
  readonly #reading: Promise<unknown>;
  readonly #agentUrl: string;
  /** Commits of each process that drains, by its id, as far as they were seen. */
  readonly #commitsById = new Map<string, number>();
  #isStopped = false;

  constructor(cluster: LocalCluster, options: { readonly agentUrl: string; readonly mayFall: boolean }) {
    this.cluster = cluster;
    this.#agentUrl = options.agentUrl;
    const urls = cluster.servers.map(({ url }) => url);
    const { random } = this;
    this.direct = new Load({ name: "direct", urls, random, ledger: new Ledger({ isSeenAtOnce: true }) });
    this.throughAgent = new Load({
      ...{ name: "agent", urls: [options.agentUrl], random, senders: 2 },
      ledger: new Ledger({ isSeenAtOnce: false }),
    });
    this.reader = new Reader(urls, { ...options, ledgers: this.ledgers });
    this.#reading = Promise.all([this.reader.run(), ...cluster.be.map(({ url }) => this.#watchDrain(url))]);
  }

  get ledgers(): readonly Ledger[] {
    return [this.direct.ledger, this.throughAgent.ledger];
  }

  /** A random moment, and at least some batches later: what dies must have been at work. */
  async randomMoment(msMax: number): Promise<void> {
    const { ledger } = this.direct;
    const [moment, batches] = [performance.now() + msMax * this.random(), ledger.batches + 5];
    await until(() => performance.now() >= moment && ledger.batches >= batches, { what: "batches are accepted" });
  }

  /** Events accepted. */
  get events(): number {
    return this.direct.ledger.events + this.throughAgent.ledger.events;
  }

  /** Commits seen so far, of all processes that there have been. */
  get commits(): number {
    return [...this.#commitsById.values()].reduce((sum, commits) => sum + commits, 0);
  }

  /** Makes no further batch, and waits until all were accepted. */
  async stopLoad(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.direct.stop(), this.throughAgent.stop()]);
    this.reader.stop();
    await this.#reading;
  }

  /** Ends the load, and holds all answers against the ledgers: at once, and when everything was drained. */
  async settle(): Promise<void> {
    const { direct, throughAgent, reader, cluster } = this;
    await this.stopLoad();
    const [server] = cluster.servers;
    await until(() => assertCounted(server.url, this.ledgers).then(() => true), { what: "all is counted" });
    for (const { url } of cluster.servers) await assertCounted(url, this.ledgers);
    await until(async () => (await statusOf(server.url)).store.queues.entries === 0, { what: "all is drained" });
    for (const { url } of cluster.servers) await assertCounted(url, this.ledgers);
    const { events } = (await statusOf(server.url)).store;
    assertEquals(
      events,
      { enqueued: this.events, committed: this.events, queued: 0 },
      "the store's own ledger balances",
    );
    const checked = JSON.parse((await request(`${server.url}/check`, { method: "POST" })).text);
    assertEquals([checked.problems, checked.buckets, checked.entries], [[], BUCKETS, 0]);
    const args = ["audit", "--server", server.url, "--agent", this.#agentUrl];
    const audit = await runProgram({ name: "taba-cli", ...taskProgram("cli"), args });
    assertEquals(audit.code, 0, audit.output);
    assertEquals([...direct.violations, ...throughAgent.violations, ...reader.violations], []);
    assert(reader.counts.read > 0, "the reader was answered");
    for (const { program, name } of cluster.servers) {
      const bugs = program.output.split("\n").filter((line) => line.includes("ends by a bug"));
      assertEquals(bugs, [], name);
    }
    this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // After a failure the load could wait for ever for a server that is dead.
    if (!this.#isStopped) {
      for (const load of [this.direct, this.throughAgent]) load.abandon();
    }
    await this.stopLoad();
    await this.cluster[Symbol.asyncDispose]();
  }

  async #watchDrain(url: string): Promise<void> {
    while (!this.#isStopped) {
      await statusOf(url).then(({ id, drain }) => this.#commitsById.set(id, drain?.commits ?? 0), () => {}); // it is dead
      await pass(200);
    }
  }

  #tell(): void {
    const { direct, throughAgent, reader } = this;
    const answers = [...direct.answers].sort().map(([status, count]) => `${status || "none"}: ${count}`).join(", ");
    console.log(
      `    seed ${SEED}: ${this.events} events in ` +
        `${direct.ledger.batches + throughAgent.ledger.batches} batches, all counted once; answers ${answers}; ` +
        `${direct.repeated.batches} repeats were recognised; ${reader.counts.read} reads were looked at; ` +
        `at least ${this.commits} commits`,
    );
  }
}

/** Starts a cluster with an agent, and the load on both. */
export async function startTrial(options: TrialOptions): Promise<Trial> {
  const { commitMs = COMMIT_MS, leaseMs = LEASE_MS, moreArgs = [] } = options;
  const serverArgs = ["--commit-ms", String(commitMs), "--lease-ms", String(leaseMs), ONLY_LOAD, ...moreArgs];
  const cluster = await startCluster({ ...options, serverArgs, buckets: BUCKETS });
  try {
    const agent = await cluster.startAgent(AGENT_ARGS);
    const trial = new Trial(cluster, { agentUrl: agent.url, mayFall: options.mayFall ?? false });
    await trial.randomMoment(0);
    return trial;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

export interface Status {
  readonly id: string;
  readonly store: {
    readonly queues: { readonly entries: number; readonly oldestS: number | null };
    readonly events: { readonly enqueued: number; readonly committed: number; readonly queued: number };
    readonly error?: string;
  };
  readonly drain: { readonly buckets: number; readonly commits: number; readonly lost: number } | null;
}

export async function statusOf(url: string): Promise<Status> {
  return JSON.parse((await request(`${url}/status`)).text);
}
