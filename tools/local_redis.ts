// Starts real Redis masters, replicas and Sentinels on free loopback ports, with all their files in one temporary
// folder, for tests and for `deno task cluster`. Kills, freezes and restarts them when asked, and ends them all.

import { passSignal } from "./child.ts";
import { freePorts } from "./free_ports.ts";
import { findRedis } from "./install_redis.ts";
import { redisCall, type RedisReply } from "./redis_call.ts";

export interface LocalRedisOptions {
  /** Masters, named shard1, shard2 and so on. Default 1. */
  readonly shards?: number;
  /** Replicas of each master. Default 0. */
  readonly replicas?: number;
  /** Default 1; fail-overs that survive the loss of a Sentinel need 3. */
  readonly sentinels?: number;
  /** How long a Sentinel waits before it takes a silent master for dead. Default 1,000. */
  readonly downAfterMs?: number;
  /** Whether what is written survives the death of a process. Default false. */
  readonly appendOnly?: boolean;
  /** A certificate for 127.0.0.1 and its key, in PEM: everything then speaks TLS and nothing else. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** How often startRedis begins anew where another process took a port that was free a moment before. */
const STARTS_MAX = 5;
const START_MS = 20_000;
/** Sentinels take some ten seconds to make a master that they gave up, and that is back, a replica. */
const SETTLE_MS = 60_000;

/** One redis-server process, as Redis or as Sentinel. It keeps its port and its files when it is started again. */
export class RedisNode {
  readonly port: number;
  readonly #path: string;
  readonly #args: readonly string[];
  readonly #ca: string | undefined;
  #child: Deno.ChildProcess | undefined;
  #isFrozen = false;

  constructor(
    path: string,
    options: { readonly port: number; readonly args: readonly string[]; readonly ca?: string },
  ) {
    this.port = options.port;
    this.#path = path;
    this.#args = options.args;
    this.#ca = options.ca;
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error(`The Redis on port ${this.port} is not running`);
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it, or starts it again, and waits until it answers; `args` are added to its own. */
  async start(args: readonly string[] = []): Promise<void> {
    const command = new Deno.Command(this.#path, {
      args: [...this.#args, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    const child = command.spawn();
    this.#child = child;
    const ended = child.status.then(() => "ended");
    const answered = until(
      async () => await this.call(["PING"]) === "PONG",
      () => `the Redis on port ${this.port} answers`,
    );
    if (await Promise.race([answered, ended]) === "ended") {
      this.#child = undefined;
      await answered.catch(() => {}); // it can't come true any more
      throw new Error(`The Redis on port ${this.port} ended as soon as it was started`);
    }
    ended.then(() => this.#forget(child));
  }

  /** The exit code of the process that runs now, once it has ended. */
  async exit(): Promise<number> {
    if (this.#child === undefined) throw new Error(`The Redis on port ${this.port} is not running`);
    return (await this.#child.status).code;
  }

  /** SIGKILL: what it had not written is lost. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#forget(child);
    passSignal(child, "SIGKILL");
    await child.status;
  }

  #forget(child: Deno.ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#isFrozen = false;
  }

  /** SIGSTOP: connections stay open and nothing is answered. */
  freeze(): void {
    Deno.kill(this.pid, "SIGSTOP");
    this.#isFrozen = true;
  }

  /** SIGCONT. */
  thaw(): void {
    Deno.kill(this.pid, "SIGCONT");
    this.#isFrozen = false;
  }

  /** Whether it can be asked anything. */
  get isAwake(): boolean {
    return this.isRunning && !this.#isFrozen;
  }

  call(args: readonly string[]): Promise<RedisReply> {
    return redisCall(this.port, args, { ca: this.#ca });
  }
}

/** Running masters, replicas and Sentinels. Disposing of it ends them all and removes their files. */
export class LocalRedis implements AsyncDisposable {
  readonly folder: string;
  readonly #nodesByShard: ReadonlyMap<string, readonly RedisNode[]>;
  readonly sentinelNodes: readonly RedisNode[];

  constructor(
    folder: string,
    nodes: {
      readonly nodesByShard: ReadonlyMap<string, readonly RedisNode[]>;
      readonly sentinelNodes: readonly RedisNode[];
    },
  ) {
    this.folder = folder;
    this.#nodesByShard = nodes.nodesByShard;
    this.sentinelNodes = nodes.sentinelNodes;
  }

  /** The names under which Sentinel knows the masters. */
  get shards(): readonly string[] {
    return [...this.#nodesByShard.keys()];
  }

  /** The Sentinels as "host:port". */
  get sentinels(): readonly string[] {
    return this.sentinelNodes.map(({ port }) => `127.0.0.1:${port}`);
  }

  /** Master and replicas, whichever is which now; the first was started as master. */
  nodes(shard: string): readonly RedisNode[] {
    return this.#nodesByShard.get(shard) ?? [];
  }

  /** Every process. */
  get all(): readonly RedisNode[] {
    return [...[...this.#nodesByShard.values()].flat(), ...this.sentinelNodes];
  }

  /** The master of a shard as the first Sentinel that can be asked knows it. */
  async master(shard: string): Promise<RedisNode> {
    const sentinel = this.sentinelNodes.find(({ isAwake }) => isAwake);
    if (sentinel === undefined) throw new Error("No Sentinel is awake");
    const address = await sentinel.call(["SENTINEL", "get-master-addr-by-name", shard]);
    const port = Array.isArray(address) ? Number(address[1]) : undefined;
    const node = this.nodes(shard).find((candidate) => candidate.port === port);
    if (node === undefined) throw new Error(`Sentinel knows no master of ${shard}`);
    return node;
  }

  /**
   * Starts a node of a shard again, as a replica of the master of now. Started as the master that it was, and empty, it
   * could be chosen once more while Sentinels have not heard of all: then the replicas would become as empty as it is.
   */
  async revive(shard: string, node: RedisNode): Promise<void> {
    const master = await this.master(shard);
    await node.start(master === node ? [] : replicaArgs(master.port));
  }

  /** Waits until each running replica has all of its master, and each Sentinel knows of all: then it can fail over. */
  async settle(): Promise<void> {
    for (const shard of this.shards) {
      let missing: string | undefined;
      const isSettled = async () => (missing = await this.#missing(shard)) === undefined;
      await until(isSettled, () => `${shard} can fail over: ${missing ?? "nobody answers"}`, SETTLE_MS);
    }
  }

  /** What a shard lacks to fail over. Its master is asked for each time: Sentinels may take a slow one for dead. */
  async #missing(shard: string): Promise<string | undefined> {
    const master = await this.master(shard);
    const replicas = this.nodes(shard).filter((node) => node.isRunning && node !== master);
    for (const replica of replicas) {
      const isInStep = field(await replica.call(["INFO", "replication"]), "master_link_status") === "up";
      if (!isInStep) return `the replica on port ${replica.port} is not in step with port ${master.port}`;
    }
    const online = onlineReplicas(await master.call(["INFO", "replication"]));
    if (online !== replicas.length) return `port ${master.port} hears from ${online} of ${replicas.length} replicas`;
    for (const sentinel of this.sentinelNodes) {
      const known = await sentinel.call(["SENTINEL", "master", shard]);
      const expected = { port: master.port, replicas: replicas.length, sentinels: this.sentinelNodes.length };
      if (!isSettled(known, expected)) return `the Sentinel on port ${sentinel.port} does not know all of it`;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node.kill()));
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Starts all that is asked for and waits until it works together. */
export async function startRedis(options: LocalRedisOptions = {}): Promise<LocalRedis> {
  const path = await findRedis();
  for (let start = 1;; start++) {
    const redis = await layOut(path, options);
    try {
      // Masters first, so that a replica finds its master at once.
      for (const node of redis.all) await node.start();
      await redis.settle();
      return redis;
    } catch (error) {
      await redis[Symbol.asyncDispose]();
      if (start === STARTS_MAX) throw error;
    }
  }
}

/** Chooses ports and writes configurations; nothing runs yet. */
async function layOut(path: string, options: LocalRedisOptions): Promise<LocalRedis> {
  const { shards = 1, replicas = 0, sentinels = 1, downAfterMs = 1000, appendOnly = false, tls } = options;
  const folder = await Deno.makeTempDir({ prefix: "taba-redis-" });
  if (tls !== undefined) {
    await Deno.writeTextFile(`${folder}/cert.pem`, tls.cert);
    await Deno.writeTextFile(`${folder}/key.pem`, tls.key);
  }
  const ca = tls === undefined ? {} : { ca: tls.cert };
  const listening = (port: number) => tls === undefined ? [["port", String(port)]] : tlsSettings(port, folder);
  const ports = freePorts(shards * (1 + replicas) + sentinels);
  const nodesByShard = new Map<string, readonly RedisNode[]>();
  const monitored: string[] = [];
  for (let shard = 1; shard <= shards; shard++) {
    const [master, ...followers] = ports.splice(0, 1 + replicas);
    const args = (port: number) => redisArgs(port, { folder, appendOnly, listening: listening(port) });
    nodesByShard.set(`shard${shard}`, [
      new RedisNode(path, { port: master, args: args(master), ...ca }),
      ...followers.map((port) => new RedisNode(path, { port, args: [...args(port), ...replicaArgs(master)], ...ca })),
    ]);
    const quorum = Math.floor(sentinels / 2) + 1;
    monitored.push(
      `sentinel monitor shard${shard} 127.0.0.1 ${master} ${quorum}`,
      `sentinel down-after-milliseconds shard${shard} ${downAfterMs}`,
      `sentinel failover-timeout shard${shard} 5000`,
    );
  }
  const sentinelNodes: RedisNode[] = [];
  for (const port of ports) {
    const file = `${folder}/sentinel-${port}.conf`; // Sentinel rewrites it
    const lines = [
      ...listening(port).map((setting) => setting.join(" ")),
      "bind 127.0.0.1",
      `dir ${folder}`,
      ...monitored,
    ];
    await Deno.writeTextFile(file, lines.join("\n") + "\n");
    sentinelNodes.push(new RedisNode(path, { port, args: [file, "--sentinel"], ...ca }));
  }
  return new LocalRedis(folder, { nodesByShard, sentinelNodes });
}

function redisArgs(
  port: number,
  options: { readonly folder: string; readonly appendOnly: boolean; readonly listening: readonly string[][] },
): string[] {
  const { folder, appendOnly, listening } = options;
  const settings = [
    ...listening,
    ["bind", "127.0.0.1"],
    ["dir", folder],
    ["dbfilename", `${port}.rdb`],
    ["save", ""],
    ["appendonly", appendOnly ? "yes" : "no"],
    ["appendfilename", `${port}.aof`],
    ["appendfsync", "always"], // with everysec, what was written in the last two seconds may die with the process
    ["maxmemory-policy", "noeviction"], // the default only since Redis 3.0
    ["repl-diskless-sync-delay", "0"], // else a replica waits 5 s for others to join it
  ];
  return settings.flatMap(([name, value]) => [`--${name}`, value]);
}

function tlsSettings(port: number, folder: string): string[][] {
  return [
    ["port", "0"],
    ["tls-port", String(port)],
    ["tls-cert-file", `${folder}/cert.pem`],
    ["tls-key-file", `${folder}/key.pem`],
    ["tls-ca-cert-file", `${folder}/cert.pem`],
    ["tls-auth-clients", "no"],
    ["tls-replication", "yes"], // for a Sentinel: towards masters and other Sentinels
  ];
}

function replicaArgs(master: number): string[] {
  return ["--slaveof", "127.0.0.1", String(master)];
}

/** Waits for what a Redis says of itself to come true; a node that can't be asked yet says nothing. */
async function until(holds: () => Promise<boolean>, what: () => string, ms = START_MS): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    if (await holds().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`Waited ${ms / 1000} s in vain until ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether a Sentinel's answer about a master says that it is up on this port with these numbers of others. */
function isSettled(
  reply: RedisReply,
  expected: { readonly port: number; readonly replicas: number; readonly sentinels: number },
): boolean {
  if (!Array.isArray(reply)) return false;
  const valueByName = new Map<string, string>();
  for (let index = 0; index < reply.length; index += 2) valueByName.set(String(reply[index]), String(reply[index + 1]));
  return valueByName.get("flags") === "master" &&
    Number(valueByName.get("port")) === expected.port &&
    Number(valueByName.get("num-slaves")) >= expected.replicas &&
    Number(valueByName.get("num-other-sentinels")) >= expected.sentinels - 1;
}

/** Replicas that have told their master how far they are: from then on it can wait for them. */
function onlineReplicas(info: RedisReply): number {
  return [...String(info).matchAll(/^slave\d+:.*state=online,offset=[1-9]/gm)].length;
}

/** A line of INFO. */
function field(info: RedisReply, name: string): string | undefined {
  return typeof info === "string" ? info.match(new RegExp(`^${name}:(.*?)\r?$`, "m"))?.[1] : undefined;
}
