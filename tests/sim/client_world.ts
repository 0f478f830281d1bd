// A client on virtual time, and the agent that it posts to.

import { TabaClient } from "../../client/client.ts";
import type { TabaClientOptions } from "../../client/options.ts";
import { FakeServer, type Fate } from "./fake_server.ts";
import { turn, until, VirtualTime } from "./virtual_time.ts";

export const FLUSH_PERIOD_MS = 1000;
/** When its time begins. */
export const START = 1_763_890_000;

/** These fates for the first requests, and an answer for all later ones. */
export function fates(...first: readonly Fate[]): (index: number) => Fate {
  return (index) => first[index] ?? "answered";
}

export class ClientWorld {
  readonly time = new VirtualTime(START);
  readonly agent = new FakeServer(this.time);
  /** How each request was made. */
  readonly requests: RequestInit[] = [];
  /** Timers that run and would keep the process alive. */
  foregroundTimers = 0;
  readonly client: TabaClient;

  constructor(options: TabaClientOptions = {}) {
    this.client = new TabaClient({ client: "web-1", ...this.platform(), ...options });
  }

  platform(): TabaClientOptions {
    return {
      clock: this.time.clock,
      random: () => 0.5,
      fetch: (url, init) => {
        this.requests.push(init);
        return this.agent.fetch(new Request(url, init));
      },
      setTimer: (callback, ms, options) => this.#setTimer(callback, { ms, isForeground: !options?.background }),
    };
  }

  /** The bodies that were posted, as lines. */
  get bodies(): readonly (readonly string[])[] {
    return this.agent.received.map(({ body }) => new TextDecoder().decode(body).trimEnd().split("\n"));
  }

  /** What the agent has of a tab, as its handler shows it. */
  rendered(name: string, client = "web-1"): unknown {
    for (const { tab, client: owner, handler, state } of this.agent.ledger) {
      if (tab === name && owner === client) return handler.render(state, this.time.clock());
    }
    return undefined;
  }

  /** Lets time pass in steps, but never while the agent works, until the condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const step = () => this.agent.busy === 0 ? this.time.pass(FLUSH_PERIOD_MS / 10) : turn();
    await until(condition, { what, step });
  }

  /** Lets so much time pass, and the agent work as long as it takes. */
  async pass(ms: number): Promise<void> {
    const end = this.time.clock() + ms / 1000 - 1e-6;
    await this.until(`${ms} ms are over`, () => this.time.clock() >= end && this.agent.busy === 0);
  }

  /** The outcome of something that may need time to pass. */
  async outcome<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = promise.finally(() => isSettled = true);
    await this.until("the promise is settled", () => isSettled);
    return await settled;
  }

  #setTimer(callback: () => void, { ms, isForeground }: { readonly ms: number; readonly isForeground: boolean }) {
    const cancelled = new AbortController();
    const count = isForeground ? 1 : 0;
    this.foregroundTimers += count;
    this.time.sleep(ms, cancelled.signal).then(() => {
      this.foregroundTimers -= count;
      if (!cancelled.signal.aborted) callback();
    });
    return () => cancelled.abort();
  }
}
