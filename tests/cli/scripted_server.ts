// A server that answers taba-cli as a test has it: moments of two tabs, much faster than one a second, and the busiest.

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** A name that would break a screen, and one that is wide. */
export const NAMES = ["bids", "ev\x1b[2Jil\r\n", "価格;地域=東京"] as const;

export function scriptedServer(port = 0): ScriptedServer {
  const stopping = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, (request) => {
    switch (new URL(request.url).pathname) {
      case "/watch":
        return new Response(moments(stopping.signal), { headers: { "content-type": "text/event-stream" } });
      case "/top":
        return Response.json({ asOf: 1_700_000_000, rows: NAMES.map((name) => ({ name, count: 5, total: 7 })) });
      case "/names":
        return Response.json(["bids"]);
      case "/delete":
        return Response.json({ tabs: 1, states: 2 });
      default:
        return Response.json({ error: "not scripted", code: "not_found" }, { status: 404 });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await server.shutdown();
    },
  };
}

function moments(stopping: AbortSignal): ReadableStream<Uint8Array> {
  let second = 0;
  const ended = new AbortController();
  return new ReadableStream({
    start(controller) {
      const send = () => {
        const asOf = 1_700_000_000 + second++;
        const tabs = Object.fromEntries(NAMES.map((name) => {
          const totals = { count: 3 * second, total: second };
          return [name, { "1m": totals, "1d": totals, "pct": [1, 2, 3, 4, 5, 6, 7] }];
        }));
        controller.enqueue(new TextEncoder().encode(`event: tabs\ndata: ${JSON.stringify({ asOf, tabs })}\n\n`));
      };
      send();
      const timer = setInterval(send, 50);
      ended.signal.addEventListener("abort", () => clearInterval(timer));
      stopping.addEventListener("abort", () => {
        ended.abort();
        controller.close();
      }, { signal: ended.signal });
    },
    cancel: () => ended.abort(),
  });
}
