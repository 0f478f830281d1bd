import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { until } from "../tests/cluster/waiting.ts";
import { stubShell } from "../tests/stub_shell.ts";
import { ApiTrouble } from "./api.ts";
import { UsageTrouble } from "./shell.ts";
import { watch } from "./watch.ts";

function moment(asOf: number, tabs: Record<string, unknown>): string {
  return `event: tabs\ndata: ${JSON.stringify({ asOf, tabs })}\n\n`;
}

function counter(count: number) {
  return { "1m": { count, total: 2 * count }, "1d": { count, total: 2 * count }, "pct": [1, 2, 3, 4, 5, 6, 7] };
}

/** Answers in turn; then nothing of it is known any more, which ends a watch. */
function inTurn(...answers: readonly (string | Error)[]) {
  let at = 0;
  return () => {
    const answer = answers[at++];
    if (answer === undefined) return Response.json({ error: "gone", code: "not_found" }, { status: 404 });
    return answer instanceof Error ? Promise.reject(answer) : new Response(answer);
  };
}

async function watched(answers: readonly (string | Error)[], options: Record<string, unknown> = {}) {
  const shell = stubShell({ answer: inTurn(...answers) });
  await assertRejects(() => watch({ names: ["bids"], options }, shell), ApiTrouble, "answered 404: gone");
  return shell;
}

Deno.test("watch: prints a line a tab and second where no terminal shows it", async () => {
  const shell = await watched([
    moment(1_700_000_000, { wins: counter(5), bids: counter(7), build: { "v1": 2 } }) +
    moment(1_700_000_001.5, { bids: counter(10), build: { "v\x1b[2J2": 1 } }),
  ]);
  assertEquals(shell.printed().split("\n"), [
    "2023-11-14T22:13:20Z bids count=7 total=14 p50=2 p99=6",
    '2023-11-14T22:13:20Z build value="v1 ×2"',
    "2023-11-14T22:13:20Z wins count=5 total=10 p50=2 p99=6",
    "2023-11-14T22:13:21Z bids per_s=2 count=10 total=20 p50=2 p99=6",
    '2023-11-14T22:13:21Z build value="v␛[2J2"',
    "",
  ]);
  assertEquals(new URL(shell.requests[0].url).search, "?name=bids");
});

Deno.test("watch: as JSON it prints what the server says, one line a second", async () => {
  const shell = await watched([": heartbeat\n\n" + moment(1, { bids: 1 }) + moment(2, {})], { json: true });
  assertEquals(shell.printed(), '{"asOf":1,"tabs":{"bids":1}}\n{"asOf":2,"tabs":{}}\n');
});

Deno.test("watch: a server that was there is waited for, with one complaint for each outage", async () => {
  const down = new TypeError("fetch failed");
  const shell = await watched([moment(1, { bids: counter(1) }), down, down, moment(5, { bids: counter(9) })]);
  assertEquals(shell.complaints, [
    "http://127.0.0.1:8300 ended the stream; trying again",
    "http://127.0.0.1:8300 ended the stream; trying again",
  ]);
  // Longer and longer, half of it by chance.
  assertEquals(shell.sleptMs, [500, 500, 1000, 500]);
  assertMatch(shell.printed(), /per_s=2 count=9/);
});

Deno.test("watch: trouble of the store is told, and the watch goes on", async () => {
  const trouble = 'event: trouble\ndata: {"error":"the store could not be reached"}\n\n';
  const shell = await watched([moment(1, { bids: counter(1) }) + trouble + moment(3, { bids: counter(1) })]);
  assertEquals(shell.complaints[0], "the store could not be reached");
  assertEquals(shell.printed().trim().split("\n").length, 2);
});

Deno.test("watch: that a shard can't be read is told once, and again when it is lost again", async () => {
  const half = `event: tabs\ndata: ${JSON.stringify({ asOf: 2, tabs: { bids: 1 }, missing: ["shard2"] })}\n\n`;
  const shell = await watched([moment(1, { bids: 1, wins: 1 }) + half + half + moment(3, { bids: 1, wins: 1 }) + half]);
  const complaint = "what these shards hold can't be read: shard2";
  assertEquals(shell.complaints.slice(0, 2), [complaint, complaint]);
  assertEquals(shell.complaints.filter((told) => told === complaint).length, 2);
});

Deno.test("watch: a server that was never there is no server", async () => {
  const shell = stubShell({ answer: () => Promise.reject(new TypeError("fetch failed")) });
  await assertRejects(() => watch({ names: ["bids"], options: {} }, shell), ApiTrouble, "cannot reach");
  await assertRejects(() => watch({ names: [], options: {} }, shell), UsageTrouble, "watch needs the names of tabs");
});

Deno.test("watch: at a terminal a table that fits it, until q", async () => {
  const answer = (request: Request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/tabs") {
      assertEquals([search, request.headers.get("accept")], ["?name=bids", "application/json-detailed"]);
      const cells = [{ start: 1_699_999_998, width: 1, count: 8 }, { start: 1_699_999_999, width: 1, count: 4 }];
      return Response.json({ rows: { bids: { detail: { cells } } } });
    }
    const text = moment(1_700_000_000, { bids: counter(7) }) +
      moment(1_700_000_001, Object.fromEntries(Array.from({ length: 30 }, (_, tab) => [`tab_${tab}`, counter(tab)])));
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          request.signal.addEventListener("abort", () => controller.error(request.signal.reason));
        },
      }),
    );
  };
  const keyboard = {
    async *keys() {
      await until(() => shell.printed().includes("tab_1"), { what: "it is on the screen" });
      yield "x";
      yield "q";
    },
    line: () => Promise.resolve(undefined),
  };
  const shell = stubShell({ answer, keyboard, size: { columns: 50, rows: 12 } });
  assertEquals(await watch({ names: ["bids"], options: {} }, shell), 0);

  const printed = shell.printed();
  assert(printed.startsWith("\x1b[?1049h") && printed.endsWith("\x1b[?1049l"));
  // deno-lint-ignore no-control-regex
  const frames = printed.split("\x1b[H").map((frame) => frame.replaceAll(/\x1b\[[?\d;]*[JKhl]/g, ""));
  assertMatch(frames[1], /^bids .*▁▁█▅▁ /m);
  const frame = frames.at(-1) ?? "";
  const lines = frame.split("\r\n");
  assertEquals(lines.length, 12);
  assert(lines.every((line) => line.length <= 50), frame);
  assertMatch(lines[0], /^22:13:21 UTC {2}watching bids at http/);
  assertMatch(frame, /… and 24 more tabs/);
});
