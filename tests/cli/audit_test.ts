// taba-cli against a real server, agent and client: load, upkeep, and the books of it all.

import { assert, assertEquals } from "@std/assert";
import { TabaClient } from "../../client/client.ts";
import { taskProgram } from "../../tools/deno_command.ts";
import { runProgram, startService } from "../../tools/program.ts";

Deno.test("taba-cli: loads an agent, keeps the cluster up, and its books balance", async () => {
  await using server = await startService({ name: "server", module: "server/main.ts", args: ["--port=0"] });
  await using agent = await startService({
    name: "agent",
    module: "agent/main.ts",
    args: ["--port=0", "--flush-ms=20", "--server", server.url],
  });
  const fed = async (input: string | undefined, args: readonly string[]) => {
    const { code, output } = await runProgram({
      name: "taba-cli",
      ...taskProgram("cli"),
      args: [...args, "--server", server.url, "--json"],
      ...input !== undefined && { input },
    });
    return { code, answer: output === "" ? undefined : JSON.parse(output) };
  };
  const cli = (...args: readonly string[]) => fed(undefined, args);

  const load = await cli("bench", "--url", agent.url, "--events", "20000", "--tabs", "50", "--raw");
  assertEquals([load.code, load.answer.events.accepted], [0, 20_000]);
  assertEquals(load.answer.found, { events: 20_000, isRight: true });
  const straight = await cli("bench", "--events", "5000", "--tabs", "50");
  assertEquals(straight.answer.found, { events: 5_000, isRight: true });

  const busiest = await cli("top", "--limit", "1000");
  assert(busiest.answer.rows.filter(({ name }: { name: string }) => name.startsWith("bench_")).length === 50);
  for (const upkeep of ["flush", "gc", "rebalance", "upgrade"]) assertEquals((await cli(upkeep)).code, 0, upkeep);
  const checked = await cli("check");
  assertEquals([checked.code, checked.answer.problems], [0, []]);

  await using client = new TabaClient({ client: "web-17", agent: agent.url });
  for (const type of ["CounterGroup", "Gauge", "Noop"]) client.record(`recorded_${type}`, 1, { type });
  client.counter("recorded_CounterGroup", NaN);
  await client.flush();
  const { code, answer } = await fed(JSON.stringify(client.status()), ["audit", "--agent", agent.url, "--clients"]);
  assertEquals([code, answer.isBalanced], [0, true], JSON.stringify(answer));
  assertEquals(answer.lines[0].right, { acked: 3, pending: 0, dropped: 1 });
  assertEquals(answer.refused[0], { who: "1 client", of: "events", reason: "value_illegal", count: 1 });

  for (const isDeleted of [false, true]) {
    if (isDeleted) assertEquals((await cli("delete", "--regex", "bench_.*", "--yes")).answer.tabs, 50);
    const { code, answer } = await cli("audit", "--agent", agent.url);
    assertEquals([code, answer.isBalanced, answer.unasked], [0, true, []]);
    const { left } = answer.lines.find(({ what }: { what: string }) => what === `agent ${agent.url}`);
    assert(left.folded >= 20_000, JSON.stringify(answer));
  }
});
