// The States of one tab and type, by client.

import type { Folded } from "./folded.ts";
import type { Handler } from "./handlers/handler.ts";

/** Most tabs of a body have one client: a Map for it would take longer to make than all the rest of its line. */
export class TabFold {
  readonly handler: Handler;
  /** The tab with another type, where types are apart. */
  other: TabFold | undefined;
  #first: Folded | undefined;
  #laterByClient: Map<string, Folded> | undefined;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  get(client: string): Folded | undefined {
    return this.#first?.client === client ? this.#first : this.#laterByClient?.get(client);
  }

  /** Keeps the State of another client. */
  keep(folded: Folded): void {
    if (this.#first === undefined) this.#first = folded;
    else (this.#laterByClient ??= new Map()).set(folded.client, folded);
  }

  /** In the order in which they were kept. */
  *[Symbol.iterator](): Iterator<Folded> {
    if (this.#first !== undefined) yield this.#first;
    if (this.#laterByClient !== undefined) yield* this.#laterByClient.values();
  }
}
