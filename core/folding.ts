// Lines become States: the fold that client posts, agents and ingest have in common. Owns which State a line goes
// to and why a line is refused; never reads bytes and never sends.

import { assert } from "./assert.ts";
import type { Line } from "./event.ts";
import { check, Folded } from "./folded.ts";
import type { Registry } from "./handlers/registry.ts";
import { accept, type LineRefusal, refuse, type Result } from "./refusal.ts";
import { TabFold } from "./tab_fold.ts";

export interface Refused {
  readonly folded: Folded;
  readonly refusal: LineRefusal;
}

export interface Sifted {
  readonly taken: readonly Folded[];
  readonly refused: readonly Refused[];
}

/** Why nothing of a tab, or of a client, is taken at all; undefined where it is. */
export type DenialOf = (tab: string, client: string) => LineRefusal | undefined;

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
  /** Asked for each new (tab, client) of a line. */
  readonly denialOf?: DenialOf | undefined;
}

/** Lines folded into one State a (tab, client). */
export class Folding {
  readonly #registry: Registry;
  readonly #options: FoldingOptions;
  readonly #byTab = new Map<string, TabFold>();
  #size = 0;
  #opened = 0;
  #events = 0;

  constructor(registry: Registry, options: FoldingOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /** States held. */
  get size(): number {
    return this.#size;
  }

  /** Of these, the ones that lines were folded into: they are not in the bytes any more that they came in. */
  get opened(): number {
    return this.#opened;
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
    const known = tab.value.get(line.client);
    if (known === undefined) {
      const denial = this.#options.denialOf?.(line.tab, line.client);
      if (denial !== undefined) return { ok: false, refusal: denial };
      if (this.#isFull) return this.#refuseFull();
    }
    const checked = check(handler, line.payload, now);
    if (!checked.ok) return checked;
    const target = known ?? this.#keep(tab.value, new Folded({ tab: line.tab, client: line.client, handler }));
    const wasOpened = target.isOpened;
    const events = target.fold(checked.value, { line, now });
    if (target.isOpened && !wasOpened) this.#opened++;
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
      const typeInForce = this.#areTypesApart ? type : typeByNewTab.get(name) ?? type;
      if (typeInForce !== type) {
        const { refusal } = refuse("type_conflict", typeConflict(name, typeInForce, type));
        refused.push({ folded, refusal });
        continue;
      }
      if (tab.value.get(client) === undefined) {
        if (room <= 0) {
          refused.push({ folded, refusal: this.#refuseFull().refusal });
          continue;
        }
        room--;
        if (tab.value.isEmpty) typeByNewTab.set(name, type);
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
      const target = tab.value.get(folded.client);
      if (target === undefined) this.#keep(tab.value, folded.adopted());
      else target.reduce(folded);
      this.#events += folded.events;
    }
  }

  /** In the order of first appearance of their tabs. */
  *[Symbol.iterator](): Iterator<Folded> {
    for (const tab of this.#byTab.values()) {
      for (let each: TabFold | undefined = tab; each !== undefined; each = each.other) yield* each;
    }
  }

  get #areTypesApart(): boolean {
    return this.#options.areTypesApart === true;
  }

  get #isFull(): boolean {
    return this.#size >= this.#options.statesMax;
  }

  #refuseFull(): { readonly ok: false; readonly refusal: LineRefusal } {
    return refuse("tabs_full", `cannot hold another State: ${this.#size} are held already; post fewer tabs at once`);
  }

  #tab(name: string, type: string): Result<TabFold, LineRefusal> {
    let known = this.#byTab.get(name);
    if (this.#areTypesApart) { while (known !== undefined && known.handler.type !== type) known = known.other; }
    const typeInForce = known?.handler.type ?? this.#options.typeOf?.(name) ?? type;
    if (typeInForce !== type) return refuse("type_conflict", typeConflict(name, typeInForce, type));
    if (known !== undefined) return accept(known);
    const handler = this.#registry.get(type);
    if (handler === undefined) {
      const types = this.#registry.types.join(", ");
      return refuse("type_unknown", `cannot fold tab "${name}" as type "${type}" is unknown: known types are ${types}`);
    }
    return accept(new TabFold(handler));
  }

  #keep(tab: TabFold, folded: Folded): Folded {
    // Only here does a tab begin to exist, so that a refused line leaves no trace.
    if (tab.isEmpty) this.#begin(folded.tab, tab);
    tab.keep(folded);
    this.#size++;
    return folded;
  }

  #begin(name: string, tab: TabFold): void {
    const known = this.#byTab.get(name);
    if (known === undefined) {
      this.#byTab.set(name, tab);
      return;
    }
    let last = known;
    while (last.other !== undefined) last = last.other;
    last.other = tab;
  }
}

/** The message that names both types, the same wherever the conflict is found. */
export function typeConflict(tab: string, typeInForce: string, type: string): string {
  return `tab "${tab}" is a ${typeInForce}, not a ${type}`;
}
