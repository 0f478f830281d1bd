// A service whose agent does not exist goes on as if nothing were wrong. bench/client_without_agent.ts does the same
// for a minute and shows the course of it.

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Sample } from "./programs/record_heavily.ts";

const SECONDS = 10;
/** By then all code is compiled and all that has a bound has reached it. */
const SETTLED = 5;
const MIB = 1024 * 1024;

Deno.test("a service records heavily while no agent exists: flat memory, no rejection, counted drops", async () => {
  const output = await run(closedPort());
  const text = new TextDecoder();
  assertEquals({ code: output.code, stderr: text.decode(output.stderr) }, { code: 0, stderr: "" });
  const samples: Sample[] = text.decode(output.stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(samples.length, SECONDS);
  for (const { calls, recorded, acked, pending, dropped } of samples) {
    assertEquals(recorded, calls);
    assertEquals({ acked, dropped: recorded - pending }, { acked: 0, dropped });
  }
  const settled = samples[SETTLED - 1];
  const last = samples[SECONDS - 1];
  assert(last.calls > settled.calls);
  assert(last.failures >= 2);
  assert(last.droppedByReason.tabs_full > settled.droppedByReason.tabs_full);
  assert(last.heldBytes < 5 * MIB, `${last.heldBytes} bytes held`);
  const growth = Math.min(last.rssBytes - settled.rssBytes, last.heapBytes - settled.heapBytes);
  assert(growth < 24 * MIB, `${growth} bytes more after ${last.calls - settled.calls} events more`);
});

/** A port at which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function run(port: number): Promise<Deno.CommandOutput> {
  const program = fileURLToPath(new URL("programs/record_heavily.ts", import.meta.url));
  const flags = ["--no-config", "--no-prompt", `--allow-net=127.0.0.1:${port}`, "--allow-sys=systemMemoryInfo"];
  const args = ["run", ...flags, program, `http://127.0.0.1:${port}`, String(SECONDS)];
  return await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
}
