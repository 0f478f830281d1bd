// The tasks' own machinery as processes: registry, exit codes, signals, and the line that counts the tests.

import { assertEquals, assertMatch } from "@std/assert";
import { configPath, denoCommand, projectPath } from "./deno_command.ts";

const runner = ["run", "--quiet", "--allow-all", projectPath("tools/run.ts")];

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Deno.ChildProcess {
  // The registry that was chosen for this process is reachable: nothing has to be found out again.
  const registry = configPath.endsWith("deno.npm.json") ? "npm" : "jsr";
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { TABA_REGISTRY: registry, NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcome(child: Deno.ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("run: a command gets the configuration and its exit code is ours", async () => {
  const code = `console.log(import.meta.resolve("fast-check"), Deno.args.join()); Deno.exit(7)`;
  const child = await outcome(start([...runner, "eval", code, "a", "--b"]));
  assertEquals(child, { code: 7, stdout: "npm:fast-check@4.10.2 a,--b\n", stderr: "" });
});

Deno.test("run: an unknown registry or no command is told in one line, with exit code 2", async () => {
  const unknown = await outcome(start([...runner, "eval", "1"], { TABA_REGISTRY: "yarn" }));
  assertEquals(unknown.code, 2);
  assertMatch(unknown.stderr, /^[^\n]*TABA_REGISTRY must be jsr or npm: current value is "yarn"\n$/);
  const none = await outcome(start(runner));
  assertEquals([none.code, none.stderr.split("\n").length], [2, 2]);
});

Deno.test("run: a signal reaches the command, once", async () => {
  const code = `
    let count = 0;
    Deno.addSignalListener("SIGTERM", () => { count++; setTimeout(() => { console.log(count); Deno.exit(5); }, 200); });
    setTimeout(() => {}, 60_000);
    console.log("ready");`;
  const child = start([...runner, "eval", code]);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await lines.read()).value, "ready\n");
  child.kill("SIGTERM");
  assertEquals((await lines.read()).value, "1\n");
  await lines.cancel();
  await child.stderr.cancel();
  assertEquals((await child.status).code, 5);
});

Deno.test("run_tests: ends with the count of tests that passed and failed, and with their exit code", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const cases: [source: string, lastLine: string, code: number][] = [
      [`Deno.test("a", () => {}); Deno.test("b", () => {});`, "2 passed, 0 failed", 0],
      [`Deno.test("a", () => {}); Deno.test("b", () => { throw new Error("no"); });`, "1 passed, 1 failed", 1],
      [`Deno.test("a", () => {}); Deno.test.ignore("b", () => {});`, "1 passed, 0 failed", 0],
      [`import "./nowhere.ts";`, "0 passed, 1 failed", 1],
      [`Deno.test("a", () => {}); throw new Error("no");`, "0 passed, 1 failed", 1],
    ];
    for (const [source, lastLine, code] of cases) {
      const file = `${folder}/some_test.ts`;
      await Deno.writeTextFile(file, source);
      const { args } = denoCommand("run", ["--allow-all", projectPath("tools/run_tests.ts"), file]);
      const ended = await outcome(start(args));
      assertEquals([ended.stdout.trimEnd().split("\n").at(-1), ended.code], [lastLine, code]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("compile: without Deno's runtime stub says in one line what to do", async () => {
  const { args } = denoCommand("run", ["--allow-all", projectPath("tools/compile.ts")]);
  const { code, stderr } = await outcome(start(args, { DENORT_BIN: "/nowhere/denort" }));
  assertEquals(code, 1);
  assertMatch(stderr, /^Cannot build dist\/taba-server without [^\n]+: No such file [^\n]+; set DENORT_BIN [^\n]+\n$/);
});
