// The canary: each rule must fail on a line that breaks it, and leave its good twin alone.

import { assertEquals } from "@std/assert";
import plugin from "./lint_plugin.ts";

interface Canary {
  readonly file: string;
  readonly bad: string;
  readonly good: string;
}

const roomsCanaries: readonly Canary[] = [
  { file: "core/folding.ts", bad: `import "../service/log.ts";`, good: `import "./event.ts";` },
  { file: "core/folding.ts", bad: `import "@std/assert";`, good: `import "./assert.ts";` },
  { file: "core/wire/ndjson.ts", bad: `import "../../client/client.ts";`, good: `import "../event.ts";` },
  { file: "core/wire/ndjson.ts", bad: `import "node:buffer";`, good: `import "./protocol_v1.ts";` },
  { file: "client/client.ts", bad: `import "npm:fast-check";`, good: `import "../core/event.ts";` },
  { file: "client/client.ts", bad: `import "../service/world.ts";`, good: `import "./platform.ts";` },
  { file: "mod.ts", bad: `export * from "./server/main.ts";`, good: `export * from "./client/mod.ts";` },
  { file: "service/settings.ts", bad: `import "@std/assert";`, good: `import "@std/cli/parse-args";` },
  { file: "service/settings.ts", bad: `import "../agent/agent.ts";`, good: `import "node:zlib";` },
  { file: "agent/agent.ts", bad: `import "../server/query.ts";`, good: `import "../service/log.ts";` },
  { file: "agent/agent.ts", bad: `import type { X } from "../client/client.ts";`, good: `import "./balancer.ts";` },
  { file: "agent/journal/journal.ts", bad: `import "node:zlib";`, good: `import "./record_file.ts";` },
  { file: "agent/journal/record_file.ts", bad: `import "node:fs";`, good: `import "node:zlib";` },
  { file: "server/query.ts", bad: `import "../client/mod.ts";`, good: `import "re2js";` },
  { file: "server/main.ts", bad: `import "../agent/agent.ts";`, good: `import "../client/mod.ts";` },
  { file: "server/drain/drain.ts", bad: `import "../store/memory_store.ts";`, good: `import "../store/store.ts";` },
  { file: "server/server.ts", bad: `import "./store/redis_store.ts";`, good: `import "./store/shards.ts";` },
  { file: "server/dashboard/main.js", bad: `import "../query.ts";`, good: `import "./dom.js";` },
  { file: "server/query.ts", bad: `import "./dashboard/dom.js";`, good: `import "./dashboard.ts";` },
  { file: "server/store/redis_store.ts", bad: `import "ioredis";`, good: `import "./shards.ts";` },
  { file: "server/drain/drain.ts", bad: `await import("ioredis");`, good: `await import("../query.ts");` },
  { file: "server/store/shards.ts", bad: `import "redis";`, good: `import "ioredis";` },
  { file: "cli/look.ts", bad: `import "@cliffy/command";`, good: `import "./api.ts";` },
  { file: "cli/main.ts", bad: `import "../server/query.ts";`, good: `import "@cliffy/command/completions";` },
  { file: "cli/main_test.ts", bad: `import "./main.ts";`, good: `import "../server/query.ts";` },
  { file: "examples/demo/main.ts", bad: `import "../../server/main.ts";`, good: `import "../../tools/program.ts";` },
];

const worldCanaries: readonly Canary[] = [
  { file: "core/folding.ts", bad: `Date.now();`, good: `clock.now();` },
  { file: "core/folding.ts", bad: `const now = Date.now;`, good: `const { now } = world;` },
  { file: "core/folding.ts", bad: `new Date();`, good: `new Date(0);` },
  { file: "core/backoff.ts", bad: `Math.random();`, good: `random();` },
  { file: "core/backoff.ts", bad: `Math["random"]();`, good: `Math["round"](1);` },
  { file: "agent/agent.ts", bad: `setTimeout(send, 1);`, good: `options.setTimeout(send, 1);` },
  {
    file: "agent/agent.ts",
    bad: `const { later = setInterval } = options;`,
    good: `const { setInterval: later } = options;`,
  },
  { file: "agent/agent.ts", bad: `AbortSignal.timeout(1);`, good: `AbortSignal.any([signal]);` },
  { file: "server/query.ts", bad: `performance.now();`, good: `this.performance;` },
  { file: "server/query.ts", bad: `await fetch(url);`, good: `const handler = { fetch(request) {} };` },
  { file: "server/query.ts", bad: `const world = { fetch };`, good: `let send: typeof fetch;` },
  { file: "server/query.ts", bad: `globalThis.fetch(url);`, good: `globalThis.structuredClone(url);` },
  { file: "client/client.ts", bad: `crypto.randomUUID();`, good: `crypto.subtle.digest("SHA-256", bytes);` },
  { file: "client/client.ts", bad: `console.log(1);`, good: `log.console(1);` },
  { file: "mod.ts", bad: `Deno.exit();`, good: `exit();` },
  { file: "server/ingest.ts", bad: `Deno.env.get("X");`, good: `env.Deno;` },
  { file: "server/ingest.ts", bad: `function f(a: Deno.Addr) {}`, good: `function f(a: URL) {}` },
  { file: "agent/journal/journal.ts", bad: `fetch("x");`, good: `Deno.openSync("x");` },
  { file: "agent/journal/segment.ts", bad: `Deno.openSync("x");`, good: `disk.openSync("x");` },
  { file: "service/listen.ts", bad: `Date.now();`, good: `Deno.serve(handle);` },
  { file: "cli/output.ts", bad: `Math.random();`, good: `Deno.stdout.isTerminal();` },
  { file: "server/store/memory_store.ts", bad: `setInterval(prune, 1);`, good: `await sleep(1);` },
  // The doors: what is refused beside them is allowed in them.
  { file: "service/other.ts", bad: `setTimeout(wake, 1);`, good: `console.error(line);` },
];

const openDoors: readonly (readonly [file: string, code: string])[] = [
  ["service/world.ts", `Date.now(); Math.random(); setTimeout(wake, 1);`],
  ["client/platform.ts", `Date.now(); Math.random(); setTimeout(wake, 1); fetch(url); crypto.randomUUID();`],
  ["agent/main.ts", `Date.now(); Deno.exit(1);`],
  ["server/main.ts", `import "./store/memory_store.ts"; import "./store/redis_store.ts"; setTimeout(end, 1);`],
  ["cli/api.ts", `await fetch(url);`],
  ["core/folding_test.ts", `Date.now(); import "@std/assert"; import "../service/log.ts";`],
  ["bench/wire_bench.ts", `performance.now(); import "../core/wire/ndjson.ts"; import "npm:x";`],
];

Deno.test("rooms: the bad line fails and its good twin passes", () => {
  for (const canary of roomsCanaries) sing("taba/rooms", canary);
});

Deno.test("world: the bad line fails and its good twin passes", () => {
  for (const canary of worldCanaries) sing("taba/world", canary);
});

Deno.test("plugin: doors, tests and benches are free", () => {
  for (const [file, code] of openDoors) assertEquals(complaints(file, code), [], file);
});

Deno.test("plugin: a file knows its room by its full path too", () => {
  const file = decodeURIComponent(new URL("../core/folding.ts", import.meta.url).pathname);
  assertEquals(complaints(file, `import "../service/log.ts"; Date.now();`), ["taba/rooms", "taba/world"]);
});

function sing(rule: string, { file, bad, good }: Canary): void {
  assertEquals(complaints(file, bad), [rule], `must fail in ${file}: ${bad}`);
  assertEquals(complaints(file, good), [], `must pass in ${file}: ${good}`);
}

function complaints(file: string, code: string): string[] {
  return Deno.lint.runPlugin(plugin, file, code).map((diagnostic) => diagnostic.id);
}
