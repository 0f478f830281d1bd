// How the programs start and end: signals end them cleanly and lose nothing, wrong usage is one line and exit code 2.

import { assertEquals, assertMatch } from "@std/assert";
import { taskProgram } from "../../tools/deno_command.ts";
import { runProgram, startService } from "../../tools/program.ts";

const PROGRAMS = [
  { name: "server", task: "serve", args: [] },
  { name: "agent", task: "agent", args: ["--server", "http://127.0.0.1:1"] },
];

for (const { name, task, args } of PROGRAMS) {
  const program = taskProgram(task);

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`${name}: ${signal} ends it with exit code 0`, async () => {
      await using service = await startService({ name, ...program, args: ["--port", "0", ...args] });
      service.program.signal(signal);
      assertEquals(await service.program.exit(), 0, service.program.output);
    });
  }

  Deno.test(`${name}: a port in use is one line and exit code 2`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const { code, output } = await runProgram({ name, ...program, args: ["--port", String(port), ...args] });
    assertEquals(code, 2, output);
    assertMatch(output, new RegExp(`^[^\\n]*${port}[^\\n]*$`));
  });

  Deno.test(`${name}: an unknown flag is one line that names it, and exit code 2`, async () => {
    const { code, output } = await runProgram({ name, ...program, args: ["--prot", "8300"] });
    assertEquals(code, 2, output);
    assertMatch(output, /^[^\n]*--prot[^\n]*$/);
  });
}

Deno.test("agent: a bad server URL is one line that names it, and exit code 2", async () => {
  const { code, output } = await runProgram({ name: "agent", ...taskProgram("agent"), args: ["--server", "nowhere"] });
  assertEquals(code, 2, output);
  assertMatch(output, /^[^\n]*nowhere[^\n]*$/);
});

Deno.test("agent: SIGTERM sends what it holds before it ends", async () => {
  await using server = await startService({ name: "server", ...taskProgram("serve"), args: ["--port", "0"] });
  await using agent = await startService({
    name: "agent",
    ...taskProgram("agent"),
    // It would not flush by itself before the test is over.
    args: ["--port", "0", "--server", server.url, "--flush-ms", "60000"],
  });
  const posted = await fetch(`${agent.url}/post`, { method: "POST", body: '{"tab":"bids","events":[[3.25]]}' });
  assertEquals((await posted.json()).events, 1);
  assertEquals(await agent.program.stop(), 0, agent.program.output);
  const tabs = await (await fetch(`${server.url}/tabs`, { headers: { accept: "application/json" } })).json();
  assertEquals(tabs.bids["1m"], { count: 1, total: 3.25 });
});
