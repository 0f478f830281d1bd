// What answers of many tabs cost those beside them: the memory of a server process while it streams 30,000 tabs, to one
// reader and to several slow ones, and how long other queries wait while a pattern is tried with 100,000 names.

import { startService } from "../tools/program.ts";
import { bytesOf, stateLines } from "./bodies.ts";
import { report, title } from "./harness.ts";

const TABS = 30_000;
const NAMES = 100_000;
const READERS = 8;
const ROUNDS = 7;
const ARGS = ["--port", "0", "--own-tabs=false"];

async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${url}/post`, { method: "POST", body });
  if (!response.ok) throw new Error(`a post failed: ${await response.text()}`);
  await response.body?.cancel();
}

/** The drain keeps next to nothing, so that what memory there is beside the store is the answers'. */
const DRAINED = ["--held-bytes-max", "1000000"];

/** Resident memory of a process, by Linux's account, in MiB. */
async function memoryOf(pid: number): Promise<number> {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(await Deno.readTextFile(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes) / 1024;
}

/** Reads an answer to its end, a pause after each piece; answers its bytes. */
async function read(url: string, pauseMs: number): Promise<number> {
  const response = await fetch(url, { headers: { accept: "application/json-detailed" } });
  if (!response.ok || response.body === null) throw new Error(`a query failed: ${await response.text()}`);
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return bytes;
}

/** The most that a process takes while something is done. */
async function peakWhile(pid: number, work: () => Promise<unknown>): Promise<number> {
  let [peak, isDone] = [0, false];
  const watching = (async () => {
    while (!isDone) {
      peak = Math.max(peak, await memoryOf(pid));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await work();
  isDone = true;
  await watching;
  return peak;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const ms = (values: readonly number[]) =>
  `median ${median(values).toFixed(1)} ms, max ${Math.max(...values).toFixed(1)} ms`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

title(`Server: memory while it streams ${TABS.toLocaleString("en")} tabs in detailed JSON`);
{
  await using server = await startService({ name: "server", module: "server/main.ts", args: [...ARGS, ...DRAINED] });
  const { url, program: { pid } } = server;
  for (let client = 0; client < 2; client++) await post(url, bytesOf(stateLines(TABS, `web-${client}`)));
  await fetch(`${url}/flush`, { method: "POST" }).then((response) => response.text());
  // What the first answers leave behind (code, rooms of the collector) is not the answer's.
  const size = await read(`${url}/tabs`, 0);
  for (let round = 1; round < 4 * ROUNDS; round++) await read(`${url}/tabs`, 0);
  const before = await memoryOf(pid);
  const one = await peakWhile(pid, () => read(`${url}/tabs`, 0));
  const slow = await peakWhile(pid, () => Promise.all(Array.from({ length: READERS }, () => read(`${url}/tabs`, 2))));
  report("the answer", `${(size / 1024 / 1024).toFixed(1)} MiB`);
  report("resident before", `${before.toFixed(0)} MiB`);
  report("at most, to one reader", `${one.toFixed(0)} MiB`);
  report(`at most, to ${READERS} slow readers at once`, `${slow.toFixed(0)} MiB`);
}

title(`Server: re=(a+)+$ and ${NAMES.toLocaleString("en")} names`);
{
  await using server = await startService({ name: "server", module: "server/main.ts", args: ARGS });
  const { url } = server;
  // All but matching: what sends a matcher that goes back on its steps round for ever.
  const lines = Array.from({ length: NAMES }, (_, index) => ({ tab: `${"a".repeat(30)}!${index}`, events: [[1]] }));
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  await post(url, new TextEncoder().encode(text));
  await fetch(`${url}/flush`, { method: "POST" }).then((response) => response.text());
  const ask = (path: string) => fetch(`${url}${path}`).then((response) => response.text());
  const quick = () => timed(() => ask(`/tabs?name=${lines[0].tab}`));
  const pattern = () => timed(() => ask(`/names?re=1&name=${encodeURIComponent("(a+)+$")}`));
  const alone: number[] = [];
  for (let round = 0; round < 50; round++) alone.push(await quick());
  const [patterns, beside]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    let isDone = false;
    const slow = pattern().then((took) => {
      patterns.push(took);
      isDone = true;
    });
    while (!isDone) beside.push(await quick());
    await slow;
  }
  report("the pattern", ms(patterns));
  report("/tabs of one tab, alone", ms(alone));
  report("/tabs of one tab, while the pattern is tried", ms(beside));
}
