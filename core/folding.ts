// Lines become States: the fold that client posts, agents and ingest have in common. Owns which State a line goes
// to and why a line is refused; never reads bytes and never sends.

import { assert } from "./assert.ts";
import type { Encoded, Line, Payload } from "./event.ts";
import { DecodeError, type Handler } from "./handlers/handler.ts";
import type { Registry } from "./handlers/registry.ts";
import { accept, type LineRefusal, refuse, type Result } from "./refusal.ts";

/** The State of one (tab, client), and what went into it. */
export interface Folded {
  readonly tab: string;
  readonly client: string;
  readonly handler: Handler;
  readonly state: unknown;
  /** Events folded in. */
  readonly events: number;
  /** The lines that they came from, so that a later refusal can name them. Empty after `absorb`. */
  readonly lines: readonly number[];
}

export interface Refused {
  readonly folded: Folded;
  readonly refusal: LineRefusal;
}

export interface Sifted {
  readonly taken: readonly Folded[];
  readonly refused: readonly Refused[];
}

export interface FoldingOptions {
  /** States held at once: a line that would need one more is refused. */
  readonly statesMax: number;
  /** The type that a tab is known to have from before, if any. */
  readonly typeOf?: (tab: string) => string | undefined;
  /**
   * Folds lines of one tab with different types side by side, for a receiver that finds out later which type the tab
   * has: so no bad line that came first can cost the good ones.
   */
  readonly areTypesApart?: boolean;
}

interface TabFold {
  readonly handler: Handler;
  readonly byClient: Map<string, MutableFolded>;
}

type MutableFolded = { -readonly [Key in keyof Folded]: Folded[Key] } & {
  lines: number[];
  /** It was not created here, for its client: events must not be folded into it. */
  isForeign: boolean;
};

/** Lines folded into one State a (tab, client). */
export class Folding {
  readonly #registry: Registry;
  readonly #options: FoldingOptions;
  /** By tab, or by tab and type where types are apart. */
  readonly #byTab = new Map<string, TabFold>();
  #size = 0;
  #events = 0;

  constructor(registry: Registry, options: FoldingOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /** States held. */
  get size(): number {
    return this.#size;
  }

  /** Events folded into them. */
  get events(): number {
    return this.#events;
  }

  /**
   * Folds one line in, whole or not at all, and answers how many events that was. Times that are missing or ahead of
   * `now` count at `now`. The line's columns may be changed and are not kept.
   */
  add(line: Line, now: number): Result<number, LineRefusal> {
    const tab = this.#tab(line.tab, line.type);
    if (!tab.ok) return tab;
    const { handler } = tab.value;
    const known = tab.value.byClient.get(line.client);
    if (known === undefined && this.#isFull) return this.#refuseFull();
    const checked = check(handler, line.payload, now);
    if (!checked.ok) return checked;
    const target = known ?? this.#open(tab.value, { line, payload: checked.value });
    if (target.isForeign && checked.value.kind !== "decoded") makeOwn(target);
    const events = fold(target, checked.value, now);
    target.events += events;
    for (let index = 0; index < (line.lines ?? 1); index++) target.lines.push(line.number + index);
    this.#events += events;
    return accept(events);
  }

  /**
   * Reduces all of `other` into this one. Answers what could not be taken since its tab has another type here, or
   * since no further State may be held; `other` must not be used afterwards.
   */
  absorb(other: Iterable<Folded>): Sifted["refused"] {
    const { taken, refused } = this.sift(other);
    this.reduce(taken);
    return refused;
  }

  /** Tells what `absorb` would take of `other` from what it would not. Changes nothing. */
  sift(other: Iterable<Folded>): Sifted {
    const [taken, refused]: [Folded[], Refused[]] = [[], []];
    const typeByNewTab = new Map<string, string>();
    let room = this.#options.statesMax - this.#size;
    for (const folded of other) {
      const { tab: name, client, handler: { type } } = folded;
      const tab = this.#tab(name, type);
      if (!tab.ok) {
        refused.push({ folded, refusal: tab.refusal });
        continue;
      }
      const key = this.#keyOf(name, type);
      const typeInForce = typeByNewTab.get(key) ?? type;
      if (typeInForce !== type) {
        const { refusal } = refuse("type_conflict", typeConflict(name, typeInForce, type));
        refused.push({ folded, refusal });
        continue;
      }
      if (!tab.value.byClient.has(client)) {
        if (room <= 0) {
          refused.push({ folded, refusal: this.#refuseFull().refusal });
          continue;
        }
        room--;
        typeByNewTab.set(key, type);
      }
      taken.push(folded);
    }
    return { taken, refused };
  }

  /** Reduces what `sift` found to be acceptable, with nothing folded in between; it must not be used afterwards. */
  reduce(taken: Iterable<Folded>): void {
    for (const folded of taken) {
      const tab = this.#tab(folded.tab, folded.handler.type);
      assert(tab.ok, "sift has asked for its type");
      const target = tab.value.byClient.get(folded.client);
      if (target === undefined) this.#keep(tab.value, { ...folded, lines: [], isForeign: true });
      else {
        target.handler.reduce(target.state, folded.state);
        target.events += folded.events;
      }
      this.#events += folded.events;
    }
  }

  /** In the order of first appearance of their tabs. */
  *[Symbol.iterator](): Iterator<Folded> {
    for (const tab of this.#byTab.values()) yield* tab.byClient.values();
  }

  get #isFull(): boolean {
    return this.#size >= this.#options.statesMax;
  }

  #refuseFull(): { readonly ok: false; readonly refusal: LineRefusal } {
    return refuse("tabs_full", `cannot hold another State: ${this.#size} are held already; post fewer tabs at once`);
  }

  #tab(name: string, type: string): Result<TabFold, LineRefusal> {
    const known = this.#byTab.get(this.#keyOf(name, type));
    const typeInForce = known?.handler.type ?? this.#options.typeOf?.(name) ?? type;
    if (typeInForce !== type) return refuse("type_conflict", typeConflict(name, typeInForce, type));
    if (known !== undefined) return accept(known);
    const handler = this.#registry.get(type);
    if (handler === undefined) {
      const types = this.#registry.types.join(", ");
      return refuse("type_unknown", `cannot fold tab "${name}" as type "${type}" is unknown: known types are ${types}`);
    }
    return accept({ handler, byClient: new Map() });
  }

  #keyOf(tab: string, type: string): string {
    return this.#options.areTypesApart === true ? `${tab} ${type}` : tab;
  }

  #open(tab: TabFold, from: { readonly line: Line; readonly payload: Checked }): MutableFolded {
    const { line: { tab: name, client }, payload } = from;
    const { handler } = tab;
    // By the laws, what was decoded is what it would be once reduced into an empty State.
    const isForeign = payload.kind === "decoded";
    const state = isForeign ? payload.state : handler.create(client);
    return this.#keep(tab, { tab: name, client, handler, state, events: 0, lines: [], isForeign });
  }

  #keep(tab: TabFold, folded: MutableFolded): MutableFolded {
    // Only here does a tab begin to exist, so that a refused line leaves no trace.
    this.#byTab.set(this.#keyOf(folded.tab, tab.handler.type), tab);
    tab.byClient.set(folded.client, folded);
    this.#size++;
    return folded;
  }
}

/** The message that names both types, the same wherever the conflict is found. */
export function typeConflict(tab: string, typeInForce: string, type: string): string {
  return `tab "${tab}" is a ${typeInForce}, not a ${type}`;
}

/** A payload of which every event is known to be acceptable; a State comes decoded. */
type Checked = Exclude<Payload, { readonly kind: "state" }> | {
  readonly kind: "decoded";
  readonly state: unknown;
  readonly count: number;
};

function check(handler: Handler, payload: Payload, now: number): Result<Checked, LineRefusal> {
  if (payload.kind === "state") return decode(handler, payload.encoded, payload.version, payload.count, now);
  const count = payload.kind === "numbers" ? payload.count : payload.values.length;
  // Numbers are finite once parsed: a handler that takes columns has nothing left to check.
  if (payload.kind === "numbers" && handler.foldNumbers !== undefined) return accept(payload);
  for (let index = 0; index < count; index++) {
    const reason = handler.check(payload.values[index]);
    if (reason !== undefined) return refuse("value_illegal", `cannot fold value ${index + 1} of the line: ${reason}`);
  }
  return accept(payload);
}

function decode(
  handler: Handler,
  encoded: Encoded,
  version: number,
  count: number,
  now: number,
): Result<Checked, LineRefusal> {
  if (version > handler.version) {
    return refuse(
      "state_illegal",
      `cannot read a ${handler.type} State of version ${version}: the newest known here is ${handler.version}`,
    );
  }
  try {
    const state = handler.decode(encoded, version);
    handler.clamp(state, now);
    return accept({ kind: "decoded", state, count });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse("state_illegal", `cannot read the ${handler.type} State: ${error.message}`);
  }
}

/** A State that was decoded does not know whose events are to come. */
function makeOwn(target: MutableFolded): void {
  const { handler, client, state } = target;
  target.state = handler.create(client);
  handler.reduce(target.state, state);
  target.isForeign = false;
}

function fold(target: MutableFolded, payload: Checked, now: number): number {
  const { handler, state } = target;
  switch (payload.kind) {
    case "decoded":
      if (payload.state !== state) handler.reduce(state, payload.state);
      return payload.count;
    case "json":
      for (let index = 0; index < payload.values.length; index++) {
        handler.fold(state, timeOf(payload.times[index], now), payload.values[index]);
      }
      return payload.values.length;
    case "numbers": {
      const { count, times, values } = payload;
      for (let index = 0; index < count; index++) times[index] = timeOf(times[index], now);
      if (handler.foldNumbers !== undefined) handler.foldNumbers(state, times, values, count);
      else for (let index = 0; index < count; index++) handler.fold(state, times[index], values[index]);
      return count;
    }
  }
}

/** A missing time (NaN) or one ahead of now counts at now. */
function timeOf(time: number, now: number): number {
  return time <= now ? time : now;
}
