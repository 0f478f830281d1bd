// examples/edge under a fake of what an edge platform gives it, in a process that ends as such platforms end theirs.

import { assertEquals } from "@std/assert";
import { runProgram } from "../../tools/program.ts";
import { Receiver } from "../receiver.ts";

Deno.test("examples/edge: all that the worker recorded is sent within waitUntil", async () => {
  await using receiver = new Receiver();
  const platform = { name: "edge platform", module: "tests/programs/edge_platform.ts", args: [receiver.url] };
  assertEquals(await runProgram(platform), { code: 0, output: "[200,200,404]" });

  const eventsByTab = new Map<unknown, number>();
  for (const { tab, n, events } of receiver.lines) {
    const count = Array.isArray(events) ? events.length : Number(n);
    eventsByTab.set(tab, (eventsByTab.get(tab) ?? 0) + count);
  }
  assertEquals([...eventsByTab].sort(), [
    ["edge_latency", 3],
    ["edge_requests;status=200", 2],
    ["edge_requests;status=404", 1],
  ]);
  assertEquals(new Set(receiver.headers.map(({ client }) => client)), new Set(["edge"]));
});
