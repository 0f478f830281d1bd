// `GET /openapi.json`: the HTTP API for programs, as OpenAPI 3.1. Paths, methods and parameters are those of the routes;
// what is said about them stands here. openapi_test.ts asks a server whether it does as the document says.

import type { Json } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { statusOf } from "../service/answers.ts";
import { VERSION } from "../service/version.ts";
import type { Parameter } from "./selection.ts";

/** What the document has to know of a route. */
export interface DescribedRoute {
  readonly parameters: readonly Parameter[];
  readonly GET?: unknown;
  readonly POST?: unknown;
}

type Schema = { readonly [key: string]: Json };
type Method = "GET" | "POST";

interface Operation {
  readonly summary: string;
  /** Schemas of an answer, by media type. */
  readonly answers: Readonly<Record<string, Schema>>;
  readonly hasBody?: true;
}

/** Where the dashboard has its files. */
const FILES = "/dashboard/";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const DETAILED = "application/json-detailed";

const string: Schema = { type: "string" };
const number: Schema = { type: "number" };
const count: Schema = { type: "integer", minimum: 0 };
const value = schemaNamed("Value");

/** Where something was found of States, in each form that `accept` can ask for. */
function states(json: Schema): Operation["answers"] {
  return { [TEXT]: string, [JSON_TYPE]: json, [DETAILED]: schemaNamed("Detailed") };
}

function listed(json: Schema): Operation["answers"] {
  return { [TEXT]: string, [JSON_TYPE]: json, [DETAILED]: json };
}

const named: Schema = { type: "object", additionalProperties: value };
const strings: Schema = { type: "array", items: string };

const operations: Readonly<Partial<Record<`${Method} ${string}`, Operation>>> = {
  "POST /post": {
    summary: "Takes a batch of events or States, as lines of JSON or in the original Taba protocol",
    answers: { [JSON_TYPE]: schemaNamed("PostAnswer") },
    hasBody: true,
  },
  "POST /post_zip": {
    summary: "The same; a body without content-encoding is zlib's",
    answers: { [JSON_TYPE]: schemaNamed("PostAnswer") },
    hasBody: true,
  },
  "GET /tabs": {
    summary:
      "The Aggregate of each tab over all clients or those selected, or, with `by`, over all tabs that share tags",
    answers: states(named),
  },
  "GET /watch": {
    summary: "What /tabs shows, at once and then once a second: events `tabs`, or `trouble` where that is not possible",
    answers: { "text/event-stream": string },
  },
  "GET /projection": {
    summary: "The State of each client of each tab",
    answers: states({ type: "object", additionalProperties: named }),
  },
  "GET /supertabs": { summary: "All tabs of one type reduced together, by type", answers: states(named) },
  "GET /top": {
    summary: "The busiest tabs, clients or tags of a window",
    answers: {
      [JSON_TYPE]: object({
        asOf: number,
        rows: { type: "array", items: object({ name: string, count, total: number }) },
      }),
    },
  },
  "GET /names": { summary: "The names of tabs", answers: listed(strings) },
  "GET /types": {
    summary: "The types of tabs, by name",
    answers: states({ type: "object", additionalProperties: string }),
  },
  "GET /clients": { summary: "The names of clients", answers: listed(strings) },
  "GET /status": {
    summary: "This server, and what it knows of the cluster",
    answers: { [JSON_TYPE]: schemaNamed("Status") },
  },
  "GET /servers": {
    summary: "The servers that are announced, and how many buckets each ought to drain",
    answers: listed({
      type: "object",
      additionalProperties: object({ url: string, roles: strings, started: number, buckets: count }),
    }),
  },
  "GET /latency": {
    summary: "How long this server lately took to enqueue posts and to commit them, in seconds",
    answers: states(named),
  },
  "GET /metrics": { summary: "This server's figures and the tabs, for Prometheus", answers: { [TEXT]: string } },
  "POST /delete": {
    summary: "Deletes tabs, or clients of tabs; at least one of `name`, `client` and `tag` must be given",
    answers: { [JSON_TYPE]: object({ tabs: count, states: count }) },
  },
  "POST /gc": {
    summary: "Removes States that say nothing any more",
    answers: { [JSON_TYPE]: object({ states: count, servers: count }) },
  },
  "POST /flush": {
    summary: "Commits all that was accepted before",
    answers: { [JSON_TYPE]: object({ entries: count, servers: count }) },
  },
  "POST /rebalance": {
    summary: "Waits until each server drains its share of the buckets",
    answers: { [JSON_TYPE]: object({ servers: count, buckets: count }) },
  },
  "POST /check": {
    summary: "Reads all there is and says what can't be right",
    answers: {
      [JSON_TYPE]: object({
        ...{ buckets: count, tabs: count, states: count, entries: count, problemsMore: count },
        problems: {
          type: "array",
          items: object({ bucket: count, tab: string, client: string, problem: string }),
        },
      }),
    },
  },
  "POST /upgrade": {
    summary: "Encodes anew what older versions of handlers encoded",
    answers: { [JSON_TYPE]: object({ states: count, servers: count }) },
  },
  "GET /": { summary: "The dashboard", answers: { "text/html": string } },
  "GET /openapi.json": { summary: "This document", answers: { [JSON_TYPE]: { type: "object" } } },
  "GET /healthz": { summary: '"ok" while the process answers at all', answers: { [TEXT]: string } },
  "GET /readyz": { summary: '"ok" while it reaches its store', answers: { [TEXT]: string } },
};

const parameters: Readonly<Record<Parameter, { readonly description: string; readonly schema: Schema }>> = {
  name: {
    description: "Names of tabs, with commas between them, or a pattern where re=1. Their base names with tag or by.",
    schema: strings,
  },
  client: { description: "Names of clients, with commas between them, or a pattern where re=1.", schema: strings },
  re: {
    description: "1: name and client are a regular expression (RE2) each, which must match the whole name.",
    schema: { type: "string", enum: ["0", "1"], default: "0" },
  },
  tag: { description: "key=value, a tag that tabs must have; may be given several times.", schema: strings },
  by: { description: "Keys of tags, with commas between them, by whose values tabs are reduced.", schema: strings },
  of: {
    description: "What is ranked.",
    schema: { type: "string", enum: ["tabs", "clients", "tags"], default: "tabs" },
  },
  window: { description: "Of what time.", schema: { type: "string", enum: ["1m", "10m", "1h", "1d"], default: "1m" } },
  limit: {
    description: "How many rows.",
    schema: { type: "integer", minimum: 1, maximum: limits.topRowsMax, default: 20 },
  },
  only: { description: "One of both, where not both are wanted.", schema: { type: "string", enum: ["own", "tabs"] } },
};

/** At /top `by` says what counts. */
const topBy = {
  description: "What makes one busier than another.",
  schema: { type: "string", enum: ["count", "total"], default: "count" },
} as const;

const byReason: Schema = { type: "object", additionalProperties: count };

const schemas: Readonly<Record<string, Schema>> = {
  Value: {
    description: "What the handler of the tab's type renders: for a CounterGroup the count and total of each window " +
      "and the percentiles of the last day. A State that can't be read is {error}.",
    examples: [{ "1m": { count: 3, total: 6.75 }, pct: [1.5, 2, 3.25, 3.25, 3.25, 3.25, 3.25] }],
  },
  Detailed: {
    type: "object",
    required: ["asOf", "rows", "complete", "missing"],
    properties: {
      asOf: number,
      rows: {
        type: "object",
        description: "As in JSON, with {type, relativeError, lateDropped, value, detail} in place of a value.",
      },
      complete: { type: "boolean" },
      missing: { ...strings, description: "Shards that could not be read." },
    },
  },
  PostAnswer: {
    ...object({
      lines: count,
      events: count,
      rejected: { type: "array", items: object({ line: count, error: string }) },
    }),
    description: "How much was taken. With repeated: true the batch had been taken before, and nothing was now.",
  },
  Status: {
    type: "object",
    required: ["version", "id", "url", "roles", "uptimeS", "store", "ingest", "drain"],
    properties: {
      version: string,
      id: string,
      url: string,
      roles: strings,
      uptimeS: number,
      watchers: count,
      store: { type: "object", description: "Members, tabs, clients, queues and events; or {error}." },
      ingest: object({
        posts: object({ accepted: count, repeated: count, refused: byReason }),
        lines: object({ accepted: count, refused: byReason }),
        events: object({ accepted: count }),
      }),
      drain: { type: ["object", "null"], description: "Null where this server drains nothing." },
    },
  },
  Refusal: {
    ...object({ error: string, code: { type: "string", enum: Object.keys(statusOf) } }),
    description: "Why nothing was done.",
  },
};

export function openApi(routes: Iterable<readonly [path: string, route: DescribedRoute]>): Json {
  const all = [...routes];
  const files = all.map(([path]) => path).filter((path) => path.startsWith(FILES));
  const paths = all.filter(([path]) => !path.startsWith(FILES)).map(([path, route]) =>
    [path, pathItem(path, route)] as const
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "Taba",
      version: VERSION,
      description: "Aggregates instrumentation events of large distributed systems in near real time.",
    },
    servers: [{ url: "/" }],
    paths: { ...Object.fromEntries(paths), [`${FILES}{file}`]: filesItem(files) },
    components: {
      schemas,
      responses: {
        Refused: {
          description: "Refused, with the status of its code. 429 and 503 have retry-after.",
          content: { [JSON_TYPE]: { schema: schemaNamed("Refusal") } },
        },
      },
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "Where the server has a token." } },
    },
  };
}

function pathItem(path: string, { GET, POST, parameters }: DescribedRoute): Json {
  const get = GET === undefined ? undefined : operations[`GET ${path}`];
  const post = POST === undefined ? undefined : operations[`POST ${path}`];
  return {
    ...get === undefined ? {} : { get: described(path, get) },
    // {} stands for no token.
    ...post === undefined ? {} : { post: { ...described(path, post), security: [{ token: [] }, {}] } },
    ...parameters.length === 0 ? {} : { parameters: parameters.map((name) => parameter(path, name)) },
  };
}

/** All files of the dashboard are one path, with a parameter. */
function filesItem(files: readonly string[]): Json {
  const names = files.map((path) => path.slice(FILES.length));
  const file = { name: "file", in: "path", required: true, schema: { type: "string", enum: names } };
  const content = Object.fromEntries(["text/javascript", "text/css", "image/svg+xml"].map((type) => [type, {}]));
  const get = {
    operationId: "dashboard_file",
    summary: "A file of the dashboard",
    responses: { "200": { description: "Done.", content }, default: { $ref: "#/components/responses/Refused" } },
  };
  return { get, parameters: [file] };
}

function described(path: string, { summary, answers, hasBody }: Operation): Schema {
  const content = Object.entries(answers).map(([type, schema]) => [type, { schema }]);
  return {
    operationId: path === "/" ? "dashboard" : path.replaceAll(/\W+/g, "_").slice(1),
    summary,
    ...hasBody ? { requestBody: { required: true, content: bodyContent } } : {},
    responses: {
      "200": { description: "Done.", content: Object.fromEntries(content) },
      default: { $ref: "#/components/responses/Refused" },
    },
  };
}

const bodyContent: Json = {
  "application/x-ndjson": {
    schema: string,
    examples: {
      events: { value: '{"client":"web-17"}\n{"tab":"bids_won","events":[[1763890000.5,3.25],[null,1]]}\n' },
    },
  },
};

function parameter(path: string, name: Parameter): Json {
  const { description, schema } = path === "/top" && name === "by" ? topBy : parameters[name];
  const isList = schema.type === "array";
  return { name, in: "query", description, schema, ...isList ? { style: "form", explode: name === "tag" } : {} };
}

/** All of its properties are there. */
function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", required: Object.keys(properties), properties };
}

function schemaNamed(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
