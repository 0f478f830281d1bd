// The servers that batches go to: one at a time, and the next of the list when it fails. A balancer between them
// would stand here.

import { assert } from "../core/assert.ts";
import type { Log } from "../service/log.ts";

export interface ServerStatus {
  readonly url: string;
  /** Whether new batches go there. */
  readonly isChosen: boolean;
  /** Failures since it last answered. */
  readonly failures: number;
  readonly lastError?: string;
}

interface Known {
  readonly url: string;
  failures: number;
  lastError?: string;
}

export class Servers {
  readonly #known: readonly Known[];
  readonly #log: Log;
  #chosen = 0;

  constructor(urls: readonly string[], log: Log) {
    assert(urls.length > 0, "there is a server to send to");
    this.#known = urls.map((url) => ({ url, failures: 0 }));
    this.#log = log;
  }

  /** Where the next batch goes. */
  choose(): string {
    return this.#known[this.#chosen].url;
  }

  /** It answered, whatever it said. */
  succeeded(url: string): void {
    const server = this.#find(url);
    if (server.failures > 0) this.#log.info(`server ${url} answers again`, { failures: server.failures });
    server.failures = 0;
    delete server.lastError;
  }

  failed(url: string, error: string): void {
    const server = this.#find(url);
    server.failures++;
    server.lastError = error;
    this.#log.warn(`server ${url} failed`, { error, failures: server.failures });
    // Batches under way to it fail one after the other: only the first of them moves on.
    if (server === this.#known[this.#chosen]) this.#chosen = (this.#chosen + 1) % this.#known.length;
  }

  status(): readonly ServerStatus[] {
    return this.#known.map((server, index) => ({ ...server, isChosen: index === this.#chosen }));
  }

  #find(url: string): Known {
    const server = this.#known.find((known) => known.url === url);
    assert(server !== undefined, "only servers of the list are sent to");
    return server;
  }
}
