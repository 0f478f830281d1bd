// The books of a cluster, from agents to States: which figures must add up to which others, and whether they do. What an
// agent or server counts begins anew with its process; what the store counts goes on.

import { countsAt, numberAt, sumOf } from "../json.ts";

/** What `/status` of an agent or server said, and where it was asked. */
export interface Book {
  readonly address: string;
  readonly status: unknown;
}

/** Read in this order: what is counted later on the way was read later, so under load it may be more and never less. */
export interface Books {
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
  return [...books.agents.map(agentLine), ...storeLines(books)];
}

function agentLine({ address, status }: Book): LedgerLine {
  const events = (name: string): Sum => ({ name, events: numberAt(status, "events", name) ?? 0 });
  return {
    what: `agent ${address}`,
    left: [events("folded"), events("replayed")],
    relation: "=",
    right: [
      events("acked"),
      events("open"),
      events("held"),
      events("rejected"),
      { name: "dropped", events: sumOf(countsAt(status, "events", "dropped")) },
    ],
  };
}

function* storeLines({ agents, servers, store }: Books): Generator<LedgerLine> {
  const figure = (name: string) => numberAt(store, "events", name);
  const [enqueued, committed, queued] = [figure("enqueued"), figure("committed"), figure("queued")];
  if (enqueued === undefined || committed === undefined) return;
  const ofStore = [{ name: "enqueued", events: enqueued }];
  const toStore = (books: readonly Book[], keys: readonly string[]) =>
    books.map(({ address, status }) => ({ name: address, events: numberAt(status, ...keys) ?? 0 }));
  if (agents.length > 0) {
    const left = toStore(agents, ["events", "acked"]);
    yield { what: "acknowledged to agents", left, relation: "≤", right: ofStore };
  }
  const accepted = toStore(servers, ["ingest", "events", "accepted"]);
  yield { what: "accepted by servers", left: accepted, relation: "≤", right: ofStore };
  const waiting = { name: "queued", events: queued ?? enqueued - committed };
  yield { what: "store", left: ofStore, relation: "=", right: [{ name: "committed", events: committed }, waiting] };
  // Counted by itself: each entry that waits holds an event at least, and where none waits nothing is missing.
  const entries = numberAt(store, "queues", "entries");
  if (entries !== undefined) {
    const isEmpty = entries === 0;
    const right = [waiting];
    yield { what: "queues", left: [{ name: "entries", events: entries }], relation: isEmpty ? "=" : "≤", right };
  }
  const drained = toStore(servers, ["drain", "events"]);
  yield {
    what: "committed by servers",
    left: drained,
    relation: "≤",
    right: [{ name: "committed", events: committed }],
  };
}

export function* refusalsOf({ agents, servers }: Books): Generator<Refusals> {
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
