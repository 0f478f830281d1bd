// The thread that receives datagrams into a ring and does nothing else: while the program folds, encodes or collects
// garbage, the system's own buffer would hold a few milliseconds' worth of them. Started by datagrams.ts.

import { DATAGRAM_BYTES_MAX } from "../core/wire/statsd_line.ts";
import { background } from "./background.ts";
import { DatagramRing } from "./datagram_ring.ts";
import { describeError } from "./log.ts";

/** What the thread is told. */
export interface DatagramThreadStart {
  readonly hostname: string;
  readonly port: number;
  readonly ring: SharedArrayBuffer;
  /** Where it answers once it is bound, or can't be. */
  readonly answer: MessagePort;
}

export type DatagramThreadAnswer = { readonly port: number } | { readonly error: string };

addEventListener("message", (event) => {
  if (event instanceof MessageEvent) background("receiving datagrams", receive(event.data));
}, { once: true });

async function receive({ hostname, port, ring: buffer, answer }: DatagramThreadStart): Promise<void> {
  const tell = (message: DatagramThreadAnswer) => answer.postMessage(message);
  let socket: Deno.DatagramConn;
  try {
    socket = Deno.listenDatagram({ hostname, port, transport: "udp" });
  } catch (error) {
    const isInUse = error instanceof Deno.errors.AddrInUse;
    return tell({ error: isInUse ? "another program listens there" : describeError(error) });
  }
  tell({ port: socket.addr.transport === "udp" ? socket.addr.port : port });
  const ring = new DatagramRing(buffer);
  const into = new Uint8Array(DATAGRAM_BYTES_MAX);
  for (;;) {
    const [datagram] = await socket.receive(into);
    ring.put(datagram);
  }
}
