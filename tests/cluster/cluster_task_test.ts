// `deno task cluster`: what it prints is true, it says when a process dies, and it leaves nothing behind.

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Program, runProgram } from "../../tools/program.ts";
import { readTabs } from "./ledger.ts";
import { post } from "./request.ts";
import { until } from "./waiting.ts";

const PROGRAM = { name: "cluster", module: "examples/cluster/main.ts" };

interface Row {
  readonly name: string;
  readonly address: string;
  readonly pid: number;
}

Deno.test("deno task cluster: starts all that it names, says what dies, and ends without a trace", async () => {
  await using cluster = new Program(PROGRAM);
  await cluster.line(/^Ctrl-C stops everything/, 60_000);
  const rows = rowsOf(cluster.output);
  assertEquals(rows.map(({ name }) => name), [
    ...["fe-1", "fe-2", "be-1", "be-2", "agent"],
    ...["shard1 master", "shard1 replica", "shard2 master", "shard2 replica"],
    ...["Sentinel", "Sentinel", "Sentinel"],
  ]);
  const [servers, agent] = [rows.slice(0, 4), rows[4]];
  const posted = await post(agent.address, '{"tab":"bids","events":[[3.25],[1.5]]}');
  assertEquals(posted.status, 200, posted.text);
  for (const { address, name } of servers) {
    await until(async () => (await readTabs(address)).get("bids")?.events === 2, { what: `${name} has counted it` });
  }
  for (const { pid } of [rows[3], rows[6]]) Deno.kill(pid, "SIGKILL");
  await cluster.line(/^be-2 \(pid \d+\) has ended with code 137/, 10_000);
  await cluster.line(new RegExp(`^The Redis on port .* \\(pid ${rows[6].pid}\\) has ended`), 10_000);

  const folder = cluster.output.match(/^Settings of the servers: (.*)\/taba\.json$/m)?.[1] ?? "";
  assert((await Deno.stat(folder)).isDirectory);
  assertEquals(await cluster.stop(30_000), 0, cluster.output);
  for (const { pid } of rows) assertThrows(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
});

Deno.test("deno task cluster: an argument is one line and exit code 2", async () => {
  const { code, output } = await runProgram({ ...PROGRAM, args: ["--shards=3"] });
  assertEquals(code, 2);
  assertMatch(output, /^[^\n]*--shards=3[^\n]*$/);
});

function rowsOf(output: string): readonly Row[] {
  const rows = output.matchAll(/^(\S.*?) {2,}(\S+) +pid (\d+)$/gm);
  return [...rows].map(([, name, address, pid]) => ({ name, address, pid: Number(pid) }));
}
