import { assertEquals } from "@std/assert";
import { stubShell } from "../tests/stub_shell.ts";
import { latency, servers } from "./cluster.ts";

const asked = { names: [], options: {} };
const members = {
  "server-1": { url: "http://10.0.0.1:8300", roles: ["fe", "be"], started: 1_700_000_000 - 7_500, buckets: 1000 },
  "server-2": { url: "http://10.0.0.2:8300", roles: ["ctrl"], started: 1_700_000_005, buckets: 0 },
};

Deno.test("servers: a line each, with what it drains and for how long it has been up", async () => {
  const shell = stubShell({ answer: () => Response.json(members) });
  assertEquals(await servers(asked, shell), 0);
  assertEquals(shell.printed().split("\n"), [
    "ADDRESS               ROLES  BUCKETS         UP  ID",
    "http://10.0.0.1:8300  fe,be    1,000  2 h 5 min  server-1",
    "http://10.0.0.2:8300  ctrl         0        0 s  server-2",
    "",
  ]);
  const narrow = stubShell({ answer: () => Response.json(members), size: { columns: 40, rows: 9 } });
  await servers(asked, narrow);
  assertEquals(narrow.printed().split("\n")[1], "http://10.0.0.1:8300  fe,be    1,000");
});

Deno.test("servers: as JSON as the server says it; none announced is nothing found", async () => {
  const asJson = stubShell({ answer: () => Response.json(members) });
  assertEquals(await servers({ names: [], options: { json: true } }, asJson), 0);
  assertEquals(JSON.parse(asJson.printed()), members);
  for (const [json, printed] of [[false, ""], [true, "{}\n"]] as const) {
    const none = stubShell({ answer: () => Response.json({}) });
    assertEquals(await servers({ names: [], options: { json } }, none), 1);
    assertEquals([none.printed(), none.complaints], [printed, ["no server is announced"]]);
  }
});

Deno.test("latency: windows with anything in them, in units that fit", async () => {
  const window = { count: 2_000, total: 4, pct: [0.001, 0.002, 0.003, 0.004, 0.005, 0.5, 1.5] };
  const empty = { count: 0, total: 0, pct: [null, null, null, null, null, null, null] };
  const shell = stubShell({ answer: () => Response.json({ enqueue: { "1m": window, "10m": empty, "1d": window } }) });
  assertEquals(await latency(asked, shell), 0);
  assertEquals(shell.printed().split("\n"), [
    "WHAT     WINDOW  COUNT  MEAN   P50   P90     P99  P99.9",
    "enqueue  1m      2,000  2 ms  2 ms  4 ms  500 ms  1.5 s",
    "enqueue  1d      2,000  2 ms  2 ms  4 ms  500 ms  1.5 s",
    "",
  ]);
  for (const [json, printed] of [[false, ""], [true, '{"enqueue":{"1m":{"count":0}}}\n']] as const) {
    const idle = stubShell({ answer: () => Response.json({ enqueue: { "1m": { count: 0 } } }) });
    assertEquals([await latency({ names: [], options: { json } }, idle), idle.printed()], [1, printed]);
  }
});
