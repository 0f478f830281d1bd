// The current values of one client's gauges, which its deltas (`+4`, `-2`) are added to. Bounded: what there is no
// room for is said, never guessed.

import { limits } from "../limits.ts";

/** The least step between two times of a gauge: what doubles of this century tell apart. */
const TIME_STEP_S = 2 ** -21;
/**
 * A gauge is set so long before now. Clocks tick in milliseconds, and of two values with one time the State could not
 * know the later: so they get different ones, of which none is ahead of any clock for that.
 */
const TIME_LAG_S = 0.001;

const SWEEP_PERIOD_S = 60;

export class GaugeValue {
  value = 0;
  /** When it was last set or changed; no two times are the same. */
  time = -Infinity;

  set(value: number, now: number): void {
    this.value = value;
    this.time = Math.max(now - TIME_LAG_S, this.time + TIME_STEP_S);
  }
}

/** Tabs to their gauges' values. */
export class GaugeValues {
  readonly #gaugesMax: number;
  readonly #byTab = new Map<string, GaugeValue>();
  #swept = -Infinity;

  constructor(options: { readonly gaugesMax: number }) {
    this.#gaugesMax = options.gaugesMax;
  }

  get size(): number {
    return this.#byTab.size;
  }

  /** The gauge of the tab, to be set; 0 where it is new. Undefined where there is no room for another. */
  open(tab: string, now: number): GaugeValue | undefined {
    const known = this.#byTab.get(tab);
    if (known !== undefined) return known;
    if (this.#byTab.size >= this.#gaugesMax) this.#sweep(now);
    if (this.#byTab.size >= this.#gaugesMax) return undefined;
    const gauge = new GaugeValue();
    this.#byTab.set(tab, gauge);
    return gauge;
  }

  /** Forgets the gauges that a Gauge would have forgotten. Looks at all of them, so only once in a while. */
  #sweep(now: number): void {
    if (now - this.#swept < SWEEP_PERIOD_S) return;
    this.#swept = now;
    for (const [tab, { time }] of this.#byTab) {
      if (time < now - limits.gaugeForgottenS) this.#byTab.delete(tab);
    }
  }
}
