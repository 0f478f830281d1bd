// The books of a cluster, from clients to States: which figures must add up to which others, and whether they do. What an
// agent or server counts begins anew with its process; what the store counts goes on.

import { countsAt, numberAt, sumOf } from "../json.ts";
import { plural } from "../numbers.ts";
import type { ClientsBook } from "./clients.ts";

/** What `/status` of an agent or server said, and where it was asked. */
export interface Book {
  readonly address: string;
  readonly status: unknown;
}

/** Read in this order: what is counted later on the way was read later, so under load it may be more and never less. */
export interface Books {
  /** Undefined where nobody gave any. */
  readonly clients: ClientsBook | undefined;
  readonly agents: readonly Book[];
  /** Each server that could be asked. */
  readonly servers: readonly Book[];
  /** The store's figures, as one server reads them. */
  readonly store: unknown;
}

export interface Sum {
  readonly name: string;
  readonly events: number;
}

export interface LedgerLine {
  readonly what: string;
  readonly left: readonly Sum[];
  /** "≤" where others may have sent as well, or processes that counted have ended. */
  readonly relation: "=" | "≤";
  readonly right: readonly Sum[];
}

/** Events that were not taken, by who refused them and why. Lines are counted where their events can't be. */
export interface Refusals {
  readonly who: string;
  readonly of: "posts" | "lines" | "events";
  readonly reason: string;
  readonly count: number;
}

/** How much the left side is more than the right; 0 where the line balances. */
export function excess({ left, relation, right }: LedgerLine): number {
  const difference = total(left) - total(right);
  return relation === "≤" ? Math.max(0, difference) : difference;
}

export function total(sums: readonly Sum[]): number {
  return sums.reduce((sum, { events }) => sum + events, 0);
}

export function ledgerOf(books: Books): readonly LedgerLine[] {
  const { clients, agents } = books;
  return [...clients === undefined ? [] : [clientsLine(clients)], ...agents.map(agentLine), ...storeLines(books)];
}

function clientsLine({ clients, recorded, acked, pending, droppedByReason }: ClientsBook): LedgerLine {
  return {
    what: plural(clients, "client"),
    left: [{ name: "recorded", events: recorded }],
    relation: "=",
    right: [
      { name: "acked", events: acked },
      { name: "pending", events: pending },
      { name: "dropped", events: sumOf(droppedByReason) },
    ],
  };
}

function agentLine({ address, status }: Book): LedgerLine {
  const events = (name: string): Sum => ({ name, events: numberAt(status, "events", name) ?? 0 });
  return {
    what: `agent ${address}`,
    left: [events("folded"), events("replayed")],
    relation: "=",
    right: [events("acked"), ...notPassedOn(status)],
  };
}

/** What an agent took and no server has taken of it. */
function notPassedOn(status: unknown): readonly Sum[] {
  const events = (name: string): Sum => ({ name, events: numberAt(status, "events", name) ?? 0 });
  const dropped = { name: "dropped", events: sumOf(countsAt(status, "events", "dropped")) };
  return [events("open"), events("held"), events("rejected"), dropped];
}

/** Whether the store's own figures could be read. */
export function hasStore({ store }: Books): boolean {
  return numberAt(store, "events", "enqueued") !== undefined && numberAt(store, "events", "committed") !== undefined;
}

function* storeLines(books: Books): Generator<LedgerLine> {
  if (!hasStore(books)) return;
  const { clients, agents, servers, store } = books;
  const figure = (name: string): Sum => ({ name, events: numberAt(store, "events", name) ?? 0 });
  const [enqueued, committed] = [figure("enqueued"), figure("committed")];
  const toStore = (books: readonly Book[], keys: readonly string[]) =>
    books.map(({ address, status }) => ({ name: address, events: numberAt(status, ...keys) ?? 0 }));
  if (clients !== undefined) {
    const left = [{ name: "acked", events: clients.acked }];
    const withAgents = { name: "with agents", events: total(agents.flatMap(({ status }) => notPassedOn(status))) };
    yield { what: "acknowledged to clients", left, relation: "≤", right: [enqueued, withAgents] };
  }
  if (agents.length > 0) {
    const left = toStore(agents, ["events", "acked"]);
    yield { what: "acknowledged to agents", left, relation: "≤", right: [enqueued] };
  }
  const accepted = toStore(servers, ["ingest", "events", "accepted"]);
  yield { what: "accepted by servers", left: accepted, relation: "≤", right: [enqueued] };
  // Counted by themselves: each entry that waits holds an event at least, and where none waits nothing is missing.
  const entries = numberAt(store, "queues", "entries");
  if (entries !== undefined) {
    const left = [{ name: "entries", events: entries }];
    const waiting = { name: "enqueued and not committed", events: enqueued.events - committed.events };
    yield { what: "queues", left, relation: entries === 0 ? "=" : "≤", right: [waiting] };
  }
}

export function* refusalsOf({ clients, agents, servers }: Books): Generator<Refusals> {
  if (clients !== undefined) yield* reasons(plural(clients.clients, "client"), "events", clients.droppedByReason);
  for (const { address, status } of agents) {
    yield* reasons(`agent ${address}`, "posts", countsAt(status, "posts", "refused"));
    yield* reasons(`agent ${address}`, "lines", countsAt(status, "lines", "refused"));
    yield* reasons(`agent ${address}`, "events", countsAt(status, "events", "dropped"));
    yield* reasons(`agent ${address} (StatsD)`, "lines", countsAt(status, "statsd", "refused"));
  }
  for (const { address, status } of servers) {
    yield* reasons(`server ${address}`, "posts", countsAt(status, "ingest", "posts", "refused"));
    yield* reasons(`server ${address}`, "lines", countsAt(status, "ingest", "lines", "refused"));
  }
}

function* reasons(who: string, of: Refusals["of"], counts: ReadonlyMap<string, number>): Generator<Refusals> {
  for (const [reason, count] of counts) if (count > 0) yield { who, of, reason, count };
}
