import { assert, assertEquals, assertRejects } from "@std/assert";
import { type StubShell, stubShell, type StubShellOptions } from "../tests/stub_shell.ts";
import { ApiTrouble } from "./api.ts";
import { UsageTrouble } from "./shell.ts";
import { record } from "./record.ts";

/** A server that counts every line but those whose value is the text "bad". */
async function counting(request: Request): Promise<Response> {
  const lines = (await request.text()).trim().split("\n");
  const rejected = lines.flatMap((line, index) =>
    line.includes('"bad"') ? [{ line: index + 1, error: "no number" }] : []
  );
  const count = lines.length - 1 - rejected.length;
  const answer = { lines: count, events: count, rejected };
  return count > 0
    ? Response.json(answer)
    : Response.json({ error: "no line", code: "body_malformed", rejected }, { status: 400 });
}

/** Header and lines of each post. */
async function posts(
  shell: StubShell,
): Promise<{ header: Record<string, unknown>; lines: Record<string, unknown>[] }[]> {
  return await Promise.all(shell.requests.map(async (request) => {
    const [header, ...lines] = (await request.clone().text()).trim().split("\n").map((line) => JSON.parse(line));
    return { header, lines };
  }));
}

function recording(shell: StubShell, value?: string, options: Record<string, unknown> = {}): Promise<number> {
  return record({ names: value === undefined ? ["bids"] : ["bids", value], options }, shell);
}

Deno.test("record: one event goes out under an id, and is confirmed", async () => {
  const shell = stubShell({ answer: counting });
  const options = { type: "Gauge", client: "web-1", tag: ["status=200", "route=/b;d"] };
  assertEquals(await recording(shell, "2.4.1", options), 0);
  assertEquals(shell.printed(), "recorded 1 event\n");

  const [{ header, lines }] = await posts(shell);
  assert(/^cli-[a-z0-9]+$/.test(String(header.sender)));
  assertEquals({ ...header, sender: "" }, { taba: 2, client: "web-1", sender: "", seq: 0, low: 0 });
  assertEquals(lines, [{ tab: "bids;route=/b~3Bd;status=200", type: "Gauge", events: [[null, "2.4.1"]] }]);
});

Deno.test("record: a value is JSON, or else a text", async () => {
  const values: [string, unknown][] = [
    ["3.25", 3.25],
    ["-1e3", -1000],
    ['"7"', "7"],
    ['["v2", 1400003600]', ["v2", 1400003600]],
    ["v2", "v2"],
    ["1e400", "1e400"],
    ["2.4.1", "2.4.1"],
    ["", ""],
  ];
  for (const [text, value] of values) {
    const shell = stubShell({ answer: counting });
    await recording(shell, text);
    assertEquals((await posts(shell))[0].lines[0].events, [[null, value]]);
  }
});

Deno.test("record: lines of standard input are posted piece by piece, whatever cuts them", async () => {
  const shell = stubShell({ answer: counting, input: ["1\n2", "2\r\n\n  \n", "3", "\n4"] });
  assertEquals(await recording(shell, undefined, { json: true }), 0);
  assertEquals(shell.printed(), '{"recorded":4,"refused":0}\n');
  const sent = await posts(shell);
  assertEquals(sent.map(({ header }) => [header.seq, header.low]), [[0, 0], [1, 1], [2, 2], [3, 3]]);
  assertEquals(sent.flatMap(({ lines }) => lines.map(({ events }) => events)), [
    [[null, 1]],
    [[null, 22]],
    [[null, 3]],
    [[null, 4]],
  ]);
});

Deno.test("record: a value that is refused is named by the line of the input, and the others count", async () => {
  const shell = stubShell({ answer: counting, input: ["1\n\nbad\n2\n", "bad\n", "3\nbad\n"] });
  assertEquals(await recording(shell), 2);
  assertEquals(shell.printed(), "recorded 3 events\n");
  assertEquals(shell.complaints, ["line 3: no number", "line 5: no number", "line 7: no number"]);
});

Deno.test("record: no event is nothing recorded", async () => {
  const shell = stubShell({ answer: counting, input: [] });
  assertEquals(await recording(shell), 1);
  assertEquals([shell.printed(), shell.requests.length], ["recorded 0 events\n", 0]);
});

Deno.test("record: a failed post is repeated unchanged under its own id, after a pause", async () => {
  const failures: StubShellOptions["answer"][] = [
    () => Promise.reject(new TypeError("fetch failed")),
    () => Response.json({ error: "stopping" }, { status: 503, headers: { "retry-after": "3" } }),
    () => Response.json({ lines: 0, events: 0, rejected: [], repeated: true }),
  ];
  let tries = 0;
  const shell = stubShell({ answer: (request) => failures[tries++]?.(request) ?? new Response() });
  assertEquals(await recording(shell, "1"), 0);
  assertEquals(shell.printed(), "recorded 1 event\n");
  assertEquals(shell.sleptMs, [125, 3000]);
  const bodies = await Promise.all(shell.requests.map((request) => request.clone().text()));
  assertEquals(bodies.length, 3);
  assertEquals(new Set(bodies).size, 1);
});

Deno.test("record: gives up after five tries, and says what had been recorded before", async () => {
  let posts = 0;
  const answer = (request: Request) =>
    posts++ === 0 ? counting(request) : Promise.reject(new TypeError("fetch failed"));
  const shell = stubShell({ answer, input: ["1\n", "2\n"] });
  await assertRejects(() => recording(shell), ApiTrouble, "cannot reach http://127.0.0.1:8300: fetch failed");
  assertEquals(posts, 1 + 5);
  assertEquals(shell.complaints, ["recorded 1 event before this:"]);
});

Deno.test("record: what repeating can't help is told at once", async () => {
  const shell = stubShell({ answer: () => Response.json({ error: "wrong token" }, { status: 401 }) });
  await assertRejects(() => recording(shell, "1"), ApiTrouble, "http://127.0.0.1:8300 answered 401: wrong token");
  assertEquals(shell.requests.length, 1);
});

Deno.test("record: an agent takes the post where one is named", async () => {
  const shell = stubShell({ answer: counting });
  await recording(shell, "1", { agent: "http://127.0.0.1:8279/", server: "http://other.test" });
  assertEquals(shell.requests[0].url, "http://127.0.0.1:8279/post");
});

Deno.test("record: refuses what no server would take before it posts", async () => {
  const shell = stubShell({ answer: counting });
  const refused = (options: Record<string, unknown>, name = "bids") => record({ names: [name, "1"], options }, shell);
  await assertRejects(() => refused({}, "two words"), UsageTrouble, 'current value is "two words"');
  await assertRejects(() => refused({ client: "web 1" }), UsageTrouble, 'current value is "web 1"');
  await assertRejects(
    () => refused({ tag: ["status"] }),
    UsageTrouble,
    '--tag must be key=value: current value is "status"',
  );
  await assertRejects(() => refused({ agent: "here" }), UsageTrouble, "--agent must be an address");
  await assertRejects(() => recording(shell), UsageTrouble, "record needs a value");
  assertEquals(shell.requests.length, 0);
});
