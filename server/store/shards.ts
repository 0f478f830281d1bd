// The connections to the Redis masters, each found by its shard's name through Sentinel. The only file that knows
// ioredis: above it are scripts, their answers, and StoreTrouble. Repeats nothing that may have been run.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { type Address, type Call, type Link, type Script, type ScriptArgument, Shard } from "./shard.ts";
import type { ShardRange } from "./shard_ranges.ts";
import type { Waited } from "./wait_groups.ts";

/** Where Redis or Sentinel ask for them. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
}

/** How connections are encrypted, those to Sentinels as well. */
export interface Tls {
  /** Certificates in PEM, one of which must have signed what Redis and Sentinel show; those of the system if left out. */
  readonly ca?: string;
}

export interface ShardsOptions {
  /** "host:port" of each Sentinel. */
  readonly sentinels: readonly string[];
  readonly credentials: Credentials;
  readonly tls: Tls | undefined;
  /** Replicas that must confirm what has to be replicated. */
  readonly replicas: number;
  /** Asked on each new connection before it is used: why it must not be. */
  /** Told once of each master that took a shard over. */
  readonly onReplaced: (name: string, master: Address) => void;
  readonly check: (range: ShardRange, run: (call: Call) => Promise<unknown>) => Promise<string | undefined>;
}

/** The longest that one of our scripts and its bytes may take, with a wide margin. */
const COMMAND_MS = 2000;
/** A master that owes an answer and sends nothing for this long is taken for dead. Longer than replicas are waited for. */
const SILENCE_MS = 1500;

/** The masters of a store, by their shards. */
export class Shards implements AsyncDisposable {
  readonly all: readonly Shard[];
  readonly #watches: readonly Watch[];
  readonly #newMasterByName = new Map<string, string>();

  constructor(ranges: readonly ShardRange[], options: ShardsOptions) {
    this.#watches = options.sentinels.map((sentinel) =>
      new Watch(sentinel, options, (name, master) => {
        for (const shard of this.all) if (shard.name === name) this.#follow(shard, master, options.onReplaced);
      })
    );
    const onUse = () => this.#watches.forEach((watch) => watch.begin());
    const whySilent = () => this.#watches.find(({ trouble }) => trouble !== undefined)?.trouble;
    this.all = ranges.map((range) =>
      new Shard(range, {
        replicas: options.replicas,
        open: () => new RedisLink(range, { ...options, onUse, whySilent }),
      })
    );
  }

  /** Each Sentinel tells of a new master. */
  #follow(shard: Shard, master: Address, onReplaced: ShardsOptions["onReplaced"]): void {
    shard.follow(master);
    const address = `${master.host}:${master.port}`;
    if (this.#newMasterByName.get(shard.name) === address) return;
    this.#newMasterByName.set(shard.name, address);
    onReplaced(shard.name, master);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.all, ...this.#watches].map((one) => one.close()));
  }
}

interface LinkOptions extends ShardsOptions {
  readonly onUse: () => void;
  /** What a connection to a Sentinel last failed of: ioredis tells only that it is closed. */
  readonly whySilent: () => string | undefined;
}

/** One connection, which goes from master to master. */
class RedisLink implements Link {
  readonly #range: ShardRange;
  readonly #options: LinkOptions;
  readonly #redis: Redis;
  /** Resolved by the first connection or the first trouble: until then calls wait, afterwards they fail at once. */
  readonly #begun = Promise.withResolvers<void>();
  /** Scripts that this master has by their hash. */
  readonly #known = new Set<Script>();
  #checked: Promise<void> | undefined;
  #trouble: string | undefined;
  #sentinelTrouble: string | undefined;
  #losses = 0;
  #isClosed = false;

  constructor(range: ShardRange, options: LinkOptions) {
    this.#range = range;
    this.#options = options;
    this.#redis = connectionTo(range.name, options);
    this.#redis.on("sentinelError", (error: Error) => {
      const why = options.whySilent();
      this.#sentinelTrouble = why === undefined ? error.message : `${error.message} (${why})`;
    });
    this.#redis.on("connect", () => this.#sentinelTrouble = undefined);
    // What the operating system says of a master has a code; what the last Sentinel said is plainer than the summary.
    this.#redis.on("error", (error: Error) => {
      this.#note("code" in error ? error.message : this.#sentinelTrouble ?? error.message);
    });
    this.#redis.on("ready", () => {
      this.#trouble = undefined;
      this.#begun.resolve();
    });
    this.#redis.on("close", () => {
      this.#losses++;
      this.#checked = undefined;
      this.#known.clear();
      this.#note(this.#trouble ?? "the connection was closed");
    });
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  get losses(): number {
    return this.#losses;
  }

  async run(call: Call): Promise<unknown> {
    await this.#ready();
    return await this.#evaluate(call);
  }

  /** All is sent in one go, hence over one connection: another's WAIT would know nothing of what the calls wrote. */
  async runAndWait(
    calls: readonly Call[],
    options: { readonly replicas: number; readonly ms: number },
  ): Promise<Waited> {
    await this.#ready();
    const replies = calls.map((call) => this.#send(call));
    const waiting = this.#redis.wait(options.replicas, options.ms);
    const [outcomes, confirmed] = await Promise.all([Promise.allSettled(replies), waiting]);
    return { outcomes, confirmed };
  }

  follow({ host, port }: Address): void {
    const { status, stream } = this.#redis;
    // In any other state it is asking the Sentinels anyway.
    if (status !== "connect" && status !== "ready") return;
    // Each Sentinel tells, and the first to do so was enough.
    if (stream.remoteAddress !== host || stream.remotePort !== port) this.#redis.disconnect(true);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await end(this.#redis);
    this.#note("it was closed");
  }

  #note(trouble: string): void {
    this.#trouble = trouble;
    this.#begun.resolve();
  }

  async #ready(): Promise<void> {
    this.#options.onUse();
    const { status } = this.#redis;
    if (status === "wait" || (status === "end" && !this.#isClosed)) {
      this.#redis.connect().catch((error: Error) => this.#note(error.message));
    }
    await this.#begun.promise;
    if (this.#redis.status !== "ready") throw new Error(this.#trouble ?? "it is not connected");
    this.#checked ??= this.#check();
    await this.#checked;
  }

  async #check(): Promise<void> {
    const losses = this.#losses;
    try {
      const problem = await this.#evictionProblem() ??
        await this.#options.check(this.#range, (call) => this.#evaluate(call));
      if (problem !== undefined) throw new Error(problem);
      this.#trouble = undefined;
    } catch (error) {
      // The next call looks again: what is wrong may have been put right.
      if (losses === this.#losses) this.#checked = undefined;
      if (error instanceof Error) this.#note(error.message);
      throw error;
    }
  }

  /** A full Redis may be set to throw away what expires: leases, and which batches were applied. */
  async #evictionProblem(): Promise<string | undefined> {
    const valueByName = new Map<unknown, unknown>();
    try {
      const reply = await this.#redis.call("CONFIG", ["GET", "maxmemory*"]);
      if (Array.isArray(reply)) {
        for (let at = 0; at < reply.length; at += 2) valueByName.set(reply[at], reply[at + 1]);
      }
    } catch (error) {
      if (isReply(error)) return undefined; // some that are managed by others don't tell
      throw error;
    }
    const policy = valueByName.get("maxmemory-policy");
    if (valueByName.get("maxmemory") === "0" || policy === "noeviction") return undefined;
    return `its maxmemory-policy must be noeviction: current value is ${policy}`;
  }

  async #evaluate(call: Call): Promise<unknown> {
    try {
      return await this.#send(call);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return await this.#send(call); // whole this time
    }
  }

  async #send({ script, args }: Call): Promise<unknown> {
    const [command, text] = this.#known.has(script) ? ["EVALSHA", shaOf(script)] : ["EVAL", script.lua];
    try {
      // Scripts make the names of keys from their prefix, so that none is named here.
      const reply = await this.#redis.callBuffer(command, [text, "0", ...args.map(argumentOf)]);
      this.#known.add(script);
      return reply;
    } catch (error) {
      if (isUnknownScript(error)) this.#known.delete(script);
      throw error;
    }
  }
}

/** Hears from one Sentinel which masters are replaced: without, a planned fail-over would go unnoticed for 10 s. */
class Watch {
  readonly #redis: Redis;
  /** Since it was last connected. */
  trouble: string | undefined;

  constructor(
    address: string,
    { credentials: { sentinelUsername, sentinelPassword }, tls }: Pick<ShardsOptions, "credentials" | "tls">,
    onReplaced: (name: string, master: Address) => void,
  ) {
    this.#redis = new Redis({
      ...addressOf(address),
      ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
      ...(tls === undefined ? {} : { tls }),
      ...common,
      enableReadyCheck: false,
      autoResubscribe: false,
      retryStrategy: (attempts) => Math.min(attempts * 100, 1000),
    });
    // One Sentinel is not needed while others can be asked; where none can, the links say so.
    const note = (error: Error) => this.trouble = error.message;
    this.#redis.on("error", note);
    this.#redis.on("ready", () => {
      this.trouble = undefined;
      this.#redis.subscribe("+switch-master").catch(note);
    });
    this.#redis.on("message", (_channel: string, message: string) => {
      const [name, _oldHost, _oldPort, host, port] = message.split(" ");
      onReplaced(name, { host, port: Number(port) });
    });
  }

  begin(): void {
    if (this.#redis.status === "wait") this.#redis.connect().catch(() => undefined); // heard of as an error event too
  }

  async close(): Promise<void> {
    await end(this.#redis);
  }
}

/** Each option is here for a reason found by killing, freezing and failing over masters. */
const common = {
  protocol: 2,
  disableClientInfo: true, // CLIENT SETINFO is newer than Redis 2.8
  lazyConnect: true,
  connectTimeout: 1000,
  disconnectTimeout: 200,
  // A command is sent now or fails now; one that is queued would be run after its caller was told that it failed.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // Else commands in flight when a connection is lost stay pending for ever.
  maxRetriesPerRequest: 0,
} as const;

function connectionTo(name: string, { sentinels, credentials, tls }: ShardsOptions): Redis {
  return new Redis({
    ...common,
    ...credentials,
    ...(tls === undefined ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    name,
    sentinels: sentinels.map(addressOf),
    // Nothing else bounds a Sentinel that accepts and never answers.
    sentinelCommandTimeout: 500,
    sentinelRetryStrategy: (attempts) => Math.min(attempts * 50, 500),
    retryStrategy: (attempts) => Math.min(attempts * 25, 250),
    commandTimeout: COMMAND_MS,
    // Else a frozen master is never noticed.
    socketTimeout: SILENCE_MS,
    // The master was demoted under us. 1 means: connect anew, but don't send the command again.
    reconnectOnError: (error) => error.message.includes("READONLY") ? 1 : false,
  });
}

async function end(redis: Redis): Promise<void> {
  const { status } = redis;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  redis.once("end", resolve);
  redis.disconnect();
  // Of a connection that it was about to open anew, ioredis says no more.
  if (status !== "reconnecting" && status !== "end") await ended;
}

/** "host:port" or "[host]:port". */
function addressOf(address: string): Address {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)) };
}

/** Bytes as ioredis takes them: a plain Uint8Array would be sent as "0,255,...". */
function argumentOf(value: ScriptArgument): string | Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return String(value);
}

const shaByScript = new Map<Script, string>();

function shaOf(script: Script): string {
  const sha = shaByScript.get(script) ?? createHash("sha1").update(script.lua).digest("hex");
  shaByScript.set(script, sha);
  return sha;
}

/** Redis answered, if only that it will not do it. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/** Redis doesn't know the script by its hash: nothing was run. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
