// How long things took here lately, as percentiles over the usual windows: what `GET /latency` shows.

import { percentileGroup, type PercentileGroupState } from "../core/handlers/percentiles.ts";
import type { Clock } from "../core/world.ts";
import { type Measure, measureNothing } from "../service/own_tabs.ts";
import type { Format, Row } from "./render.ts";
import { rowOf } from "./render.ts";

/** `enqueue`: until the store had taken a post. `commit`: from then until its oldest entry was committed. */
export type DelayName = "enqueue" | "commit";

export class Delays {
  readonly #clock: Clock;
  readonly #measure: Measure;
  readonly #stateByName = new Map<DelayName, PercentileGroupState>();

  constructor(clock: Clock, measure: Measure = measureNothing) {
    this.#clock = clock;
    this.#measure = measure;
  }

  /** Something that began at `since`, in seconds since the epoch, has just ended. */
  record(name: DelayName, since: number): void {
    const now = this.#clock();
    const state = this.#stateByName.get(name) ?? percentileGroup.create("");
    this.#stateByName.set(name, state);
    // The clock of whoever began it may be ahead of ours.
    const delay = Math.max(0, now - since);
    percentileGroup.fold(state, now, delay);
    this.#measure(`taba_server_${name}_s`, delay);
  }

  /** Those of which something was recorded. */
  get states(): ReadonlyMap<DelayName, PercentileGroupState> {
    return this.#stateByName;
  }

  /** In seconds, as a PercentileGroup each. */
  *rows(format: Format): Generator<Row> {
    for (const [name, state] of this.#stateByName) {
      yield rowOf({ name, client: "", content: { ok: true, handler: percentileGroup, state } }, format, this.#clock());
    }
  }
}
