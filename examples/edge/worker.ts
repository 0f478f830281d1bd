// A worker at the edge that records what it serves. Such a platform may freeze it as soon as it has answered, so what was
// recorded is sent within `waitUntil`, which keeps it awake without keeping the answer back.
//
// The platform's own bundler takes the import as it is; a single file is made by `deno bundle examples/edge/worker.ts`.

import { TabaClient } from "../../client/mod.ts";

/** What the worker is deployed with. */
export interface Env {
  /** An agent, or a server, that the edge reaches. */
  readonly TABA_AGENT: string;
  readonly TABA_TOKEN?: string;
}

/** The part of the platform's context that is needed here. */
export interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

/** One for the life of an isolate, and made in a request, before which many platforms have no `env`. */
let client: TabaClient | undefined;

function open(env: Env): TabaClient {
  // One name for all isolates: they come and go, and what the system keeps it keeps for each client.
  client ??= new TabaClient({ client: "edge", agent: env.TABA_AGENT, token: env.TABA_TOKEN });
  return client;
}

function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/hello") return new Response("hello from the edge\n");
  return new Response("not found\n", { status: 404 });
}

// A default export is what edge platforms look for.
export default {
  fetch(request: Request, env: Env, context: Context): Response {
    const taba = open(env);
    const stopTimer = taba.startTimer("edge_latency");
    const response = answer(request);
    taba.counter("edge_requests", 1, { tags: { status: response.status } });
    stopTimer();
    context.waitUntil(taba.flush());
    return response;
  },
};
