// How taba-cli behaves as a program at a terminal and in a pipe: real processes, a real pseudo-terminal.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { widthOf } from "../../cli/terminal/text_width.ts";
import { runEnvironment } from "../../tools/child.ts";
import { denoRun, taskProgram } from "../../tools/deno_command.ts";
import { scriptedServer } from "./scripted_server.ts";
import { Terminal, whyNoTerminal } from "./terminal.ts";

const why = await whyNoTerminal();
if (why !== undefined) console.error(`Cannot try taba-cli at a terminal as one is needed: ${why}`);
const atTerminal = { ignore: why !== undefined };

/** Runs `taba-cli … <rest of a shell's line>` where no terminal is. */
async function inShell(line: string, server: string, env: Record<string, string> = {}) {
  const { module, flags } = taskProgram("cli");
  const { path, args } = denoRun(module, { flags: ["--quiet", ...flags] });
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      `set -o pipefail; cli() { "${path}" ${args.join(" ")} "$@"; }; ${line}`,
    ],
    env: { ...runEnvironment(args), TABA_SERVER: server, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("taba-cli in a pipe: a watch ends with its reader, well and quietly", async () => {
  await using server = scriptedServer();
  const { code, stdout, stderr } = await inShell("cli watch bids | head -n 3", server.url);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, 3);
  for (const line of lines) assertMatch(line, /^2023-11-14T22:13:2\dZ \S+ (per_s=3 )?count=\d+ total=\d+ p50=2 p99=6$/);
  const json = await inShell("cli watch bids --json | head -n 2", server.url);
  assertEquals([json.code, json.stderr], [0, ""]);
  for (const line of json.stdout.trimEnd().split("\n")) assertEquals(typeof JSON.parse(line).asOf, "number");
});

Deno.test("taba-cli in a pipe: plain text of any width, colours only where they are forced", async () => {
  await using server = scriptedServer();
  const plain = await inShell("cli top | cat", server.url);
  assertEquals(plain.code, 0);
  assertMatch(plain.stdout, /^# {2}NAME +COUNT +PER S {2}TOTAL\n1 {2}bids /);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(plain.stdout), JSON.stringify(plain.stdout));
  assertStringIncludes((await inShell("cli top", server.url, { FORCE_COLOR: "1" })).stdout, "\x1b[1m#");
  const none = await inShell("cli top", server.url, { FORCE_COLOR: "1", NO_COLOR: "1" });
  assertEquals(none.stdout, plain.stdout);
});

Deno.test("taba-cli in a pipe: refuses to delete what it could not ask about", async () => {
  await using server = scriptedServer();
  const { code, stdout, stderr } = await inShell("cli delete bids", server.url);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^taba-cli: delete asks before it deletes, [^\n]+ --yes [^\n]+\n$/);
  assertEquals((await inShell("cli delete bids --yes", server.url)).stdout, "deleted 1 tab, 2 States\n");
});

Deno.test("taba-cli in a pipe: Ctrl-C ends it at once, as it ends any program", async () => {
  await using server = scriptedServer();
  const { module, flags } = taskProgram("cli");
  const { path, args } = denoRun(module, { flags: ["--quiet", ...flags], args: ["watch", "bids"] });
  const env = { TABA_SERVER: server.url };
  const child = new Deno.Command(path, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  while (!(await reader.read()).done);
  assertEquals([(await child.status).code, await new Response(child.stderr).text()], [130, ""]);
});

Deno.test("taba-cli in a pipe: what can't be written is told in one line, with exit code 2", async () => {
  await using server = scriptedServer();
  for (const line of ["names", "top --json", "watch bids", "--help", "completions bash"]) {
    const { code, stderr } = await inShell(`cli ${line} > /dev/full`, server.url);
    assertEquals([code, stderr], [2, "taba-cli: cannot write: No space left on device\n"], line);
  }
});

Deno.test("taba-cli in a pipe: without a server it says so in one line, with exit code 2", async () => {
  const { url, [Symbol.asyncDispose]: stop } = scriptedServer();
  await stop();
  for (const line of ["cli watch bids", "cli top", "cli audit", "cli bench", "cli gc"]) {
    const { code, stdout, stderr } = await inShell(line, url);
    assertEquals([code, stdout], [2, ""], line);
    assertMatch(stderr, /^taba-cli: cannot reach http:\/\/127[^\n]+\n$/);
  }
});

Deno.test({
  name: "taba-cli at a terminal: a watch fits a narrow one, follows its size, and leaves with q",
  ...atTerminal,
  async fn() {
    await using server = scriptedServer();
    await using terminal = new Terminal({ args: ["watch", "bids"], server: server.url, columns: 40, rows: 10 });
    await terminal.shows(/3\/s/);
    const narrow = terminal.frame;
    assert(narrow.length <= 10 && narrow.every((line) => widthOf(line) <= 40), narrow.join("\n"));
    assertStringIncludes(narrow.join("\n"), "ev␛[2Jil␍␊");
    await terminal.resize(100, 20);
    await terminal.shows(/P99/);
    await terminal.press("q");
    assertEquals(await terminal.end(), { code: 0, isRestored: true });
  },
});

Deno.test({
  name: "taba-cli at a terminal: Ctrl-C, Ctrl-\\ and signals end a view with their code, and the terminal is as it was",
  ...atTerminal,
  async fn() {
    await using server = scriptedServer();
    const endings: readonly (readonly [(terminal: Terminal) => Promise<void>, number])[] = [
      [(terminal) => terminal.press("\x03"), 130],
      [(terminal) => terminal.press("\x1c"), 131],
      [(terminal) => terminal.signal("SIGTERM"), 143],
      [(terminal) => terminal.signal("SIGHUP"), 129],
    ];
    for (const [end, code] of endings) {
      await using terminal = new Terminal({ args: ["top"], server: server.url, columns: 60, rows: 12 });
      await terminal.shows(/q quits/);
      await end(terminal);
      assertEquals(await terminal.end(), { code, isRestored: true });
    }
  },
});

Deno.test({
  name: "taba-cli at a terminal: top obeys its keys",
  ...atTerminal,
  async fn() {
    await using server = scriptedServer();
    await using terminal = new Terminal({ args: ["top"], server: server.url, columns: 70, rows: 12 });
    await terminal.shows(/top tabs of 1m by count/);
    for (const [key, shown] of [["s", /of 1m by total/], ["w", /of 10m by total/], ["o", /top clients/]] as const) {
      await terminal.press(key);
      await terminal.shows(shown);
    }
    // Several at once, and a key of the keypad that is not the letter at its end.
    await terminal.press("so\x1bOq");
    await terminal.shows(/top tags of 10m by count/);
    await terminal.press("xq");
    assertEquals(await terminal.end(), { code: 0, isRestored: true });
  },
});

Deno.test({
  name: "taba-cli at a terminal: a server that dies is told, waited for, and shown again",
  ...atTerminal,
  async fn() {
    const first = scriptedServer();
    await using terminal = new Terminal({ args: ["watch", "bids"], server: first.url, columns: 80, rows: 12 });
    await terminal.shows(/3\/s/);
    await first[Symbol.asyncDispose]();
    await terminal.shows(/trying again/);
    const before = terminal.shown.length;
    await using _second = scriptedServer(first.port);
    await terminal.shows(new RegExp(`^[^]{${before},}q quits`));
    await terminal.press("q");
    assertEquals(await terminal.end(), { code: 0, isRestored: true });
  },
});

Deno.test({
  name: "taba-cli at a terminal: asks before it deletes, and takes anything but yes for no",
  ...atTerminal,
  async fn() {
    await using server = scriptedServer();
    for (const [answer, code, said] of [["y\n", 0, /deleted 1 tab, 2 States/], ["\n", 1, /nothing deleted/]] as const) {
      await using terminal = new Terminal({ args: ["delete", "bids"], server: server.url, columns: 80, rows: 12 });
      await terminal.shows(/Delete 1 tab \(bids\) with all that was sent to it\? \[y\/N\] /);
      await terminal.press(answer);
      await terminal.shows(said);
      assertEquals(await terminal.end(), { code, isRestored: true });
    }
  },
});

Deno.test({
  name: "taba-cli at a terminal: NO_COLOR and TERM=dumb are obeyed",
  ...atTerminal,
  async fn() {
    await using server = scriptedServer();
    const options = { args: ["top"], server: server.url, columns: 60, rows: 12 };
    await using plain = new Terminal({ ...options, env: { NO_COLOR: "1" } });
    await plain.shows(/q quits/);
    // deno-lint-ignore no-control-regex
    assert(!/\x1b\[[\d;]*m/.test(plain.shown), JSON.stringify(plain.shown));
    await plain.press("q");
    assertEquals(await plain.end(), { code: 0, isRestored: true });
    await using dumb = new Terminal({ ...options, env: { TERM: "dumb" } });
    assertEquals(await dumb.end(), { code: 0, isRestored: true });
    assert(!dumb.shown.includes("\x1b"), JSON.stringify(dumb.shown));
  },
});
