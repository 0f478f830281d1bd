// What a client may be told, and how it is checked. The only place in the client that throws.

import { DEFAULT_CLIENT } from "../core/event.ts";
import type { Handler } from "../core/handlers/handler.ts";
import { createRegistry, type Registry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { nameProblem } from "../core/names.ts";
import { quote } from "../core/quote.ts";
import { type Platform, platform } from "./platform.ts";

/** How a {@linkcode TabaClient} is set up. Everything has a default. */
export interface TabaClientOptions extends Partial<Platform> {
  /**
   * Who records: an id that stays the same when the process restarts, e.g. `"web-17"`. What the system keeps, it keeps
   * per client, and a Gauge counts clients; so processes that give none share the id `"unknown"`.
   */
  readonly client?: string | undefined;
  /** Where to post to: the URL of an agent, or of a server. Default `"http://127.0.0.1:8279"`, the agent of this host. */
  readonly agent?: string | undefined;
  /** Sent as `authorization: Bearer …`, where the agent asks for one. */
  readonly token?: string | undefined;
  /**
   * Milliseconds from one flush to the next, as long as there is something to send. Flushes that take more than an eighth
   * of it, of many thousand tabs, come less often, so that they take no larger share of the host's time. Default 1,000.
   */
  readonly flushPeriodMs?: number;
  /**
   * Milliseconds after which that is sent which is recorded when the last flush is a period or longer ago. Default 100:
   * it is seen soon, and is one batch all the same. Not for the first flush.
   */
  readonly gatherMs?: number;
  /** Milliseconds after which an unanswered request counts as failed. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds that `stop` may take at most. Default 3,000. */
  readonly stopTimeoutMs?: number;
  /**
   * Whether events are folded here into one State a tab, which is what makes the client cheap. With `false` the events
   * themselves are sent, each with its own time, at most `eventsMax` held at once. Default `true`.
   */
  readonly fold?: boolean;
  /** Tabs known at once; events of further ones are dropped and counted. Unused tabs are forgotten. Default 100,000. */
  readonly tabsMax?: number;
  /** Events held unfolded at once. Default 100,000. */
  readonly eventsMax?: number;
  /** Bytes of memory, about, that all that waits may take; events beyond are dropped and counted. Default 128 MiB. */
  readonly bytesMax?: number;
  /** Handlers of further types, where those are to be folded here. Events of other unknown types are sent unfolded. */
  readonly handlers?: readonly Handler[];
}

/** Options after checking, with nothing left out. */
export interface Settings extends Platform {
  readonly client: string;
  /** Where the batches go. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly flushPeriodMs: number;
  readonly gatherMs: number;
  readonly requestTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly fold: boolean;
  readonly tabsMax: number;
  readonly eventsMax: number;
  readonly bytesMax: number;
  readonly registry: Registry;
}

export const DEFAULT_AGENT = "http://127.0.0.1:8279";

/** @throws {TypeError} for an option that can't be followed; its message names it, and what it must be. */
export function checkOptions(options: TabaClientOptions): Settings {
  const client = options.client ?? DEFAULT_CLIENT;
  const problem = nameProblem(client);
  if (problem !== undefined) refuse("client", problem);
  return {
    client,
    url: postUrl(options.agent ?? DEFAULT_AGENT),
    headers: headers(options.token),
    flushPeriodMs: whole("flushPeriodMs", options.flushPeriodMs ?? 1000),
    gatherMs: whole("gatherMs", options.gatherMs ?? 100),
    requestTimeoutMs: whole("requestTimeoutMs", options.requestTimeoutMs ?? 10_000),
    stopTimeoutMs: whole("stopTimeoutMs", options.stopTimeoutMs ?? 3000),
    fold: checkFold(options.fold ?? true),
    tabsMax: whole("tabsMax", options.tabsMax ?? limits.clientTabsMax),
    eventsMax: whole("eventsMax", options.eventsMax ?? limits.clientEventsMax),
    bytesMax: whole("bytesMax", options.bytesMax ?? limits.clientBytesMax),
    registry: registryOf(options.handlers ?? []),
    ...platformOf(options),
  };
}

function platformOf(options: TabaClientOptions): Platform {
  const names = ["clock", "stopwatch", "random", "fetch", "setTimer"] as const;
  for (const name of names) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "function") {
      refuse(name, `must be a function: current value is ${quote(value)}`);
    }
  }
  return {
    clock: options.clock ?? platform.clock,
    // A clock of the caller's own is meant to rule all that is measured.
    stopwatch: options.stopwatch ?? options.clock ?? platform.stopwatch,
    random: options.random ?? platform.random,
    fetch: options.fetch ?? platform.fetch,
    setTimer: options.setTimer ?? platform.setTimer,
  };
}

function registryOf(handlers: unknown): Registry {
  if (!Array.isArray(handlers) || !handlers.every((handler) => typeof handler?.type === "string")) {
    return refuse("handlers", "must be a list of handlers");
  }
  try {
    return createRegistry(handlers);
  } catch (error) {
    return refuse("handlers", `can't be used: ${error instanceof Error ? error.message : error}`);
  }
}

function checkFold(fold: unknown): boolean {
  return typeof fold === "boolean" ? fold : refuse("fold", `must be true or false: current value is ${quote(fold)}`);
}

function postUrl(agent: unknown): string {
  // Not URL.parse, which Node 20 doesn't have.
  if (typeof agent !== "string" || !/^https?:/i.test(agent) || !URL.canParse(agent)) {
    return refuse("agent", `must be a URL like ${DEFAULT_AGENT}: current value is ${quote(agent)}`);
  }
  const found = new URL(agent.endsWith("/") ? agent : `${agent}/`);
  if (found.username !== "" || found.password !== "" || found.search !== "" || found.hash !== "") {
    return refuse("agent", `must be a URL of host and path alone (a token has its own option)`);
  }
  return new URL("post", found).href;
}

function headers(token: unknown): Readonly<Record<string, string>> {
  const always = { "content-type": "application/x-ndjson" };
  if (token === undefined) return always;
  // What a header can carry; anything else would make every fetch fail.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    return refuse("token", "must be a string of printable ASCII characters without spaces");
  }
  return { ...always, authorization: `Bearer ${token}` };
}

/** A setTimeout of more than 2^31 - 1 ms fires at once. */
const WHOLE_MAX = 2 ** 31 - 1;

function whole(option: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= WHOLE_MAX) return value;
  return refuse(option, `must be a whole number from 1 to ${WHOLE_MAX}: current value is ${quote(value)}`);
}

function refuse(option: string, problem: string): never {
  throw new TypeError(`Cannot set up the client as its option "${option}" ${problem}`);
}
