// The HTTP API on one page. Nothing here knows how it is served: a request in, a response out.
//
// POST /post        NDJSON in, `{"lines", "events", "rejected"}` out (core/wire/ says what a line is, service/post.ts
//                   what is answered); as with all posts, the token, where one is set, must be given as bearer.
// POST /post_zip    the same, for senders that compress with zlib and say so by the path alone
// GET  /tabs        the Aggregate of each tab          ?name ?client ?re ?tag ?by
// GET  /projection  the State of each client of a tab  ?name ?client ?re ?tag
// GET  /supertabs   all tabs of one type in one        ?name ?client ?re ?tag
// GET  /watch       what /tabs shows, once a second    ?name ?client ?re ?tag ?by
// GET  /top         the busiest tabs, clients or tags  ?of ?window ?by ?limit, and ?name ?client ?re ?tag
// GET  /names       the names of tabs                  ?name ?re ?tag
// GET  /types       the types of tabs, by name         ?name ?re ?tag
// GET  /clients     the names of clients               ?client ?re
// GET  /status      this server, and what it knows of the cluster
// GET  /servers     the servers that are announced, and how many buckets each ought to drain
// GET  /latency     how long this server lately took to enqueue posts and to commit them, in seconds
// GET  /metrics     the server's figures and the tabs, for Prometheus  ?only, and ?name ?client ?re ?tag ?by
// POST /delete      deletes tabs, or clients of tabs   ?name ?client ?re ?tag, at least one of name, client and tag:
//                   {"tabs", "states"}, how many are deleted
// POST /gc          removes States that say nothing any more, now: {"states", "servers"}
// POST /flush       commits all that was accepted before: {"entries", "servers"}
// POST /rebalance   waits until each server drains its share: {"servers", "buckets"}, those that changed hands
// POST /check       whether all that is stored is as it must be: {"buckets", "tabs", "states", "entries", "problems":
//                   [{"bucket", "tab", "client", "problem"}], "problemsMore"}, those counted that are not listed
// POST /upgrade     encodes anew what older versions of handlers encoded: {"states", "servers"}
// GET  /openapi.json  all of this for programs, as OpenAPI 3.1
// GET  /            the dashboard, whose files are at /dashboard/<file>
// GET  /healthz     "ok" while the process answers at all
// GET  /readyz      "ok" while it reaches its store
//
// selection.ts says what the parameters mean. `accept` picks the form, where `value` is what the type's handler renders:
//
//                        text/plain (default)     application/json
// /tabs                  name: value              {"name": value}
// /tabs?by=…             base;tag=…: value        {"base;tag=…": value}
// /projection            name client: value       {"name": {"client": value}}
// /supertabs             type: value              {"type": value}
// /types                 name: type               {"name": "type"}
// /names, /clients       name                     ["name"]
// /servers               id: value                {"id": value}
// /latency               what: value              {"what": value}
//
// Where nothing is found the answer is 200 with no lines, {} or []. Rows are sorted by name up to `rowsSortedMax` of
// them; more come bucket by bucket. A State that this server can't read is shown as {"error": …}. Refusals are JSON:
// {"error", "code"}; a shard of the store that can't be read is a refusal (503), or breaks an answer off that has begun.
//
// application/json-detailed has States with all that is known of them: {"asOf", "rows", "complete", "missing"}, where
// rows are as in JSON with {"type", "relativeError", "lateDropped", "value", "detail"} in place of a value
// ("relativeError" is left out where all is exact, "lateDropped", the events too old for any window, where the type
// counts none). It alone shows what other shards hold where one can't be read: then `complete` is false, and `missing`
// names the shard. Rows of /types and /latency are as in JSON; /names, /clients and /servers are in it as in JSON.
//
// /top answers {"asOf", "rows": [{"name", "count", "total"}]} (top.ts has its parameters); tags are named `key=value`.
//
// /watch sends server-sent events: `tabs` with {"asOf", "tabs": {"name": value}}, at most `watchedTabsMax` tabs, and
// `missing` beside them where shards that could not be read may hold more, unless `by` reduces them; and `trouble` with
// {"error"}, after which it goes on.

import type { Json } from "../core/event.ts";
import type { RequestRefusal, Result } from "../core/refusal.ts";
import type { Clock } from "../core/world.ts";
import { json, refused, text } from "../service/answers.ts";
import { originRefusal } from "../service/cors.ts";
import { tokenRefusal } from "../service/token.ts";
import { dashboardRoutes } from "./dashboard.ts";
import type { Delays } from "./delays.ts";
import type { Ingest } from "./ingest.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { openApi } from "./openapi.ts";
import type { Found, Query } from "./query.ts";
import {
  detailedOf,
  type Format,
  formatOf,
  jsonArray,
  jsonOf,
  lines,
  type Quality,
  type Row,
  rowOf,
  sortedIfFew,
  streamed,
  textOf,
} from "./render.ts";
import { type Parameter, readSelection, type Selection } from "./selection.ts";
import { serversStatus, type ServerStatus } from "./status.ts";
import { type Store, StoreTrouble } from "./store/store.ts";
import { readTop, topRows } from "./top.ts";
import type { Upkeep } from "./upkeep/upkeep.ts";
import type { Watches } from "./watch.ts";

export interface Parts {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly query: Query;
  readonly watches: Watches;
  readonly metrics: Metrics;
  readonly upkeep: Upkeep;
  readonly status: () => Promise<ServerStatus>;
  readonly delays: Delays;
  readonly clock: Clock;
  /** What must be given to post anything, if there is a token. */
  readonly token: string | undefined;
}

/** How an answer is to be made. */
interface Asked {
  readonly format: Format;
  readonly asOf: number;
  /** Set where an answer may do without what shards that can't be read hold: then it names them. */
  readonly missing: Set<string> | undefined;
}

type Answer = (request: Request, selection: Selection) => Promise<Response> | Response;

interface Route {
  readonly parameters: readonly Parameter[];
  readonly GET?: Answer;
  readonly POST?: Answer;
}

const TABS = ["name", "re", "tag"] as const;
const STATES = ["name", "client", "re", "tag"] as const;

/** Answers any request; never rejects but for a bug. */
export function createRoutes(parts: Parts): (request: Request) => Promise<Response> {
  const { store, ingest, query, watches, metrics, upkeep, status, delays, clock, token } = parts;

  const askedBy = (request: Request): Asked => {
    const format = formatOf(request);
    return { format, asOf: clock(), missing: format === "detailed" ? new Set<string>() : undefined };
  };
  const rows = (found: AsyncIterable<Found>, { format, asOf, missing }: Asked) =>
    answerRows(map(found, (one) => rowOf(one, format, asOf)), format, missing && { asOf, missing });
  const reduced = (found: Result<readonly Found[], RequestRefusal>, asked: Asked) =>
    found.ok ? rows(each(found.value), asked) : refused(found.refusal);
  const names = (found: AsyncIterable<string>, request: Request) => {
    const format = formatOf(request);
    return streamed(format === "text" ? lines(found) : jsonArray(found), format);
  };
  const answerOf = <Done>(done: Result<Done, RequestRefusal>) => done.ok ? json(done.value) : refused(done.refusal);

  const routeByPath: ReadonlyMap<string, Route> = new Map<string, Route>([
    ["/post", { parameters: [], POST: (request) => ingest.post(request) }],
    ["/post_zip", { parameters: [], POST: (request) => ingest.post(request, "deflate") }],
    ["/tabs", {
      parameters: [...STATES, "by"],
      async GET(request, selection) {
        const asked = askedBy(request);
        return selection.by.length > 0
          ? reduced(await query.groups(selection, asked.missing), asked)
          : rows(query.aggregates(selection, asked.missing), asked);
      },
    }],
    ["/watch", {
      parameters: [...STATES, "by"],
      GET: (request, selection) => watches.open(selection, keyOf(request)),
    }],
    ["/projection", {
      parameters: STATES,
      GET(request, selection) {
        const asked = askedBy(request);
        return rows(query.projections(selection, asked.missing), asked);
      },
    }],
    ["/supertabs", {
      parameters: STATES,
      async GET(request, selection) {
        const asked = askedBy(request);
        return reduced(await query.superAggregates(selection, asked.missing), asked);
      },
    }],
    ["/top", {
      parameters: [...STATES, "of", "window", "by", "limit"],
      async GET({ url, signal }) {
        const question = readTop(new URL(url).searchParams);
        if (!question.ok) return refused(question.refusal);
        const asOf = clock();
        const found = await topRows(query, question.value, { now: asOf, signal });
        return found.ok ? json({ asOf, rows: found.value }) : refused(found.refusal);
      },
    }],
    ["/names", {
      parameters: TABS,
      GET: (request, { tabs }) => names(sortedNames(query.types(tabs)), request),
    }],
    ["/types", {
      parameters: TABS,
      GET(request, { tabs }) {
        const { format, asOf, missing } = askedBy(request);
        const typed = map(query.types(tabs, missing), ([name, type]) => rowOfType(name, type, format));
        return answerRows(typed, format, missing && { asOf, missing });
      },
    }],
    ["/clients", {
      parameters: ["client", "re"],
      GET: async (request, { clients }) => names(each(await query.clients(clients)), request),
    }],
    ["/status", { parameters: [], GET: async () => json(await status()) }],
    ["/servers", {
      parameters: [],
      async GET(request) {
        const format = formatOf(request);
        const servers = serversStatus(await store.members(), store.buckets);
        return answerRows(map(each(servers), ({ id, ...server }) => jsonRow(id, server)), format);
      },
    }],
    ["/latency", {
      parameters: [],
      GET(request) {
        const { format, asOf, missing } = askedBy(request);
        return answerRows(each([...delays.rows(format)]), format, missing && { asOf, missing });
      },
    }],
    ["/metrics", {
      parameters: [...STATES, "by", "only"],
      GET: (request, selection) => metrics.answer(request, selection),
    }],
    ["/delete", { parameters: STATES, POST: async (_, selection) => answerOf(await upkeep.delete(selection)) }],
    ["/gc", { parameters: [], POST: async () => answerOf(await upkeep.gc()) }],
    ["/flush", { parameters: [], POST: async () => answerOf(await upkeep.flush()) }],
    ["/rebalance", { parameters: [], POST: async () => answerOf(await upkeep.rebalance()) }],
    ["/check", { parameters: [], POST: async ({ signal }) => json(await upkeep.check(signal)) }],
    ["/upgrade", { parameters: [], POST: async () => answerOf(await upkeep.upgrade()) }],
    ["/openapi.json", { parameters: [], GET: () => json(openApi([...routeByPath, ...dashboardRoutes])) }],
    ["/healthz", { parameters: [], GET: () => text("ok") }],
    ["/readyz", {
      parameters: [],
      async GET() {
        await store.queues();
        return text("ok");
      },
    }],
  ]);

  return async (request) => {
    const url = new URL(request.url);
    const route = routeByPath.get(url.pathname) ?? dashboardRoutes.get(url.pathname);
    if (route === undefined) return refused(notFound(url.pathname, routeByPath.keys()));
    const { GET, POST } = route;
    const isHead = request.method === "HEAD";
    const answer = request.method === "POST" ? POST : request.method === "GET" || isHead ? GET : undefined;
    if (answer === undefined) return refused(...wrongMethod(request.method, url.pathname, route));
    // Posts change something, be it from a page that its visitor never asked for that.
    const forbidden = request.method === "POST" ? originRefusal(request) ?? tokenRefusal(request, token) : undefined;
    if (forbidden !== undefined) return refused(forbidden);
    const selection = readSelection(url.searchParams, route.parameters);
    if (!selection.ok) return refused(selection.refusal);
    try {
      const response = await answer(request, selection.value);
      return isHead ? await headOf(response) : response;
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error;
      return refused({ code: "store_unavailable", message: `cannot answer: ${error.message}; ask again later` });
    }
  };
}

function answerRows(rows: AsyncIterable<Row>, format: Format, quality?: Quality): Promise<Response> {
  const sorted = sortedIfFew(rows);
  if (format === "text") return streamed(textOf(sorted), format);
  return streamed(quality === undefined ? jsonOf(sorted) : detailedOf(sorted, quality), format);
}

function jsonRow(name: string, value: Json): Row {
  return { name, client: "", value: JSON.stringify(value) };
}

function rowOfType(name: string, type: string, format: Format): Row {
  return { name, client: "", value: format === "text" ? type : JSON.stringify(type) };
}

async function* sortedNames(types: AsyncIterable<readonly [string, string]>): AsyncGenerator<string> {
  for await (const { name } of sortedIfFew(map(types, ([name]) => ({ name, client: "", value: "" })))) yield name;
}

async function* map<From, To>(from: AsyncIterable<From>, change: (value: From) => To): AsyncGenerator<To> {
  for await (const value of from) yield change(value);
}

async function* each<Value>(values: readonly Value[]): AsyncGenerator<Value> {
  yield* values;
}

async function headOf(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}

/** The same for all requests that ask for the same. */
function keyOf(request: Request): string {
  const { searchParams } = new URL(request.url);
  searchParams.sort();
  return searchParams.toString();
}

function notFound(path: string, known: Iterable<string>): RequestRefusal {
  return { code: "not_found", message: `cannot find ${path}: a server has ${[...known].join(", ")}` };
}

function wrongMethod(method: string, path: string, { GET, POST }: Route): [RequestRefusal, { allow: string }] {
  const allow = [...GET === undefined ? [] : ["GET", "HEAD"], ...POST === undefined ? [] : ["POST"]].join(", ");
  const message = `cannot answer as the method of ${path} must be ${allow}: current value is ${method}`;
  return [{ code: "method_not_allowed", message }, { allow }];
}
