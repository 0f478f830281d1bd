// `deno task bench:cluster`, in small: it counts exactly and says so.

import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../../tools/program.ts";

const PROGRAM = { name: "bench:cluster", module: "bench/cluster/main.ts" };

Deno.test("deno task bench:cluster: what was recorded is counted exactly, and each process has its figures", async () => {
  const { code, output } = await runProgram({ ...PROGRAM, args: ["--rate", "20000", "--seconds", "2"] });
  assertEquals(code, 0, output);
  assertMatch(output, /^Counted {9}[\d,]+ of [\d,]+ events: every tab exact$/m);
  assertMatch(output, /^Visible after {3}p50 [\d,]+ ms, p99 [\d,]+ ms, max [\d,]+ ms, .*; 0 not seen$/m);
  const processes = output.matchAll(/^(\S+(?: \d)?)(?: +\d+\.\d+){4} +\d+ MiB$/gm);
  assertEquals([...processes].map(([, name]) => name), ["application", "agent", "server 1", "redis", "sentinel"]);
});

Deno.test("deno task bench:cluster: a bad argument is one line and exit code 2", async () => {
  const { code, output } = await runProgram({ ...PROGRAM, args: ["--rate", "fast"] });
  assertEquals(code, 2);
  assertMatch(output, /^bench:cluster: --rate must be a whole number[^\n]*"fast"$/);
});
