import { assert, assertEquals, assertMatch } from "@std/assert";
import { Program, runProgram } from "../tools/program.ts";

const program = { name: "lifecycle", module: "tests/programs/lifecycle.ts" };
const START_MS = 60_000;

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`runUntilStopped: says where it listens, and ends with 0 on ${signal}, also when it comes twice`, async () => {
    await using running = new Program(program);
    await running.line(/^lifecycle listening on nowhere$/, START_MS);
    running.signal(signal);
    running.signal(signal);
    assertEquals(await running.exit(), 0);
    assertMatch(running.output, new RegExp(`info  stopping signal=${signal}\n.* info  stopped$`));
  });
}

Deno.test("runUntilStopped: logs as --log-level and --log-format say, a flood as one line with a count", async () => {
  const flooding = ["--ends", "in-flood"];
  await using json = new Program({ ...program, args: [...flooding, "--log-format", "json"] });
  await json.line(/listening/, START_MS);
  json.signal("SIGTERM");
  assertEquals(await json.exit(), 0);
  const told = json.output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  assertEquals(
    told.map(({ level, message, repeatsUnsaid }) => [level, message, repeatsUnsaid]),
    [
      ["WARN", "the same again", undefined],
      ["INFO", "started", undefined],
      ["INFO", "stopping", undefined],
      ["WARN", "the same again", 999],
      ["INFO", "stopped", undefined],
    ],
  );
  assertEquals([told[0].index, told[1].url, told[2].signal], [0, "nowhere", "SIGTERM"]);
  assert(told.every((line) => !Number.isNaN(Date.parse(line["@timestamp"]))));

  await using quiet = new Program({ ...program, args: [...flooding, "--log-level=error"] });
  await quiet.line(/listening/, START_MS);
  quiet.signal("SIGTERM");
  assertEquals([await quiet.exit(), quiet.output], [0, "lifecycle listening on nowhere"]);
});

Deno.test("runUntilStopped: a stop that takes longer than it said is cut off with 1", async () => {
  await using running = new Program({ ...program, args: ["--ends", "late"] });
  await running.line(/listening/, START_MS);
  running.signal("SIGTERM");
  assertEquals(await running.exit(), 1);
  assertMatch(running.output, /error did not stop in time stopMs=0$/);
});

Deno.test("runUntilStopped: a bug ends it with 1 and one line", async () => {
  const byBug = await runProgram({ ...program, args: ["--ends", "by-bug"] });
  assertEquals(byBug.code, 1);
  assertMatch(byBug.output, /error ends by a bug error="BugError: it must end well" stack=".*"$/);
  const byBackground = await runProgram({ ...program, args: ["--ends=by-background"] });
  assertEquals(byBackground.code, 1);
  assertMatch(byBackground.output, /error="background work \\"breaking\\" failed: TypeError: broken"/);
});

Deno.test("runUntilStopped: trouble of the user's making is one line and 2", async () => {
  assertEquals(await runProgram({ ...program, args: ["--ends", "before-start"] }), {
    code: 2,
    output: "lifecycle: cannot start as it was asked not to",
  });
  assertEquals(await runProgram({ ...program, args: ["--ends", "never"] }), {
    code: 2,
    output:
      "lifecycle: cannot start as --ends must be one of well, late, by-bug, by-background, before-start, in-flood: " +
      'current value is "never"',
  });
});

Deno.test("runUntilStopped: --help and --version print and end with 0", async () => {
  const version = await runProgram({ ...program, args: ["--version"] });
  assertEquals(version, { code: 0, output: "lifecycle 1.0.0" });
  const help = await runProgram({ ...program, args: ["--help"] });
  assertEquals(help.code, 0);
  assertMatch(help.output, /Usage: lifecycle \[options\]/);
});
