import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { stubShell } from "../tests/stub_shell.ts";
import type { Keyboard } from "./shell.ts";
import { UsageTrouble } from "./shell.ts";
import { check, remove, upkeep } from "./upkeep.ts";

const NOTHING_ASKED = { names: [], options: {} };

function answering(line: string | undefined): Keyboard {
  return { async *keys() {}, line: () => Promise.resolve(line) };
}

/** A server with two tabs. */
function answer(request: Request): Response {
  return Response.json(request.method === "POST" ? { tabs: 2, states: 5 } : ["bids", "bids_won"]);
}

Deno.test("upkeep: what was done is a sentence, or the server's JSON", async () => {
  const cases = [
    ["/gc", { states: 1, servers: 2 }, "removed 1 empty State on 2 servers\n"],
    ["/flush", { entries: 7, servers: 1 }, "committed 7 entries on 1 server: all that was accepted is in States\n"],
    ["/rebalance", { servers: 4, buckets: 250 }, "250 buckets moved among 4 servers\n"],
    ["/upgrade", { states: 0 }, "encoded 0 States of older handlers anew\n"],
  ] as const;
  for (const [path, done, sentence] of cases) {
    const shell = stubShell({ answer: () => Response.json(done), env: { TABA_TOKEN: "secret" } });
    assertEquals([await upkeep(path, NOTHING_ASKED, shell), shell.printed()], [0, sentence]);
    const [request] = shell.requests;
    assertEquals([request.method, new URL(request.url).pathname], ["POST", path]);
    assertEquals(request.headers.get("authorization"), "Bearer secret");
    const asJson = stubShell({ answer: () => Response.json(done) });
    await upkeep(path, { names: [], options: { json: true } }, asJson);
    assertEquals(JSON.parse(asJson.printed()), done);
  }
});

Deno.test("remove: asks at a terminal, and deletes only after a yes", async () => {
  for (const [line, code] of [["y", 0], ["YES ", 0], ["", 1], ["no", 1], ["yesterday", 1], [undefined, 1]] as const) {
    const shell = stubShell({ answer, keyboard: answering(line) });
    assertEquals(await remove({ names: ["bids.*"], options: { regex: true } }, shell), code);
    const question = "Delete 2 tabs (bids, bids_won) with all that was sent to them? [y/N] ";
    assertEquals(shell.shown(), line === undefined ? `${question}\n` : question);
    const paths = shell.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}${new URL(url).search}`);
    const asked = "GET /names?name=bids.*&re=1";
    assertEquals(paths, code === 0 ? [asked, "POST /delete?name=bids.*&re=1"] : [asked]);
    assertEquals([shell.printed(), shell.complaints], [
      code === 0 ? "deleted 2 tabs, 5 States\n" : "",
      code === 0 ? [] : ["nothing deleted"],
    ]);
  }
});

Deno.test("remove: no name in the question is obeyed by the terminal", async () => {
  const shell = stubShell({ answer: () => Response.json(["bids\u009b2J"]), keyboard: answering("n") });
  await remove({ names: ["bids.*"], options: { regex: true } }, shell);
  assertStringIncludes(shell.shown(), "Delete 1 tab (bids�2J) with");
});

Deno.test("remove: asks nothing where nothing is found", async () => {
  const shell = stubShell({ answer: () => Response.json([]), keyboard: answering("y") });
  assertEquals(await remove({ names: ["bids"], options: {} }, shell), 1);
  assertEquals([shell.shown(), shell.complaints], ["", ["nothing found"]]);
});

Deno.test("remove: what clients sent is asked about as such", async () => {
  const shell = stubShell({ answer, keyboard: answering("y") });
  await remove({ names: [], options: { client: ["web-1", "web-2"] } }, shell);
  assertStringIncludes(shell.shown(), "Delete what web-1, web-2 sent to 2 tabs (bids, bids_won)?");
  assertEquals(new URL(shell.requests[1].url).search, "?client=web-1&client=web-2");
});

Deno.test("remove: without a terminal --yes must say it is meant, and something must be named", async () => {
  const shell = stubShell({ answer });
  await assertRejects(() => remove({ names: ["bids"], options: {} }, shell), UsageTrouble, "--yes says it is meant");
  await assertRejects(
    () => remove({ names: [], options: { yes: true } }, shell),
    UsageTrouble,
    "delete needs the names",
  );
  assertEquals(shell.requests.length, 0);
  assertEquals(await remove({ names: ["bids"], options: { yes: true, json: true } }, shell), 0);
  assertEquals(shell.printed(), '{"tabs":2,"states":5}\n');
  const empty = stubShell({ answer: () => Response.json({ tabs: 0, states: 0 }) });
  assertEquals(await remove({ names: ["bids"], options: { yes: true } }, empty), 1);
});

Deno.test("check: exit code 1 with problems, each on a line, and how many there are beyond", async () => {
  const looked = { buckets: 64, tabs: 1000, states: 2000, entries: 0 };
  const fine = stubShell({ answer: () => Response.json({ ...looked, problems: [], problemsMore: 0 }) });
  assertEquals(await check(NOTHING_ASKED, fine), 0);
  assertEquals(fine.printed(), "looked at 64 buckets, 1,000 tabs, 2,000 states, 0 entries: no problems\n");

  const problems = [{ bucket: 7, tab: "bids\x1b[2J", client: "web-1", problem: "can't be read" }];
  const report = { ...looked, problems, problemsMore: 41 };
  const bad = stubShell({ answer: () => Response.json(report) });
  assertEquals(await check(NOTHING_ASKED, bad), 1);
  assertEquals(bad.printed().split("\n"), [
    "BUCKET  TAB       CLIENT  PROBLEM",
    "     7  bids␛[2J  web-1   can't be read",
    "looked at 64 buckets, 1,000 tabs, 2,000 states, 0 entries: 42 problems",
    "",
  ]);
  const narrow = stubShell({ answer: () => Response.json(report), size: { columns: 40, rows: 9 } });
  await check(NOTHING_ASKED, narrow);
  assertEquals(narrow.printed().trimEnd().split("\n").at(-1), "looked at 64 buckets, 1,00…: 42 problems");
  const asJson = stubShell({ answer: () => Response.json(report) });
  assertEquals(await check({ names: [], options: { json: true } }, asJson), 1);
  assertEquals(JSON.parse(asJson.printed()), report);
});
