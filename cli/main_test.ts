// taba-cli as a process, with the permissions of its task: what is typed, exit codes, and where each line goes.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { denoRun, taskProgram } from "../tools/deno_command.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const { module, flags } = taskProgram("cli");
/** What Cliffy lays out is as wide as its texts, whatever the terminal. */
const HELP_WIDTH = 80;

async function run(args: readonly string[], options: { server?: string; input?: string } = {}): Promise<Outcome> {
  const { server, input } = options;
  const command = denoRun(module, { flags: ["--quiet", ...flags], args });
  const child = new Deno.Command(command.path, {
    args: command.args,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    env: { ...(server === undefined ? {} : { TABA_SERVER: server }), NO_COLOR: "1" },
  }).spawn();
  if (input !== undefined) await new Blob([input]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Answers with what was asked, one line a request; nothing to what is named "none". */
function echo(): { url: string; requests: string[]; [Symbol.asyncDispose](): Promise<void> } {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    requests.push(`${request.method} ${pathname}${search}`);
    if (search.includes("none")) return new Response("");
    if (search.includes("endless")) return new Response(endless());
    if (request.method === "GET") return new Response(`${request.method} ${pathname}${search}\n`);
    const lines = body.trim().split("\n").length - 1;
    return Response.json({ lines, events: lines, rejected: [] });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("bids: {}\n".repeat(1000))),
  });
}

Deno.test("taba-cli: each command asks its path, and exits with 0 where something is found", async () => {
  await using server = echo();
  const cases: [string[], string][] = [
    [["agg", "bids", "wins"], "/tabs?name=bids&name=wins"],
    [["agg", "bids", "--by", "route", "-t", "a=1", "--tag", "b=2"], "/tabs?name=bids&tag=a%3D1&tag=b%3D2&by=route"],
    [["projection", "-r", "bids.*", "--client", "web-1"], "/projection?name=bids.*&client=web-1&re=1"],
    [["super", "bids", "--json"], "/supertabs?name=bids"],
    [["names"], "/names"],
    [["clients", "web-1"], "/clients?client=web-1"],
    [["types"], "/types"],
    [["status", "--json"], "/status"],
  ];
  for (const [args, path] of cases) {
    assertEquals(await run(args, { server: server.url }), { code: 0, stdout: `GET ${path}\n`, stderr: "" });
  }
});

Deno.test("taba-cli: exits with 1 where nothing is found", async () => {
  await using server = echo();
  const outcome = await run(["agg", "none", "--server", server.url]);
  assertEquals(outcome, { code: 1, stdout: "", stderr: "taba-cli: nothing found\n" });
});

Deno.test("taba-cli: a complaint is one line that no terminal obeys, whatever it quotes", async () => {
  const { code, stderr } = await run(["record", "bids", "1", "--tag", "\u009b2J\u202e"]);
  assertEquals([code, stderr], [2, 'taba-cli: --tag must be key=value: current value is "�2J�"\n']);
});

Deno.test("taba-cli: records a value, negative ones too, and lines of standard input", async () => {
  await using server = echo();
  assertEquals((await run(["record", "bids", "-3.5"], { server: server.url })).stdout, "recorded 1 event\n");
  const piped = await run(["record", "bids", "--server", server.url], { input: "1\n-2\n3" });
  assertEquals(piped, { code: 0, stdout: "recorded 3 events\n", stderr: "" });
  assertEquals(new Set(server.requests), new Set(["POST /post"]));
});

Deno.test("taba-cli: exits with 2 and one line for wrong usage", async () => {
  const cases: [string[], RegExp][] = [
    [["agg", "--nope"], /--nope/],
    [["aggregate"], /Unknown command "aggregate"/],
    [["agg", "--server"], /--server/],
    [["agg", "--server", "localhost"], /--server must be an address/],
    [["agg", "--timeout", "soon"], /--timeout must be a number/],
    [["record"], /name/],
    [["record", "bids", "1", "2"], /2/],
    [["record", "two words", "1"], /"two words"/],
    [["agent", "status", "--agent", "http://one.test", "--agent", "http://two.test"], /--agent.*once/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(args);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertMatch(stderr, /^taba-cli: [^\n]+\n$/);
    assertMatch(stderr, message);
  }
});

Deno.test("taba-cli: exits with 2 and names address and cause where no server is", async () => {
  // A port that was free a moment ago.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { code, stdout, stderr } = await run(["agg", "bids", "--server", server]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^taba-cli: cannot reach [^\n]*\n$/);
  assertStringIncludes(stderr, `cannot reach ${server}: `);
  assertMatch(stderr, /refused/i);
});

Deno.test("taba-cli: ends quietly when its reader has gone", async () => {
  await using server = echo();
  const { path, args } = denoRun(module, { flags: ["--quiet", ...flags], args: ["agg", "endless"] });
  const env = { TABA_SERVER: server.url };
  const child = new Deno.Command(path, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(await new Response(child.stderr).text(), "");
  assertEquals((await child.status).code, 0);
});

Deno.test("taba-cli: help shows options and examples, and needs no server", async () => {
  for (const command of ["agg", "watch", "record", "agent status", "delete", "bench", "audit"]) {
    const { code, stdout } = await run([...command.split(" "), "--help"]);
    assertEquals(code, 0);
    for (const part of ["--server", "--json", "Examples:", `taba-cli ${command}`]) assertStringIncludes(stdout, part);
    assertEquals(stdout.split("\n").filter((line) => line.length > HELP_WIDTH), [], "it fits a terminal");
  }
  const { stdout } = await run(["--help"]);
  assertEquals(stdout.split("\n").filter((line) => line.length > HELP_WIDTH), [], "it fits a terminal");
});

Deno.test("taba-cli: completes commands in the shells, and names out of the server", async () => {
  await using server = echo();
  for (const shell of ["bash", "fish", "zsh"]) {
    const { code, stdout } = await run(["completions", shell]);
    assertEquals(code, 0);
    for (const command of ["projection", "rebalance"]) assertStringIncludes(stdout, command);
  }
  const { stdout } = await run(["completions", "complete", "name", "agg"], { server: server.url });
  assertEquals(stdout.trim(), "GET /names");
});
