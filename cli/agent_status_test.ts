import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { stubShell } from "../tests/stub_shell.ts";
import { agentStatus } from "./agent_status.ts";
import { ApiTrouble } from "./api.ts";
import { widthOf } from "./terminal/text_width.ts";

const status = {
  version: "1.0",
  sender: "agent-1",
  uptimeS: 61.2,
  states: 12,
  statesMax: 100_000,
  posts: { accepted: 5, repeated: 1, refused: { body_malformed: 2 } },
  lines: { accepted: 40, refused: {} },
  events: { folded: 48_211, replayed: 0, held: 10, open: 1, acked: 48_200, rejected: 0, dropped: { tabs_full: 3 } },
  batches: { sealed: 9, open: 1, openBytes: 12_345, acked: 8, dropped: {} },
  servers: [
    { url: "http://10.0.0.1:8300", state: "healthy", bytes: 120, latencyMs: 3.2, failures: 0 },
    { url: "http://10.0.0.2:8300", state: "ejected", bytes: 0, latencyMs: 0, failures: 4, lastError: "503\nno store" },
  ],
  statsd: { datagrams: 7, lines: 9, refused: {}, held: 0 },
  journal: { bytes: 2_000_000, segments: 1 },
};

Deno.test("agentStatus: what it took, holds, sent and dropped, and how its servers are", async () => {
  const shell = stubShell({ answer: () => Response.json(status), env: { TABA_AGENT: "http://agent.test:8279" } });
  assertEquals(await agentStatus({ names: [], options: {} }, shell), 0);
  assertEquals(shell.requests[0].url, "http://agent.test:8279/status");
  const printed = shell.printed();
  for (
    const part of [
      /^agent +http:\/\/agent\.test:8279, version 1\.0, up 61 s, known to servers as agent-1$/m,
      /48,211 folded/,
      /48,200 acknowledged, 1 under way, 10 held, .*; dropped: 3 tabs_full$/m,
      /^posts +5 accepted, 1 repeated; refused: 2 body_malformed$/m,
      /1 open \(12\.35kB\)/,
      /^StatsD +7 datagrams/m,
      /^journal +2MB on disk$/m,
      /^http:\/\/10\.0\.0\.2:8300 +ejected +0B +0 s +4 +503␊no store$/m,
    ]
  ) assertMatch(printed, part);
});

Deno.test("agentStatus: fits a narrow terminal, whatever the agent says", async () => {
  for (const answer of [status, { sender: "agent-1" }, { sender: "agent-1", servers: [null, 7] }]) {
    const shell = stubShell({ answer: () => Response.json(answer), size: { columns: 40, rows: 20 } });
    assertEquals(await agentStatus({ names: [], options: {} }, shell), 0);
    for (const line of shell.printed().split("\n")) assert(widthOf(line) <= 40, line);
  }
});

Deno.test("agentStatus: what is no agent has no figures of one", async () => {
  for (const answer of [{ version: "1.0", roles: ["fe", "be"] }, {}, [], "text"]) {
    const shell = stubShell({ answer: () => Response.json(answer), env: { TABA_AGENT: "http://server.test:8300" } });
    for (const options of [{}, { json: true }]) {
      await assertRejects(
        () => agentStatus({ names: [], options }, shell),
        ApiTrouble,
        "http://server.test:8300 is no",
      );
    }
    assertEquals(shell.printed(), "");
  }
});

Deno.test("agentStatus: the agent that is named, and its own JSON", async () => {
  const shell = stubShell({ answer: () => Response.json(status), env: { TABA_AGENT: "http://other.test" } });
  await agentStatus({ names: [], options: { agent: "http://agent.test/", json: true } }, shell);
  assertEquals([shell.requests[0].url, JSON.parse(shell.printed())], ["http://agent.test/status", status]);
});
