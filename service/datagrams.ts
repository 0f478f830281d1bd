// How Deno receives datagrams: binding, a loop that hands each on, and a stop. Knows nothing of what is in them.

import { background } from "./background.ts";
import { describeError } from "./log.ts";
import { ListenTrouble } from "./listen.ts";

export interface DatagramsOptions {
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Given each datagram; its array is its own only until this returns. */
  readonly take: (datagram: Uint8Array) => void;
}

export interface Receiving {
  readonly port: number;
  /** Takes no more. What the system still holds is lost. */
  stop(): Promise<void>;
}

/** As many as UDP can carry. */
const DATAGRAM_BYTES_MAX = 65_535;

/** @throws {ListenTrouble} */
export function receiveDatagrams({ hostname, port, take }: DatagramsOptions): Receiving {
  const socket = open(hostname, port);
  let isStopped = false;

  async function receive(): Promise<void> {
    const into = new Uint8Array(DATAGRAM_BYTES_MAX);
    while (!isStopped) {
      let datagram: Uint8Array;
      try {
        [datagram] = await socket.receive(into);
      } catch (error) {
        if (isStopped) return;
        throw error;
      }
      take(datagram);
    }
  }

  const received = receive();
  background("receiving datagrams", received);
  return {
    port: socket.addr.transport === "udp" ? socket.addr.port : port,
    async stop() {
      isStopped = true;
      socket.close();
      await received;
    },
  };
}

function open(hostname: string, port: number): Deno.DatagramConn {
  try {
    return Deno.listenDatagram({ hostname, port, transport: "udp" });
  } catch (cause) {
    const why = cause instanceof Deno.errors.AddrInUse ? "another program listens there" : describeError(cause);
    throw new ListenTrouble(`cannot start as ${hostname}:${port} must be free for UDP: ${why}`, { cause });
  }
}
