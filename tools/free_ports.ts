// Loopback ports for processes that keep theirs when they are killed and started again.

/**
 * Below the ports that systems give to outgoing connections (Linux: from 32768; others: from 49152): a port of those
 * could be taken by a connection while its process is down.
 */
const [FIRST, LAST] = [10_000, 32_767];

/** By this process: whoever was given one may not listen there yet. */
const given = new Set<number>();

/** Ports that are free now, and that nobody in this process was given before. */
export function freePorts(count: number): number[] {
  const listeners: Deno.TcpListener[] = [];
  try {
    while (listeners.length < count) {
      const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
      const listener = given.has(port) ? undefined : tryListen(port);
      if (listener !== undefined) listeners.push(listener);
      given.add(port);
    }
    return listeners.map(({ addr }) => addr.port);
  } finally {
    for (const listener of listeners) listener.close();
  }
}

function tryListen(port: number): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}
