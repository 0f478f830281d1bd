// Reads the body of a request until its sender goes silent: one that vanishes in mid-post without a word, as a host that
// loses its power does, would hold its place for ever.

import { limits } from "../core/limits.ts";
import type { Sleep } from "../core/world.ts";

/** Nothing more of a body has come for too long. */
export class Silence extends Error {
  override readonly name = "Silence";
}

export class WatchedReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  #reads = 0;
  #isReading = false;
  #isSilent = false;

  constructor(body: ReadableStream<Uint8Array>, sleep: Sleep) {
    this.#reader = body.getReader();
    this.#watching = this.#watch(sleep);
  }

  /**
   * The next chunk; undefined at the end.
   * @throws {Silence}
   */
  async read(): Promise<Uint8Array | undefined> {
    this.#reads++;
    this.#isReading = true;
    const { value } = await this.#reader.read();
    this.#isReading = false;
    if (this.#isSilent) throw new Silence();
    return value;
  }

  /** Gives up what was not read, and ends a read that waits for a slow sender. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([this.#watching, this.#reader.cancel()]);
  }

  /** One look a period costs less than a timer a chunk, and finds a silence before it has lasted twice as long. */
  async #watch(sleep: Sleep): Promise<void> {
    const { signal } = this.#closing;
    for (let seen = 0; !signal.aborted; seen = this.#reads) {
      await sleep(limits.bodySilenceMs, signal);
      if (signal.aborted || !this.#isReading || this.#reads > seen) continue;
      this.#isSilent = true;
      await Promise.allSettled([this.#reader.cancel()]);
      return;
    }
  }
}
