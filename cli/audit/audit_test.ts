import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { stubShell } from "../../tests/stub_shell.ts";
import { ApiTrouble } from "../api.ts";
import { UsageTrouble } from "../shell.ts";
import { audit } from "./audit.ts";

const members = [{ url: "http://one.test" }, { url: "http://two.test" }];

function serverStatus(url: string, enqueued: number, committed: number) {
  return {
    url,
    ingest: { events: { accepted: 10 } },
    drain: null,
    store: { members, queues: { entries: enqueued - committed }, events: { enqueued, committed } },
  };
}

/** A cluster of two servers and an agent whose acknowledged events reach the store's books `late` readings later. */
function cluster({ late = 0, isSecondDown = false } = {}) {
  let readings = 0;
  return (request: Request) => {
    const { host } = new URL(request.url);
    if (host === "agent.test") {
      readings++;
      return Response.json({ sender: "agent-1", events: { folded: 20, acked: 20 } });
    }
    if (host === "two.test" && isSecondDown) return Promise.reject(new TypeError("fetch failed"));
    return Response.json(serverStatus(`http://${host}`, readings > late ? 20 : 15, 15));
  };
}

const options = { server: "http://one.test", agent: ["http://agent.test"] };

Deno.test("audit: exit code 0 where all lines balance, with the sums of each", async () => {
  const shell = stubShell({ answer: cluster() });
  assertEquals(await audit({ names: [], options }, shell), 0);
  assertStringIncludes(shell.printed(), "queues: in balance\n  5 entries ≤ 5 enqueued and not committed\n");
  assertStringIncludes(
    shell.printed(),
    "accepted by servers: in balance\n  20 (http://one.test 10 + http://two.test 10) ≤ 20",
  );
  assertStringIncludes(shell.printed(), "nothing was refused");
  assertEquals(shell.complaints, []);
});

Deno.test("audit: reads again what does not balance yet", async () => {
  const shell = stubShell({ answer: cluster({ late: 3 }) });
  assertEquals(await audit({ names: [], options: { ...options, json: true } }, shell), 0);
  assertEquals(shell.sleptMs, [250, 250, 250]);
  assertEquals(JSON.parse(shell.printed()).isBalanced, true);
});

Deno.test("audit: exit code 1 and by how much, where a line never balances", async () => {
  let now = 1000;
  const shell = stubShell({ answer: cluster({ late: Infinity }), now: () => now++ });
  assertEquals(await audit({ names: [], options }, shell), 1);
  assertStringIncludes(shell.printed(), "acknowledged to agents: off by 5\n  20 http://agent.test ≤ 15 enqueued\n");
});

Deno.test("audit: names the servers that could not be asked, and fails without the one that was named", async () => {
  const shell = stubShell({ answer: cluster({ isSecondDown: true }) });
  assertEquals(await audit({ names: [], options }, shell), 0);
  assertEquals(shell.complaints, ["http://two.test could not be asked: its figures are missing"]);
  const alone = stubShell({ answer: () => Promise.reject(new TypeError("fetch failed")) });
  await assertRejects(() => audit({ names: [], options }, alone), ApiTrouble, "cannot reach http://agent.test");
});

Deno.test("audit: an agent that is none is told, for its books would balance at nothing", async () => {
  const shell = stubShell({ answer: cluster() });
  const agent = ["http://two.test"];
  await assertRejects(() => audit({ names: [], options: { ...options, agent } }, shell), ApiTrouble, "is no agent");
});

Deno.test("audit: the statuses of clients are added up, and held against what was taken of them", async () => {
  const status = (sender: string, acked: number) =>
    JSON.stringify({
      ...{ client: "web", sender, recorded: acked + 3, acked, pending: 2, dropped: 1 },
      droppedByReason: { tabs_full: { events: 1, last: "bids" } },
    });
  // The first line of client-1 is older than its second.
  const input = [`${status("client-1", 9)}\n${status("client-2", 8)}\n`, `\n${status("client-1", 12)}`];
  const shell = stubShell({ answer: cluster(), input });
  assertEquals(await audit({ names: [], options: { ...options, clients: true } }, shell), 0);
  assertStringIncludes(
    shell.printed(),
    "2 clients: in balance\n  26 recorded = 26 (acked 20 + pending 4 + dropped 2)\n",
  );
  assertStringIncludes(shell.printed(), "acknowledged to clients: in balance\n  20 acked ≤ 20 enqueued\n");
  assertStringIncludes(shell.printed(), "2 clients   events      2  tabs_full");

  const told = stubShell({ answer: cluster(), input: [status("client-1", 21)], now: () => 0 });
  const more = { ...options, clients: true, seconds: "0" };
  assertEquals(await audit({ names: [], options: more }, told), 1);
  assertStringIncludes(told.printed(), "acknowledged to clients: off by 1\n  21 acked ≤ 20 enqueued\n");
});

Deno.test("audit: what is no status of a client is told by its line, and so is that there is none", async () => {
  const asking = (input?: readonly string[]) => () =>
    audit({ names: [], options: { ...options, clients: true } }, stubShell({ ...input && { input } }));
  for (const line of ["recorded 3", '{"client":"web-1"}', "[]", "7"]) {
    await assertRejects(asking([`\n${line}\n`]), UsageTrouble, "line 2 of standard input must be what status()");
  }
  await assertRejects(asking(["\n"]), UsageTrouble, "--clients needs the status of a client at least");
  await assertRejects(asking(), UsageTrouble, "--clients needs the statuses of clients on standard input");
});

Deno.test("audit: without figures of the store it is not right", async () => {
  const shell = stubShell({ answer: () => Response.json({ store: { error: "the store could not be reached" } }) });
  assertEquals(await audit({ names: [], options: { server: "http://one.test", seconds: "0" } }, shell), 1);
  assertEquals(shell.complaints, ["http://one.test has no figures of its store"]);
});
