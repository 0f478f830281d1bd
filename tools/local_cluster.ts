// A whole cluster on this machine, for `deno task cluster` and for the tests that kill its parts: Redis shards with
// their Sentinels, servers that keep State there, and agents in front. Ends all that it started.

import { taskProgram } from "./deno_command.ts";
import { freePorts } from "./free_ports.ts";
import { type LocalRedis, type LocalRedisOptions, startRedis } from "./local_redis.ts";
import { Program, type Service, startService } from "./program.ts";

export interface LocalClusterOptions {
  readonly redis: LocalRedisOptions;
  /** Servers that take posts and drain nothing: fe-1, fe-2 and so on. */
  readonly fe: number;
  /** Servers that drain: be-1, be-2 and so on. */
  readonly be: number;
  /** Replicas that must have what a sender is told is accepted. Default 0. */
  readonly confirmations?: number;
  /** Default 100. */
  readonly buckets?: number;
  /** Further flags of each server. */
  readonly serverArgs?: readonly string[];
}

const START_MS = 60_000;

/** One server. It keeps its address when it is started again. */
export class ClusterServer {
  readonly name: string;
  readonly url: string;
  readonly #args: readonly string[];
  #program: Program | undefined;

  constructor(name: string, options: { readonly port: number; readonly args: readonly string[] }) {
    this.name = name;
    this.url = `http://127.0.0.1:${options.port}`;
    this.#args = ["--port", String(options.port), ...options.args];
  }

  /** The process, while it runs. */
  get program(): Program {
    if (this.#program === undefined) throw new Error(`${this.name} is not running`);
    return this.#program;
  }

  /** Starts it, or starts it again, and waits until it listens. */
  async start(): Promise<void> {
    this.#program = new Program({ name: this.name, ...taskProgram("serve"), args: this.#args });
    await this.#program.line(/listening on/, START_MS);
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
    this.#program = undefined;
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = undefined;
  }
}

/** Disposing of it ends everything at once; `stop` lets agents and servers finish first. */
export class LocalCluster implements AsyncDisposable {
  readonly redis: LocalRedis;
  /** The settings file that all servers share. */
  readonly settingsFile: string;
  readonly fe: readonly ClusterServer[];
  readonly be: readonly ClusterServer[];
  readonly #agents: Service[] = [];

  constructor(redis: LocalRedis, options: LocalClusterOptions) {
    const { fe, be, serverArgs = [] } = options;
    this.redis = redis;
    this.settingsFile = `${redis.folder}/taba.json`;
    const ports = freePorts(fe + be);
    const server = (role: string) => (_: unknown, index: number) =>
      new ClusterServer(`${role}-${index + 1}`, {
        port: ports.pop() ?? 0,
        args: ["--config", this.settingsFile, "--roles", role, ...serverArgs],
      });
    this.fe = Array.from({ length: fe }, server("fe"));
    this.be = Array.from({ length: be }, server("be"));
  }

  get servers(): readonly ClusterServer[] {
    return [...this.fe, ...this.be];
  }

  /** Starts an agent that sends to all `fe` servers. */
  async startAgent(args: readonly string[] = []): Promise<Service> {
    const servers = this.fe.map(({ url }) => url).join(",");
    const agent = await startService({
      name: `agent-${this.#agents.length + 1}`,
      ...taskProgram("agent"),
      args: ["--port", "0", "--server", servers, ...args],
    });
    this.#agents.push(agent);
    return agent;
  }

  /** Ends everything from the front to the back, so that nothing under way is lost. */
  async stop(): Promise<void> {
    await Promise.all(this.#agents.map(({ program }) => program.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.redis[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.map(({ program }) => program.kill()), ...this.servers.map((one) => one.kill())]);
    await this.redis[Symbol.asyncDispose]();
  }
}

/** Starts Redis and all servers, and waits until they answer. */
export async function startCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const cluster = new LocalCluster(await startRedis(options.redis), options);
  try {
    await Deno.writeTextFile(cluster.settingsFile, settingsText(cluster.redis, options));
    await Promise.all(cluster.servers.map((server) => server.start()));
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

function settingsText(redis: LocalRedis, options: LocalClusterOptions): string {
  const { buckets = 100, confirmations = 0 } = options;
  const first = (shard: number) => Math.floor(buckets * shard / redis.shards.length);
  const shards = redis.shards.map((name, shard) => ({ name, buckets: [first(shard), first(shard + 1) - 1] }));
  const settings = { redis: { sentinels: redis.sentinels, buckets, replicas: confirmations, shards } };
  return JSON.stringify(settings, null, 2) + "\n";
}
