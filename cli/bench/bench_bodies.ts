// The posts of `taba-cli bench`: events spread over tabs and clients that are known by the run, raw or folded.

import { joinBytes } from "../../core/bytes.ts";
import type { BatchId } from "../../core/event.ts";
import { counterGroup } from "../../core/handlers/counter_group.ts";
import { type WireLine, writeBatch } from "../../core/wire/ndjson.ts";
import type { Clock, Random } from "../../core/world.ts";

export interface BenchPlan {
  /** Names the clients of this run: what it sent can be told from all else. */
  readonly run: string;
  readonly tabs: number;
  readonly clients: number;
  readonly isRaw: boolean;
}

export interface BenchPost {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly events: number;
  /** Of each line, the header not among them. */
  readonly eventsByLine: readonly number[];
}

/** As many events of one tab and client go on a line, raw or folded. */
const EVENTS_A_LINE = 50;

/** Regular expressions for a run's tabs and clients. */
export function patternsOf({ run }: BenchPlan): { readonly tabs: string; readonly clients: string } {
  return { tabs: "bench_[0-9]+", clients: `bench-${run}-[0-9]+` };
}

export class BenchBodies {
  readonly #plan: BenchPlan;
  readonly #world: { readonly clock: Clock; readonly random: Random };
  #posts = 0;
  #tab = 0;

  constructor(plan: BenchPlan, world: { readonly clock: Clock; readonly random: Random }) {
    this.#plan = plan;
    this.#world = world;
  }

  /** The next post of so many events: one client, and the tabs that follow those of the post before. */
  next(events: number, id: BatchId): BenchPost {
    const { run, tabs, clients } = this.#plan;
    const client = `bench-${run}-${this.#posts++ % clients}`;
    const eventsByLine: number[] = [];
    const lines: WireLine[] = [];
    for (let left = events; left > 0;) {
      const count = Math.min(left, EVENTS_A_LINE);
      left -= count;
      eventsByLine.push(count);
      lines.push(this.#line(`bench_${this.#tab++ % tabs}`, count));
    }
    return { body: joinBytes([...writeBatch({ id, client }, lines)]), events, eventsByLine };
  }

  #line(tab: string, count: number): WireLine {
    const { clock, random } = this.#world;
    const values = Array.from({ length: count }, () => Math.round(1000 * random()) / 100);
    const { type, version } = counterGroup;
    if (this.#plan.isRaw) return { tab, type, events: values.map((value) => [null, value] as const) };
    const state = counterGroup.create("");
    const now = clock();
    for (const value of values) counterGroup.fold(state, now, value);
    return { tab, type, version, events: count, encoded: counterGroup.encode(state) };
  }
}
