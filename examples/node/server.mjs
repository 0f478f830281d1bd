// A service of Node that records what it serves. The client is one file without dependencies beside this one:
//
//   deno bundle -o examples/node/taba.mjs client/mod.ts
//   PORT=8080 TABA_AGENT=http://127.0.0.1:8279 node examples/node/server.mjs

import { createServer } from "node:http";
// @ts-types="../../client/mod.ts"
import * as taba from "./taba.mjs";

taba.initialize({ client: process.env.TABA_CLIENT ?? "node-1", agent: process.env.TABA_AGENT });

const products = new Map([["/tea", 3.5], ["/coffee", 2.75]]);
const latency = taba.tab("request_latency", { type: "PercentileGroup" });

const server = createServer((request, response) => {
  const stopTimer = latency.startTimer();
  const price = request.method === "GET" ? products.get(request.url) : undefined;
  const status = price === undefined ? 404 : 200;
  if (price !== undefined) taba.counter("price_shown", price);
  taba.counter("requests", 1, { tags: { status } });
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(price ?? null)}\n`);
  stopTimer();
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);

/** No request is broken off and no event left behind. */
function stop() {
  server.close(() => void taba.stop());
}
