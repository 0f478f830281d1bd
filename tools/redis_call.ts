// The smallest Redis client that will do for tools and tests: one command over one connection. The system itself never
// uses it.

/** What Redis answers. An error is a value here: what is asked of a node that is going down often gets one. */
export type RedisReply = string | number | null | Error | readonly RedisReply[];

export interface RedisCallOptions {
  /** How long Redis may be silent. Default 2,000. */
  readonly ms?: number;
  /** The certificate, in PEM, of a Redis that speaks TLS. */
  readonly ca?: string | undefined;
}

/** Sends one command to a Redis or Sentinel on this machine. Rejects where it is not reachable or is silent. */
export async function redisCall(
  port: number,
  args: readonly string[],
  { ms = 2000, ca }: RedisCallOptions = {},
): Promise<RedisReply> {
  const address = { hostname: "127.0.0.1", port };
  const connection = ca === undefined
    ? await Deno.connect(address)
    : await Deno.connectTls({ ...address, caCerts: [ca] });
  const timer = setTimeout(() => connection.close(), ms);
  try {
    const command = `*${args.length}\r\n` +
      args.map((arg) => `$${new TextEncoder().encode(arg).length}\r\n${arg}\r\n`).join("");
    const writer = connection.writable.getWriter();
    await writer.write(new TextEncoder().encode(command));
    return await new ReplyReader(connection.readable.getReader()).reply();
  } catch (cause) {
    throw new Error(`Cannot ask the Redis on port ${port} for ${args[0]}`, { cause });
  } finally {
    clearTimeout(timer);
    close(connection);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already: the time was up
  }
}

class ReplyReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  readonly #decoder = new TextDecoder("latin1"); // a character a byte, so that lengths fit

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async reply(): Promise<RedisReply> {
    const line = await this.#line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new Error(rest);
      case ":":
        return Number(rest);
      case "$":
        return rest === "-1" ? null : (await this.#take(Number(rest) + 2)).slice(0, -2);
      case "*": {
        if (rest === "-1") return null;
        const replies: RedisReply[] = [];
        for (let left = Number(rest); left > 0; left--) replies.push(await this.reply());
        return replies;
      }
      default:
        throw new Error(`Cannot read what Redis answers: it begins with ${JSON.stringify(line.slice(0, 20))}`);
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end >= 0) return (await this.#take(end + 2)).slice(0, -2);
      await this.#more();
    }
  }

  async #take(length: number): Promise<string> {
    while (this.#text.length < length) await this.#more();
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#reader.read();
    if (done) throw new Error("The connection was closed before the answer was whole");
    this.#text += this.#decoder.decode(value, { stream: true });
  }
}
