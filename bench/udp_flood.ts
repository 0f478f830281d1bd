// Sends datagrams by UDP faster than they can be taken: 64 a system call, by sendmmsg(2) of Linux, from memory that is
// laid out once. Deno's own socket sends one at a time for some 10 us, more than receiving it takes: it would be the
// limit of what is measured.

/** Datagrams a call, which blocks this thread: a fraction of a millisecond. */
const CALL_MAX = 64;

/** From here to the end of the layouts: of the C library on 64-bit Linux. */
const AF_INET = 2;
const SOCK_DGRAM = 2;
/** struct sockaddr_in: family, port in the network's order, address. */
const SOCKET_ADDRESS_BYTES = 16;
const SOCKET_PORT = 2;
const SOCKET_HOST = 4;
/** struct mmsghdr: in a connected socket's, all is 0 but a pointer to iovecs and how many these are. */
const MESSAGE_BYTES = 64;
const MESSAGE_IOVECS = 16;
const MESSAGE_IOVEC_COUNT = 24;
/** struct iovec: a pointer to bytes and how many these are. */
const IOVEC_BYTES = 16;
const IOVEC_LENGTH = 8;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  usleep: { parameters: ["u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** The same datagrams, over and over, to a port of this machine. */
export class UdpFlood implements Disposable {
  readonly #libc = Deno.dlopen("libc.so.6", SYMBOLS);
  readonly #socket: number;
  /** A message for each, then their iovecs, then their bytes. */
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #count: number;
  #next = 0;

  constructor(datagrams: readonly Uint8Array[]) {
    this.#memory = layOut(datagrams);
    this.#count = datagrams.length;
    this.#socket = this.#libc.symbols.socket(AF_INET, SOCK_DGRAM, 0);
  }

  /** Where those go that are sent from now on. */
  connect(port: number): void {
    const address = new Uint8Array(SOCKET_ADDRESS_BYTES);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(SOCKET_PORT, port);
    address.set([127, 0, 0, 1], SOCKET_HOST);
    const outcome = this.#libc.symbols.connect(this.#socket, address, address.length);
    if (outcome !== 0) throw new Error(`cannot send to port ${port} as there must be a socket for it`);
  }

  /** Sends the next ones, up to `max` and at least one, and answers which these are. */
  send(max: number): { readonly first: number; readonly count: number } {
    const first = this.#next;
    const wanted = Math.min(max, CALL_MAX, this.#count - first);
    const messages = this.#memory.subarray(MESSAGE_BYTES * first);
    const count = this.#libc.symbols.sendmmsg(this.#socket, messages, wanted, 0);
    if (count <= 0) throw new Error("cannot send as somebody must receive: nobody does any more");
    this.#next = (first + count) % this.#count;
    return { first, count };
  }

  /** Blocks this thread, which timers can't for less than a millisecond, and leaves its core to others. */
  sleep(us: number): void {
    this.#libc.symbols.usleep(us);
  }

  [Symbol.dispose](): void {
    this.#libc.symbols.close(this.#socket);
    this.#libc.close();
  }
}

function layOut(datagrams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const iovecsAt = MESSAGE_BYTES * datagrams.length;
  const bytesAt = iovecsAt + IOVEC_BYTES * datagrams.length;
  const memory = new Uint8Array(bytesAt + datagrams.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(memory.buffer);
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
  let at = bytesAt;
  for (const [index, datagram] of datagrams.entries()) {
    memory.set(datagram, at);
    const iovec = iovecsAt + IOVEC_BYTES * index;
    view.setBigUint64(iovec, address + BigInt(at), true);
    view.setBigUint64(iovec + IOVEC_LENGTH, BigInt(datagram.length), true);
    const message = MESSAGE_BYTES * index;
    view.setBigUint64(message + MESSAGE_IOVECS, address + BigInt(iovec), true);
    view.setBigUint64(message + MESSAGE_IOVEC_COUNT, 1n, true);
    at += datagram.length;
  }
  return memory;
}
