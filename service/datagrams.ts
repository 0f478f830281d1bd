// How a program receives datagrams: a thread binds and receives them, and here each is handed on in its turn, until a
// stop. Knows nothing of what is in them.

import { limits } from "../core/limits.ts";
import { background } from "./background.ts";
import { DatagramRing } from "./datagram_ring.ts";
import type { DatagramThreadAnswer, DatagramThreadStart } from "./datagram_thread.ts";
import { ListenTrouble } from "./listen.ts";
import { systemPause, systemSleep } from "./world.ts";

export interface DatagramsOptions {
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Given each datagram; its array is its own only until this returns. */
  readonly take: (datagram: Uint8Array) => void;
  /** Told of datagrams that were received and for which there was no room. */
  readonly drop: (count: number) => void;
}

export interface Receiving {
  readonly port: number;
  /** Takes what was received, and no more. What the system still holds is lost. */
  stop(): Promise<void>;
}

/** Between two looks at what was received: as late may a datagram be taken, ... */
const LOOK_MS = 10;
/** ... or one after a while without any, when each look doubles the time until the next. */
const IDLE_LOOK_MS = 160;
/** Datagrams taken in one go: a few milliseconds. */
const TAKEN_MAX = 4096;

/** @throws {ListenTrouble} */
export async function receiveDatagrams({ hostname, port, take, drop }: DatagramsOptions): Promise<Receiving> {
  const thread = new Worker(new URL("./datagram_thread.ts", import.meta.url), { type: "module" });
  const failed = new Promise<never>((_, reject) => {
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      reject(new Error(`the thread that receives datagrams has failed: ${event.message}`));
    });
  });
  const ring = new DatagramRing(limits.datagramsBytesMax);
  const bound = await Promise.race([failed, bind(thread, { hostname, port, ring: ring.buffer })]);
  if ("error" in bound) {
    thread.terminate();
    throw new ListenTrouble(`cannot start as ${hostname}:${port} must be free for UDP: ${bound.error}`);
  }

  const stopping = new AbortController();
  let dropped = 0;
  /** Whether there were any. */
  async function takeAll(): Promise<boolean> {
    let count = ring.take(take, TAKEN_MAX);
    const isAny = count > 0;
    for (; count === TAKEN_MAX; count = ring.take(take, TAKEN_MAX)) await systemPause();
    const more = ring.dropped - dropped;
    dropped += more;
    if (more > 0) drop(more);
    return isAny;
  }
  async function look(): Promise<void> {
    for (let pauseMs = LOOK_MS; !stopping.signal.aborted;) {
      pauseMs = await takeAll() ? LOOK_MS : Math.min(2 * pauseMs, IDLE_LOOK_MS);
      await systemSleep(pauseMs, stopping.signal);
    }
  }
  const looking = look();
  background("receiving datagrams", Promise.race([failed, looking]));
  return {
    port: bound.port,
    async stop() {
      thread.terminate();
      stopping.abort();
      await looking;
      await takeAll();
    },
  };
}

function bind(thread: Worker, start: Omit<DatagramThreadStart, "answer">): Promise<DatagramThreadAnswer> {
  const { port1: here, port2: answer } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<DatagramThreadAnswer>();
  here.onmessage = ({ data }: MessageEvent<DatagramThreadAnswer>) => {
    here.close();
    resolve(data);
  };
  thread.postMessage({ ...start, answer }, [answer]);
  return promise;
}
