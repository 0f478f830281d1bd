// An HTTP service that runs auctions and is instrumented with the Taba client, as any service of yours would be.
// Beside that it keeps exact books of what it recorded, so that the demo can hold Taba's answers against them.
//
//   deno run --allow-net examples/auction/main.ts --port 8080 --agent http://127.0.0.1:8279

import { parseArgs } from "@std/cli/parse-args";
import * as taba from "../../client/mod.ts";
import { decide, parseAuction } from "./auction.ts";

const args = parseArgs(Deno.args, { string: ["port", "agent", "client"], default: { port: "8080" } });

taba.initialize({ client: args.client ?? "auction-1", ...(args.agent !== undefined && { agent: args.agent }) });

/** All values recorded, by tab: what a query must answer in the end. */
const books = { bids_won: [] as number[], winning_bid_price: [] as number[], auction_latency: [] as number[] };

async function serve(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/books") return Response.json(books);
  if (pathname === "/auction" && request.method === "POST") return await auction(request);
  return new Response("not found\n", { status: 404 });
}

async function auction(request: Request): Promise<Response> {
  const started = performance.now();
  const parsed = parseAuction(await request.json().catch(() => undefined));
  if (typeof parsed === "string") return new Response(`${parsed}\n`, { status: 400 });
  const sale = decide(parsed);
  taba.counter(`auctions;outcome=${sale === undefined ? "unsold" : "sold"}`);
  if (sale !== undefined) {
    taba.counter("bids_won");
    taba.counter("winning_bid_price", sale.price);
    books.bids_won.push(1);
    books.winning_bid_price.push(sale.price);
  }
  const latencyS = (performance.now() - started) / 1000;
  taba.percentile("auction_latency", latencyS);
  books.auction_latency.push(latencyS);
  return Response.json(sale ?? null);
}

const server = Deno.serve({
  hostname: "127.0.0.1",
  port: Number(args.port),
  onListen: ({ port }) => console.log(`auction service listening on http://127.0.0.1:${port}`),
}, serve);

for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => void stop());

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await server.shutdown();
  await taba.stop();
  Deno.exit(0);
}
