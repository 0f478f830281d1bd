import { assert, assertEquals, assertRejects } from "@std/assert";
import { until } from "../tests/cluster/waiting.ts";
import { type StubShell, stubShell } from "../tests/stub_shell.ts";
import { UsageTrouble } from "./shell.ts";
import { top } from "./top.ts";

const rows = [{ name: "bids", count: 1200, total: 3400.5 }, { name: "価格", count: 60, total: 6 }];

function answer(): Response {
  return Response.json({ asOf: 1_700_000_000, rows });
}

function questions(shell: StubShell): readonly string[] {
  return shell.requests.map(({ url }) => new URL(url).search);
}

Deno.test("top: prints the busiest once where no terminal shows them", async () => {
  const shell = stubShell({ answer });
  assertEquals(await top({ names: [], options: {} }, shell), 0);
  assertEquals(
    shell.printed(),
    "#  NAME  COUNT  PER S  TOTAL\n1  bids  1,200     20   3401\n2  価格     60      1      6\n",
  );
  assertEquals(questions(shell), ["?of=tabs&window=1m&by=count&limit=20"]);
});

Deno.test("top: options become the question, and the answer is JSON where that is asked for", async () => {
  const shell = stubShell({ answer });
  const options = { of: "clients", window: "1h", by: "total", limit: "3", json: true };
  assertEquals(await top({ names: [], options }, shell), 0);
  assertEquals(JSON.parse(shell.printed()).rows, rows);
  assertEquals(questions(shell), ["?of=clients&window=1h&by=total&limit=3"]);
});

Deno.test("top: nothing found is exit code 1, and nonsense is told by its name", async () => {
  const empty = stubShell({ answer: () => Response.json({ rows: [] }) });
  assertEquals([await top({ names: [], options: {} }, empty), empty.complaints], [1, ["nothing found"]]);
  assertEquals([await top({ names: [], options: { json: true } }, empty), empty.printed()], [1, '{"rows":[]}\n']);
  const asking = (options: Record<string, unknown>) => () => top({ names: [], options }, empty);
  await assertRejects(asking({ of: "hosts" }), UsageTrouble, "--of must be one of tabs, clients, tags");
  await assertRejects(asking({ limit: "0" }), UsageTrouble, "--limit must be a whole number from 1 to 1000");
  await assertRejects(() => top({ names: ["bids"], options: {} }, empty), UsageTrouble, "top takes no names");
});

Deno.test("top: at a terminal keys change what is asked, trouble is shown, and q quits", async () => {
  let isDown = false;
  const keyboard = {
    /** Each key once what the one before has changed is on the screen. */
    async *keys() {
      const steps: readonly (readonly [string, string])[] = [
        ["", "top tabs of 1m by count"],
        ["s", "top tabs of 1m by total"],
        ["w", "top tabs of 10m by total"],
        ["o", "top clients of 10m by total"],
      ];
      for (const [index, [key, seen]] of steps.entries()) {
        if (key !== "") yield key;
        await seenBy(seen);
        await until(() => shell.requests.length > index, { what: "it is asked" });
      }
      isDown = true;
      yield "s";
      await seenBy("cannot reach http://127.0.0.1:8300: fetch failed; trying again");
      yield "q";
    },
    line: () => Promise.resolve(undefined),
  };
  const seenBy = async (text: string) => {
    await until(() => shell.printed().includes(text), { what: "it is on the screen" });
  };
  const shell = stubShell({
    answer: () => isDown ? Promise.reject(new TypeError("fetch failed")) : answer(),
    keyboard,
    size: { columns: 80, rows: 10 },
  });
  assertEquals(await top({ names: [], options: {} }, shell), 0);
  assertEquals(questions(shell), [
    "?of=tabs&window=1m&by=count&limit=10",
    "?of=tabs&window=1m&by=total&limit=10",
    "?of=tabs&window=10m&by=total&limit=10",
    "?of=clients&window=10m&by=total&limit=10",
    "?of=clients&window=10m&by=count&limit=10",
  ]);
});

Deno.test("top: a signal ends it with its exit code, and a change of size paints anew", async () => {
  const shell = stubShell({ answer, size: { columns: 80, rows: 10 } });
  const running = top({ names: [], options: {} }, shell);
  const frames = () => shell.printed().split("\x1b[H").slice(1);
  await until(() => frames().length > 0, { what: "it is painted" });
  shell.resize({ columns: 12, rows: 3 });
  await until(() => frames().length >= 2, { what: "it is painted" });
  shell.end(143);
  assertEquals(await running, 143);
  assertEquals(frames()[1].split("\r\n").length, 3);
  assert(shell.printed().endsWith("\x1b[?25h\x1b[?1049l"));
});
