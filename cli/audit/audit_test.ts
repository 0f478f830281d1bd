import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { stubShell } from "../../tests/stub_shell.ts";
import { ApiTrouble } from "../api.ts";
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
  assertStringIncludes(shell.printed(), "store balances\n  20 enqueued = 20 (committed 15 + queued 5)\n");
  assertStringIncludes(
    shell.printed(),
    "accepted by servers balances\n  20 (http://one.test 10 + http://two.test 10) ≤ 20",
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
  assertStringIncludes(shell.printed(), "acknowledged to agents is off by 5\n  20 http://agent.test ≤ 15 enqueued\n");
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

Deno.test("audit: without figures of the store it is not right", async () => {
  const shell = stubShell({ answer: () => Response.json({ store: { error: "the store could not be reached" } }) });
  assertEquals(await audit({ names: [], options: { server: "http://one.test", seconds: "0" } }, shell), 1);
  assertEquals(shell.complaints, ["http://one.test has no figures of its store"]);
});
