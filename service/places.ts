// How many posts a process reads at once, and how many bytes of them it holds until they are taken or refused.

import { limits } from "../core/limits.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";

/** The room that one post takes, until it is disposed of. */
export interface Place extends Disposable {
  /** Asks for room for more of its body; false where there is none. */
  reserve(bytes: number): boolean;
}

export class Places {
  #posts = 0;
  #bytes = 0;

  /** Posts being read now. */
  get posts(): number {
    return this.#posts;
  }

  /** Bytes of them that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  enter(): Result<Place, RequestRefusal> {
    if (this.#posts >= limits.postsMax) {
      return refuse("over_capacity", `cannot read more than ${limits.postsMax} posts at once: post again later`);
    }
    this.#posts++;
    let held = 0;
    return accept({
      reserve: (bytes) => {
        if (this.#bytes + bytes > limits.postsBytesMax) return false;
        held += bytes;
        this.#bytes += bytes;
        return true;
      },
      [Symbol.dispose]: () => {
        this.#posts--;
        this.#bytes -= held;
      },
    });
  }
}
