// A service that records all it can for a minute while no agent exists: what it and its client hold, second by second.
// The test of the same name holds the promise; this shows the course of it.

import { denoRun } from "../tools/deno_command.ts";
import type { Sample } from "../tests/programs/record_heavily.ts";

const SECONDS = 60;
const MIB = 1024 * 1024;

function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const { path, args } = denoRun("tests/programs/record_heavily.ts", {
  flags: ["--allow-net=127.0.0.1", "--allow-sys=systemMemoryInfo"],
  args: [`http://127.0.0.1:${closedPort()}`, String(SECONDS)],
});
const child = new Deno.Command(path, { args, stdout: "piped" }).spawn();
let samples = "";
for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) samples += text;
const { code } = await child.status;

console.log("second   RSS MiB  heap MiB   held MiB     recorded      dropped  requests  latest turn");
for (const line of samples.trimEnd().split("\n")) {
  const sample: Sample = JSON.parse(line);
  const { second, rssBytes, heapBytes, heldBytes, recorded, dropped, requests, latestMs } = sample;
  if (second % 5 !== 0 && second !== 1) continue;
  console.log(
    `${String(second).padStart(6)}  ${mib(rssBytes)}  ${mib(heapBytes)}  ${mib(heldBytes)}` +
      `${String(recorded).padStart(13)}${String(dropped).padStart(13)}${String(requests).padStart(10)}` +
      `${latestMs.toFixed(1).padStart(10)} ms`,
  );
}
console.log(`ended with code ${code}`);

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1).padStart(8);
}
