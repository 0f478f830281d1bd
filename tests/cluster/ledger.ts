// What senders offered and were told is accepted, by tab, held against what servers answer.

import { assertEquals } from "@std/assert";
import { request } from "./request.ts";

/** Events of one tab, and the sum of their values. Values are whole numbers, so that sums are exact. */
export interface Sum {
  readonly events: number;
  readonly total: number;
}

export type Sums = ReadonlyMap<string, Sum>;

const NOTHING: Sum = { events: 0, total: 0 };

export class Ledger {
  /** Whether a query sees what was accepted at once; what an agent has accepted, it sees a little later. */
  readonly isSeenAtOnce: boolean;
  readonly #offered = new Map<string, Sum>();
  readonly #accepted = new Map<string, Sum>();
  #batches = 0;

  constructor(options: { readonly isSeenAtOnce: boolean }) {
    this.isSeenAtOnce = options.isSeenAtOnce;
  }

  /** Batches accepted. */
  get batches(): number {
    return this.#batches;
  }

  get events(): number {
    return [...this.#accepted.values()].reduce((events, sum) => events + sum.events, 0);
  }

  /** A batch is about to be sent for the first time. */
  offer(sums: Sums): void {
    addAll(this.#offered, sums);
  }

  /** Its sender was told that it is accepted. */
  accept(sums: Sums): void {
    addAll(this.#accepted, sums);
    this.#batches++;
  }

  /** What must be seen from now on. */
  accepted(): Sums {
    return new Map(this.#accepted);
  }

  /** Beyond this nothing can be seen yet. */
  offered(): Sums {
    return new Map(this.#offered);
  }
}

/** What a server answers for its tabs. @throws where it can't */
export async function readTabs(url: string): Promise<Sums> {
  const { status, text } = await request(`${url}/tabs`, { headers: { accept: "application/json" } });
  if (status !== 200) throw new Error(`${url}/tabs answered ${status}: ${text}`);
  const answer: Record<string, unknown> = JSON.parse(text);
  return new Map(Object.entries(answer).map(([tab, value]) => [tab, sumOf(value)]));
}

/** Fails unless this server has counted what was accepted, to the event. */
export async function assertCounted(url: string, ledgers: readonly Ledger[]): Promise<void> {
  const expected = ledgers.flatMap((ledger) => [...ledger.accepted()]).sort(byTab);
  assertEquals([...await readTabs(url)].sort(byTab), expected);
}

/** Events that were accepted and are not there (lost), and those that are there but were not accepted (extra). */
export function differences(seen: Sums, accepted: Sums): { readonly lost: number; readonly extra: number } {
  let [lost, extra] = [0, 0];
  for (const tab of new Set([...seen.keys(), ...accepted.keys()])) {
    const more = (seen.get(tab) ?? NOTHING).events - (accepted.get(tab) ?? NOTHING).events;
    lost += Math.max(0, -more);
    extra += Math.max(0, more);
  }
  return { lost, extra };
}

/** Reads again and again while the cluster suffers, and notes whatever no query may ever show. */
export class Reader {
  readonly #urls: readonly string[];
  readonly #ledgers: readonly Ledger[];
  readonly #mayFall: boolean;
  readonly violations: string[] = [];
  /** Answers that were looked at, and queries that got none. */
  readonly counts = { read: 0, failed: 0 };
  #before: Sums = new Map();
  #isStopping = false;

  /**
   * `mayFall`: a fail-over may throw away what nobody was told is accepted, but a reader may have seen. Only what was
   * accepted is then held against the answers.
   */
  constructor(urls: readonly string[], options: { readonly ledgers: readonly Ledger[]; readonly mayFall?: boolean }) {
    this.#urls = urls;
    this.#ledgers = options.ledgers;
    this.#mayFall = options.mayFall ?? false;
  }

  async run(): Promise<void> {
    for (let turn = 0; !this.#isStopping; turn++) {
      await this.#look(this.#urls[turn % this.#urls.length]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  async #look(url: string): Promise<void> {
    const accepted = this.#ledgers.map((ledger) => ledger.isSeenAtOnce ? ledger.accepted() : new Map<string, Sum>());
    let seen: Sums;
    try {
      seen = await readTabs(url);
    } catch {
      this.counts.failed++; // killed under us, or without its store
      return;
    }
    this.counts.read++;
    this.#ledgers.forEach((ledger, index) => {
      for (const [tab, sum] of accepted[index]) {
        this.#hold(tab, seen.get(tab), { atLeast: sum.events, why: "accepted" });
      }
      for (const [tab, sum] of ledger.offered()) {
        const events = seen.get(tab)?.events ?? 0;
        if (events > sum.events) this.#note(`${tab} shows ${events} events where only ${sum.events} were offered`);
      }
    });
    if (this.#mayFall) return;
    for (const [tab, sum] of this.#before) this.#hold(tab, seen.get(tab), { atLeast: sum.events, why: "shown before" });
    this.#before = seen;
  }

  #hold(tab: string, sum: Sum | undefined, options: { readonly atLeast: number; readonly why: string }): void {
    const events = sum?.events ?? 0;
    if (events < options.atLeast) {
      this.#note(`${tab} shows ${events} events where ${options.atLeast} were ${options.why}`);
    }
  }

  #note(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation);
  }
}

function addAll(into: Map<string, Sum>, sums: Sums): void {
  for (const [tab, { events, total }] of sums) {
    const sum = into.get(tab) ?? NOTHING;
    into.set(tab, { events: sum.events + events, total: sum.total + total });
  }
}

/** What a type shows that keeps all time, or of those with windows that of a day. */
function sumOf(value: unknown): Sum {
  if (typeof value !== "object" || value === null) throw new Error(`${value} must be what a type shows`);
  if ("1d" in value) return sumOf(value["1d"]);
  if (!("count" in value && "total" in value)) {
    throw new Error(`${JSON.stringify(value)} must have a count and a total`);
  }
  return { events: Number(value.count), total: Number(value.total) };
}

function byTab([a]: readonly [string, Sum], [b]: readonly [string, Sum]): number {
  return a < b ? -1 : 1;
}
