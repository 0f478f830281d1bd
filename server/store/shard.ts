// One shard as the store sees it: scripts are run on its master, and what replicas must have waits for them. Knows nothing
// of how the master is reached.

import type { ShardRange } from "./shard_ranges.ts";
import { StoreTrouble } from "./store.ts";
import { type Waited, WaitGroups } from "./wait_groups.ts";

/** A Lua script; what it does is said where it stands. */
export interface Script {
  /** For messages: "Cannot <name> on shard ...". */
  readonly name: string;
  readonly lua: string;
}

export type ScriptArgument = string | number | Uint8Array;

/** One run of a script. What it answers is what Redis answered: bytes, numbers, null and lists of these. */
export interface Call {
  readonly script: Script;
  readonly args: readonly ScriptArgument[];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A connection to the master, whichever that is. All that it does may reject, for any reason. */
export interface Link {
  /** Why it can't be used now, as far as is known, in one line. */
  readonly trouble: string | undefined;
  /** How often the connection was lost. */
  readonly losses: number;
  run(call: Call): Promise<unknown>;
  /** Runs calls, and waits for so many replicas or so long. */
  runAndWait(calls: readonly Call[], options: { readonly replicas: number; readonly ms: number }): Promise<Waited>;
  /** The master was replaced by this one. */
  follow(master: Address): void;
  close(): Promise<void>;
}

/** How long replicas have to confirm. */
const CONFIRM_MS = 500;

/** One master. Connects when first used, and anew whenever the connection is lost. */
export class Shard {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly #replicas: number;
  readonly #link: Link;
  /** WAIT holds up whatever comes after it on its connection, so what waits has a connection of its own. */
  readonly #waitingLink: Link;
  readonly #groups: WaitGroups<Call>;

  /** `replicas` is how many must confirm what `runReplicated` wrote. */
  constructor(range: ShardRange, options: { readonly replicas: number; readonly open: () => Link }) {
    const { replicas, open } = options;
    this.name = range.name;
    [this.first, this.last] = range.buckets;
    this.#replicas = replicas;
    this.#link = open();
    this.#waitingLink = replicas > 0 ? open() : this.#link;
    this.#groups = new WaitGroups((calls) => this.#waitingLink.runAndWait(calls, { replicas, ms: CONFIRM_MS }));
  }

  /** Why it can't be used now, as far as is known, in one line. */
  get trouble(): string | undefined {
    return this.#link.trouble ?? this.#waitingLink.trouble;
  }

  /** Raised with each loss of the connection: calls between which it stays the same went to the same master. */
  get losses(): number {
    return this.#link.losses;
  }

  /** @throws {StoreTrouble} where the script is not known to have run. */
  async run(script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
    return await this.#act(script, () => this.#link.run({ script, args }));
  }

  /**
   * Runs a script and answers once the replicas have confirmed what it wrote and whatever was written before. Calls
   * that come while others wait are sent together and share the next WAIT.
   * @throws {StoreTrouble} also where the script has run, but too few replicas confirm it
   */
  async runReplicated(script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
    if (this.#replicas === 0) return await this.run(script, args);
    return await this.#act(script, async () => {
      const { reply, confirmed } = await this.#groups.run({ script, args });
      if (confirmed >= this.#replicas) return reply;
      throw new Error(`${this.#replicas} replicas must confirm within ${CONFIRM_MS} ms: current value is ${confirmed}`);
    });
  }

  /** Its master was replaced by the one at this address. */
  follow(master: Address): void {
    this.#link.follow(master);
    if (this.#waitingLink !== this.#link) this.#waitingLink.follow(master);
  }

  async close(): Promise<void> {
    await this.#link.close();
    if (this.#waitingLink !== this.#link) await this.#waitingLink.close();
  }

  async #act(script: Script, act: () => Promise<unknown>): Promise<unknown> {
    try {
      return await act();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StoreTrouble(`Cannot ${script.name} on shard "${this.name}": ${reason}`, { cause });
    }
  }
}
