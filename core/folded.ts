// The State of one (tab, client) while lines are folded into it, and which payloads may be folded. A State that came in
// bytes is not taken apart unless something else goes into it: it leaves as it came.

import type { Encoded, EncodedState, Line, Payload } from "./event.ts";
import { DecodeError, type Handler, lend } from "./handlers/handler.ts";
import { accept, type LineRefusal, refuse, type Result } from "./refusal.ts";

/** A payload of which every event is known to be acceptable. */
export type Checked = Exclude<Payload, EncodedState> | DecodedState;

interface DecodedState {
  readonly kind: "decoded";
  /** Only lent where it comes encoded as well. */
  readonly state: unknown;
  /** What it may be passed on as; bytes lie in scratch space. */
  readonly encoded: Encoded | undefined;
  readonly count: number;
}

/** The State of one (tab, client), and what went into it. */
export class Folded {
  readonly tab: string;
  readonly client: string;
  readonly handler: Handler;
  #events = 0;
  #lines: number[] = [];
  /** While this is there, it is the State. */
  #encoded: Encoded | undefined;
  #state: unknown;
  /** Events may be folded only into a State that was created for its client. */
  #origin: "none" | "foreign" | "own" = "none";

  constructor({ tab, client, handler }: Pick<Folded, "tab" | "client" | "handler">) {
    this.tab = tab;
    this.client = client;
    this.handler = handler;
  }

  /** Events folded in. */
  get events(): number {
    return this.#events;
  }

  /** The lines that they came from, so that a later refusal can name them. Empty after `adopted`. */
  get lines(): readonly number[] {
    return this.#lines;
  }

  /** Whether the State is there as itself, and not in the bytes that it came in. */
  get isOpened(): boolean {
    return this.#origin !== "none" && this.#encoded === undefined;
  }

  /** The State itself. To be read only. */
  get state(): unknown {
    if (this.#encoded === undefined) return this.#state;
    this.#state = this.handler.decode(this.#encoded, this.handler.version);
    this.#encoded = undefined;
    return this.#state;
  }

  /** The State, encoded. To be read only. */
  encode(): Encoded {
    return this.#encoded ?? this.handler.encode(this.#state);
  }

  /** Folds a line's payload in, and answers how many events that was. */
  fold(payload: Checked, { line, now }: { readonly line: Line; readonly now: number }): number {
    const events = this.#add(payload, now);
    this.#events += events;
    for (let index = 0; index < (line.lines ?? 1); index++) this.#lines.push(line.number + index);
    return events;
  }

  /** Adds what `other` holds. */
  reduce(other: Folded): void {
    const { handler } = this;
    const into = this.state;
    handler.reduce(into, other.#encoded === undefined ? other.#state : lend(handler, other.#encoded, handler.version));
    this.#events += other.#events;
  }

  /** Itself, as one that came without lines. */
  adopted(): this {
    this.#lines = [];
    this.#origin = "foreign";
    return this;
  }

  #add(payload: Checked, now: number): number {
    switch (payload.kind) {
      case "decoded":
        this.#take(payload);
        return payload.count;
      case "json": {
        const state = this.#own();
        for (let index = 0; index < payload.values.length; index++) {
          this.handler.fold(state, timeOf(payload.times[index], now), payload.values[index]);
        }
        return payload.values.length;
      }
      case "numbers": {
        const { handler } = this;
        const { count, times, values } = payload;
        const state = this.#own();
        for (let index = 0; index < count; index++) times[index] = timeOf(times[index], now);
        if (handler.foldNumbers !== undefined) handler.foldNumbers(state, times, values, count);
        else for (let index = 0; index < count; index++) handler.fold(state, times[index], values[index]);
        return count;
      }
    }
  }

  #take({ state, encoded }: DecodedState): void {
    if (this.#origin !== "none") return this.handler.reduce(this.state, state);
    // By the laws, what was decoded is what it would be once reduced into an empty State.
    this.#origin = "foreign";
    if (encoded === undefined) this.#state = state;
    else this.#encoded = encoded instanceof Uint8Array ? encoded.slice() : encoded;
  }

  /** The State that events go into. */
  #own(): unknown {
    if (this.#origin === "own") return this.#state;
    const own = this.handler.create(this.client);
    if (this.#origin === "foreign") this.handler.reduce(own, this.state);
    this.#origin = "own";
    return this.#state = own;
  }
}

/** What of a line's payload may be folded: all, or nothing with the reason. Times after `now` are dealt with later. */
export function check(handler: Handler, payload: Payload, now: number): Result<Checked, LineRefusal> {
  if (payload.kind === "state") return decode(handler, payload, now);
  const count = payload.kind === "numbers" ? payload.count : payload.values.length;
  // Numbers are finite once parsed: a handler that takes columns has nothing left to check.
  if (payload.kind === "numbers" && handler.foldNumbers !== undefined) return accept(payload);
  for (let index = 0; index < count; index++) {
    const reason = handler.check(payload.values[index]);
    if (reason !== undefined) return refuse("value_illegal", `cannot fold value ${index + 1} of the line: ${reason}`);
  }
  return accept(payload);
}

function decode(handler: Handler, payload: EncodedState, now: number): Result<DecodedState, LineRefusal> {
  const { encoded, version, count } = payload;
  if (version > handler.version) {
    return refuse(
      "state_illegal",
      `cannot read a ${handler.type} State of version ${version}: the newest known here is ${handler.version}`,
    );
  }
  try {
    const state = lend(handler, encoded, version);
    const isAsItCame = handler.clamp(state, now) === false && version === handler.version;
    if (handler.lend === undefined) return accept({ kind: "decoded", state, encoded: undefined, count });
    return accept({ kind: "decoded", state, encoded: isAsItCame ? encoded : handler.encode(state), count });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse("state_illegal", `cannot read the ${handler.type} State: ${error.message}`);
  }
}

/** A missing time (NaN) or one ahead of now counts at now. */
function timeOf(time: number, now: number): number {
  return time <= now ? time : now;
}
