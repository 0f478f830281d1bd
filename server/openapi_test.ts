// Asks a server whether it is as its own document says, both ways: what it tells of itself where it is asked wrongly is
// in the document, and what it answers is of the documented form.

import { assert, assertEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { createLog } from "../service/log.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { Server } from "./server.ts";
import { MemoryStore } from "./store/memory_store.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly default?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: unknown;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

interface PathItem {
  readonly parameters?: readonly Parameter[];
  readonly get?: Operation;
  readonly post?: Operation;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

class Asked {
  readonly time = new VirtualTime();
  readonly server: Server;

  constructor() {
    const { clock, sleep } = this.time;
    this.server = new Server({
      ...{ store: new MemoryStore({ buckets: 2, clock }), registry: createRegistry() },
      self: { id: "server-1", url: "http://taba", roles: ["fe", "be"], started: clock() },
      ...{
        clock,
        sleep,
        random: () => 0.5,
        pause: () => Promise.resolve(),
        log: createLog({ clock, write: () => {} }),
      },
    });
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    return await this.server.fetch(new Request(`http://taba${path}`, init));
  }

  async document(): Promise<Document> {
    return await (await this.ask("/openapi.json")).json();
  }

  /** What is refused, and how. */
  async refusal(path: string, method = "GET") {
    const response = await this.ask(path, { method });
    const { error, code } = await response.json();
    return { error: String(error), code, allow: response.headers.get("allow") };
  }
}

/** All paths, those of the dashboard's files one by one. */
function* pathsOf({ paths }: Document): Generator<readonly [string, PathItem]> {
  for (const [path, item] of Object.entries(paths)) {
    const file = item.parameters?.find((parameter) => parameter.in === "path");
    if (file === undefined) yield [path, item];
    else {for (const name of file.schema.enum ?? []) {
        yield [path.replace("{file}", String(name)), { get: item.get ?? fail() }];
      }}
  }
}

function fail(): never {
  throw new Error("a path of files must be one to get");
}

Deno.test("openapi: has every path of the server, and each of its paths is one", async () => {
  const asked = new Asked();
  const document = await asked.document();
  assertEquals(document.openapi, "3.1.0");
  const { error } = await asked.refusal("/nothing");
  const known = error.slice(error.indexOf("a server has ") + "a server has ".length).split(", ");
  for (const path of known) assert(path in document.paths, `${path} must be in the document`);
  for (const [path] of pathsOf(document)) {
    const isPage = path === "/" || path.startsWith("/dashboard/");
    assert(isPage ? (await asked.ask(path)).status === 200 : known.includes(path), `${path} must be a path`);
  }
});

Deno.test("openapi: has the methods and parameters that the server knows, and no others", async () => {
  const asked = new Asked();
  const ids = new Set<string>();
  for (const [path, { get, post, parameters = [] }] of pathsOf(await asked.document())) {
    const { allow } = await asked.refusal(path, "DELETE");
    const methods = [...get === undefined ? [] : ["GET", "HEAD"], ...post === undefined ? [] : ["POST"]];
    assertEquals(methods.join(", "), allow, path);
    assertEquals(post === undefined || post.security !== undefined, true, path);
    const { error, code } = await asked.refusal(`${path}?nonsense=1`, methods[0]);
    assertEquals(code, "query_illegal");
    const known = /there is (.*) here$/.exec(error)?.[1].split(", ") ?? [];
    assertEquals(parameters.map(({ name }) => name), known.filter((name) => name !== "none"), path);
    for (const { operationId, summary } of [get, post].filter((one) => one !== undefined)) {
      assert(summary.length > 0);
      if (!path.startsWith("/dashboard/")) assert(!ids.has(operationId), operationId);
      ids.add(operationId);
    }
  }
});

Deno.test("openapi: values of parameters are those that the server takes", async () => {
  const asked = new Asked();
  for (const [path, { get, parameters = [] }] of pathsOf(await asked.document())) {
    for (const { name, schema } of get === undefined ? [] : parameters) {
      for (const value of schema.enum ?? []) {
        const { status, body } = await asked.ask(`${path}?${name}=${value}`);
        await body?.cancel();
        assertEquals(status, 200, `${path}?${name}=${value}`);
      }
      if (schema.enum !== undefined) {
        assertEquals((await asked.refusal(`${path}?${name}=nonsense`)).code, "query_illegal");
      }
    }
  }
});

Deno.test("openapi: answers are of the documented type and form", async () => {
  const asked = new Asked();
  const document = await asked.document();
  const stopping = new AbortController();
  const running = asked.server.run(stopping.signal);
  const lines = [{ tab: "bids;a=1", client: "web-1", events: [[1], ["x"]] }, {
    tab: "build",
    type: "Gauge",
    events: [["v1"]],
  }];
  const bodies: Readonly<Record<string, BodyInit>> = {
    "/post": lines.map((line) => JSON.stringify(line)).join("\n"),
    "/post_zip": await new Response(
      new Blob(['{"tab":"bids","events":[[1]]}']).stream().pipeThrough(new CompressionStream("deflate")),
    ).blob(),
  };
  const queries: Readonly<Record<string, string>> = { "/delete": "?name=none" };
  for (const [path, { get, post }] of pathsOf(document)) {
    if (get !== undefined) await answersAsDocumented(path, "GET", get);
    if (post !== undefined) await answersAsDocumented(path, "POST", post);
  }
  stopping.abort();
  await running;
  asked.server.endWatches();

  async function answersAsDocumented(path: string, method: "GET" | "POST", operation: Operation): Promise<void> {
    for (const [type, { schema = {} }] of Object.entries(operation.responses["200"].content ?? {})) {
      const body = method === "POST" ? bodies[path] ?? null : null;
      const answer = asked.ask(path + (queries[path] ?? ""), { method, body, headers: { accept: type } });
      let isAnswered = false;
      answer.then(() => isAnswered = true);
      while (!isAnswered) await asked.time.pass(100);
      const response = await answer;
      assertEquals(response.status, 200, `${method} ${path} as ${type}`);
      const given = response.headers.get("content-type")?.split(";")[0] ?? "";
      if (path.startsWith("/dashboard/")) assert(given in (operation.responses["200"].content ?? {}), path);
      else assertEquals(given, type, path);
      if (type.startsWith("application/json")) fits(await response.json(), schema, `${method} ${path}`);
      else await response.body?.cancel();
    }
  }

  function fits(value: unknown, schema: Schema, at: string): void {
    const { $ref, type, required = [], properties = {}, additionalProperties, items } = schema;
    if ($ref !== undefined) fits(value, document.components.schemas[$ref.split("/").at(-1) ?? ""], at);
    if (schema.enum !== undefined) assert(schema.enum.includes(value), at);
    if (type !== undefined) {
      assert([type].flat().includes(typeOf(value)) || isWhole(value, type), `${at} must be ${type}`);
    }
    if (Array.isArray(value)) value.forEach((item, index) => items && fits(item, items, `${at}[${index}]`));
    if (typeOf(value) !== "object") return;
    const members = new Map<string, unknown>(Object.entries(Object(value)));
    for (const name of required) assert(members.has(name), `${at} must have ${name}`);
    for (const [name, member] of members) {
      const of = properties[name] ?? additionalProperties;
      if (of !== undefined) fits(member, of, `${at}.${name}`);
    }
  }
});

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function isWhole(value: unknown, type: unknown): boolean {
  return type === "integer" && Number.isInteger(value);
}
