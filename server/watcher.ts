// One who watches: holds one event at most, the newest that he has not taken.

const COMMENT = new TextEncoder().encode(": still looking\n\n");

export class Watcher {
  readonly body: ReadableStream<Uint8Array>;
  readonly #onGone: (watcher: Watcher) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #newest: Uint8Array | undefined;
  #isWaiting = false;

  /** Tells once when nobody reads any more. */
  constructor(onGone: (watcher: Watcher) => void) {
    this.#onGone = onGone;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#isWaiting = true;
        this.#give();
      },
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
  }

  offer(event: Uint8Array): void {
    this.#newest = event;
    this.#give();
  }

  /** A comment for one who has taken all there was. */
  comfort(): void {
    if (this.#isWaiting) this.offer(COMMENT);
  }

  end(): void {
    if (this.#controller === undefined) return;
    this.#controller.close();
    this.#leave();
  }

  #give(): void {
    if (!this.#isWaiting || this.#newest === undefined) return;
    const event = this.#newest;
    this.#newest = undefined;
    this.#isWaiting = false;
    this.#controller?.enqueue(event);
  }

  #leave(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#onGone(this);
  }
}
