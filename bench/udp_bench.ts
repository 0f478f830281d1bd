// StatsD lines by UDP on loopback, into a real agent and into npm's `statsd`, from the same datagrams: what each takes
// of a flood, at which rate nothing is lost, and what that costs. The sender is this process. Both get their floods in
// turns, as what a machine gives changes from second to second, and the median is shown; where next to nothing of a flood
// was lost, the sender was the limit.

import { startService } from "../tools/program.ts";
import { systemPause, systemSleep } from "../service/world.ts";
import { report, title } from "./harness.ts";
import { startStatsdOfNpm, type StatsdOfNpm } from "./statsd_of_npm.ts";
import { datagramsOf, lines, type Load } from "./statsd_lines.ts";

const FLOODS = 5;
const FLOOD_MS = 2000;
const PACED_MS = 2000;
/** Less was lost by chance. */
const LOSS_MIN = 0.005;
/** Of what was taken of the flood, tried from the first on until nothing is lost. */
const PACES = [0.8, 0.5, 0.3, 0.15] as const;
/** Datagrams that may be sent at once by a sender that is late: a late one must not become a flood. */
const BURST_MAX = 32;
/** Of both: how often they fold, or reckon percentiles. */
const FLUSH_MS = 500;
/** What was sent has been taken once nothing changes for so long; `statsd` speaks at flushes only. */
const SETTLED_MS = 3 * FLUSH_MS;
const LINES = 200_000;
/** Of Linux, on all machines in use. */
const TICKS_A_SECOND = 100;

interface Target {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** All lines so far. */
  readonly taken: () => Promise<{ readonly lines: number; readonly refused: number }>;
}

interface Outcome {
  readonly datagrams: number;
  readonly sent: number;
  readonly taken: number;
  readonly seconds: number;
  readonly cpuS: number;
}

interface Datagrams {
  readonly datagrams: readonly Uint8Array<ArrayBuffer>[];
  readonly linesOf: readonly number[];
}

/** Sends the datagrams over and over, as fast as it can or as many a second. */
async function send(
  { datagrams, linesOf }: Datagrams,
  { port, ms, rate = Infinity }: { readonly port: number; readonly ms: number; readonly rate?: number },
): Promise<{ readonly datagrams: number; readonly sent: number; readonly seconds: number }> {
  using open = new DisposableStack();
  const socket = open.adopt(
    Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" }),
    (each) => each.close(),
  );
  const to: Deno.NetAddr = { hostname: "127.0.0.1", port, transport: "udp" };
  const begun = performance.now();
  let count = 0;
  let sent = 0;
  let due = begun;
  for (let now = begun; now < begun + ms; now = performance.now()) {
    if (now < due) {
      await systemPause();
      continue;
    }
    due = Math.max(due, now - BURST_MAX / rate * 1000) + 1000 / rate;
    const index = count++ % datagrams.length;
    await socket.send(datagrams[index], to);
    sent += linesOf[index];
  }
  return { datagrams: count, sent, seconds: (performance.now() - begun) / 1000 };
}

async function settled(target: Target): Promise<{ readonly lines: number; readonly refused: number }> {
  let last = await target.taken();
  let since = performance.now();
  while (performance.now() - since < SETTLED_MS) {
    await systemSleep(50);
    const next = await target.taken();
    if (next.lines !== last.lines) since = performance.now();
    last = next;
  }
  return last;
}

async function run(target: Target, load: Datagrams, pace: { ms: number; rate?: number }): Promise<Outcome> {
  const [before, cpuBefore] = [await target.taken(), cpuSeconds(target.pid)];
  const { datagrams, sent, seconds } = await send(load, { ...pace, port: target.port });
  const after = await settled(target);
  if (after.refused > 0) throw new Error(`${target.name} refused ${after.refused} lines: the load must be sound`);
  return { datagrams, sent, seconds, taken: after.lines - before.lines, cpuS: cpuSeconds(target.pid) - cpuBefore };
}

/** User and system time of a process so far; 0 where there is no /proc. */
function cpuSeconds(pid: number): number {
  if (Deno.build.os !== "linux") return 0;
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function show(name: string, { datagrams, sent, taken, seconds, cpuS }: Outcome): void {
  const thousands = (count: number) => `${(count / seconds / 1000).toFixed(0)} k`.padStart(7);
  const loss = `${(100 * (1 - taken / sent)).toFixed(2)} %`;
  const figures = [
    `${thousands(taken)} lines/s taken of ${thousands(sent)}`,
    `in ${thousands(datagrams)} datagrams/s`,
    `${loss.padStart(7)} lost`,
    `${(1e6 * cpuS / taken * sent / datagrams).toFixed(1)} us of CPU a datagram`,
    `${(taken / cpuS / 1e6).toFixed(2)} M lines a second of CPU`,
    ...taken > (1 - LOSS_MIN) * sent ? ["(all that could be sent)"] : [],
  ];
  report(name, figures.join(", "));
}

async function compare(load: Load, targets: readonly Target[]): Promise<void> {
  const utf8 = new TextDecoder();
  const datagrams = datagramsOf(load, LINES);
  const sending = { datagrams, linesOf: datagrams.map((datagram) => utf8.decode(datagram).split("\n").length) };
  const floodsByTarget = new Map<Target, Outcome[]>();
  for (let flood = 0; flood <= FLOODS; flood++) {
    for (const target of targets) {
      const outcome = await run(target, sending, { ms: FLOOD_MS });
      // The first one is to warm up.
      floodsByTarget.set(target, flood === 0 ? [] : [...floodsByTarget.get(target) ?? [], outcome]);
    }
  }
  const takenASecond = ({ taken, seconds }: Outcome) => taken / seconds;
  for (const [target, floods] of floodsByTarget) {
    const flood = floods.toSorted((a, b) => takenASecond(a) - takenASecond(b))[FLOODS >> 1];
    show(`${target.name}, as fast as can be sent`, flood);
    const linesADatagram = flood.sent / flood.datagrams;
    const rate = takenASecond(flood) / linesADatagram;
    for (const share of PACES) {
      const paced = await run(target, sending, { ms: PACED_MS, rate: share * rate });
      show(`${target.name}, paced to ${100 * share} % of what was taken`, paced);
      if (paced.taken === paced.sent) break;
    }
  }
}

async function tryStatsdOfNpm(stack: AsyncDisposableStack): Promise<readonly Target[]> {
  let statsd: StatsdOfNpm;
  try {
    statsd = stack.use(await startStatsdOfNpm({ flushMs: FLUSH_MS }));
  } catch (error) {
    console.log(`npm's statsd can't be compared: ${error instanceof Error ? error.message : error}`);
    return [];
  }
  const taken = () => Promise.resolve({ lines: statsd.totals.lines, refused: statsd.totals.bad });
  return [{ name: "npm's statsd", pid: statsd.pid, port: statsd.port, taken }];
}

async function startAgent(stack: AsyncDisposableStack): Promise<Target> {
  const server = stack.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.body?.pipeTo(new WritableStream());
    return new Response('{"lines":1000000,"events":1000000000,"rejected":[]}');
  }));
  const servers = ["--server", `http://127.0.0.1:${server.addr.port}`];
  const args = ["--port", "0", "--statsd-port", "0", "--flush-ms", `${FLUSH_MS}`, ...servers];
  const agent = stack.use(await startService({ name: "agent", module: "agent/main.ts", args }));
  const [, port] = await agent.program.line(/StatsD.*port=(\d+)/, 10_000);
  return {
    ...{ name: "agent", pid: agent.program.pid, port: Number(port) },
    async taken() {
      const { statsd } = await (await fetch(`${agent.url}/status`)).json();
      const refused: unknown[] = Object.values(statsd.refused);
      return { lines: statsd.lines, refused: refused.reduce((sum: number, count) => sum + Number(count), 0) };
    },
  };
}

function loadAverage(): string {
  return Deno.loadavg().map((each) => each.toFixed(1)).join(" ");
}

await using stack = new AsyncDisposableStack();
const targets = [await startAgent(stack), ...await tryStatsdOfNpm(stack)];
console.log(`load average ${loadAverage()}`);
title("StatsD by UDP: counters in datagrams of 1,400 bytes, 1,000 tabs");
await compare({ line: lines.counter, tabs: 1000 }, targets);
title("StatsD by UDP: timers in datagrams of 1,400 bytes, 1,000 tabs");
// Tabs have one type: those of the counters are taken.
await compare({ line: (tab) => lines.timer(1000 + tab), tabs: 1000 }, targets);
title("StatsD by UDP: counters, one a datagram, 1,000 tabs");
await compare({ line: lines.counter, tabs: 1000, datagramBytes: 1 }, targets);
console.log(`\nload average ${loadAverage()}`);
