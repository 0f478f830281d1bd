// A real HTTP server of one test that takes what clients post, and keeps it as text.

/** Listens on a free port of this host until it is disposed of. */
export class Receiver implements AsyncDisposable {
  /** Lines of all posts but their headers, parsed. */
  readonly lines: Record<string, unknown>[] = [];
  readonly headers: Record<string, unknown>[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#take(request));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    const [header, ...lines] = (await request.text()).trimEnd().split("\n").map((line) => JSON.parse(line));
    const isLegal = request.method === "POST" && new URL(request.url).pathname === "/post" &&
      request.headers.get("content-type") === "application/x-ndjson";
    if (!isLegal) return new Response("not a post\n", { status: 400 });
    this.headers.push(header);
    this.lines.push(...lines);
    const events = lines.reduce((sum: number, line) => sum + (line.n ?? line.events.length), 0);
    return Response.json({ lines: lines.length, events, rejected: [] });
  }
}
