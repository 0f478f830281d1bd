// StatsD and DogStatsD lines that come by UDP: folded apart until the next flush, then taken in as a post is. Nobody is
// answered, so that all there is to say of a line is in the figures.

import { DEFAULT_CLIENT } from "../core/event.ts";
import { type DenialOf, Folding } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { escapeBase } from "../core/names.ts";
import type { LineRefusalCode } from "../core/refusal.ts";
import { GaugeValues } from "../core/wire/gauge_values.ts";
import { StatsdReader } from "../core/wire/statsd.ts";
import type { Clock } from "../core/world.ts";
import type { Intake } from "./intake.ts";

export interface StatsdOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly statesMax: number;
  readonly denialOf?: DenialOf | undefined;
  /** Whose events they are. */
  readonly client: string;
  readonly intake: Intake;
  /** Told what was taken in, and of which events not, and why. */
  readonly taken: (events: number, refused: ReadonlyMap<LineRefusalCode, number>) => void;
}

export interface StatsdStatus {
  readonly datagrams: number;
  /** Received while there was no room for them. What the system itself dropped is not known here. */
  readonly datagramsDropped: number;
  readonly lines: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Folded and not yet taken in. */
  readonly held: number;
}

/** The client that a host is: its name, where what no name can hold is written as in tabs. */
export function clientOfHost(hostname: string): string {
  return escapeBase(hostname).slice(0, limits.nameCharactersMax) || DEFAULT_CLIENT;
}

export class Statsd {
  readonly #options: StatsdOptions;
  readonly #reader: StatsdReader;
  #folding: Folding;
  #datagrams = 0;
  #datagramsDropped = 0;

  constructor(options: StatsdOptions) {
    this.#options = options;
    this.#folding = this.#open();
    this.#reader = new StatsdReader({
      client: options.client,
      gauges: new GaugeValues({ gaugesMax: options.statesMax }),
      fold: (line) => {
        const folded = this.#folding.add(line, options.clock());
        return folded.ok ? undefined : folded.refusal.code;
      },
    });
  }

  take(datagram: Uint8Array): void {
    this.#datagrams++;
    this.#reader.take(datagram, this.#options.clock());
  }

  drop(datagrams: number): void {
    this.#datagramsDropped += datagrams;
  }

  /** Events folded and not yet taken in. */
  get held(): number {
    return this.#folding.events;
  }

  /** Hands what was folded to the intake; what that can't keep now waits here, and goes on growing. */
  flush(): void {
    this.#reader.flush();
    if (this.#folding.size === 0) return;
    const { events } = this.#folding;
    const taken = this.#options.intake.absorb(this.#folding);
    if (!taken.ok) return;
    const refused = new Map<LineRefusalCode, number>();
    let lost = 0;
    for (const { folded, refusal: { code } } of taken.value) {
      refused.set(code, (refused.get(code) ?? 0) + folded.events);
      lost += folded.events;
    }
    this.#folding = this.#open();
    this.#options.taken(events - lost, refused);
  }

  status(): StatsdStatus {
    return {
      datagrams: this.#datagrams,
      datagramsDropped: this.#datagramsDropped,
      lines: this.#reader.lines,
      refused: Object.fromEntries(this.#reader.linesByRefusal),
      held: this.held,
    };
  }

  #open(): Folding {
    const { registry, statesMax, denialOf, intake } = this.#options;
    return new Folding(registry, { statesMax, denialOf, typeOf: (tab) => intake.typeOf(tab) });
  }
}
