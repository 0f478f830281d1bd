// Lines become States: the fold that client posts, agents and ingest have in common. Owns which State a line goes
// to and why a line is refused; never reads bytes and never sends.

import { assert } from "./assert.ts";
import type { Line } from "./event.ts";
import { check, Folded } from "./folded.ts";
import type { Handler } from "./handlers/handler.ts";
import type { Registry } from "./handlers/registry.ts";
import { accept, type LineRefusal, refuse, type Result } from "./refusal.ts";

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
  readonly byClient: Map<string, Folded>;
}

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
    const target = known ?? this.#keep(tab.value, new Folded({ tab: line.tab, client: line.client, handler }));
    const events = target.fold(checked.value, { line, now });
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
      if (target === undefined) this.#keep(tab.value, folded.adopted());
      else target.reduce(folded);
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

  #keep(tab: TabFold, folded: Folded): Folded {
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
