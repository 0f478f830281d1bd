// StatsD lines by UDP on loopback, into a real agent and into npm's `statsd`, from the same datagrams: what each takes
// of a flood, at which rate nothing is lost, and what that costs. The sender is this process. Both get the same floods
// in turns, as what a machine gives changes from second to second, and the median is shown; a run that other programs
// disturb is repeated. Only for Linux: see udp_flood.ts, and /proc is read.

import { assert } from "../core/assert.ts";
import { systemPause, systemSleep } from "../service/world.ts";
import { startService } from "../tools/program.ts";
import { report, title } from "./harness.ts";
import { startStatsdOfNpm, type StatsdOfNpm } from "./statsd_of_npm.ts";
import { datagramsOf, lines, type Load } from "./statsd_lines.ts";
import { UdpFlood } from "./udp_flood.ts";

const FLOODS = 9;
/** Datagrams a second: more than is taken. Far more would slow down those who take them, by as much as it happens to be. */
const FLOOD_RATE = 300_000;
/** So long that what an agent still holds in the end, 8 MiB at most, is little of what it took. */
const FLOOD_MS = 2000;
/** A flood of which less is lost is none: the sender is the limit. */
const FLOOD_LOSS_MIN = 0.02;
const PACED_MS = 2000;
/** Of what was taken of the flood, tried from the first on until nothing is lost. */
const PACES = [0.8, 0.5, 0.3, 0.15] as const;
/** A paced sender that is late must not become a flood. */
const PACED_BURST_MAX = 32;
/** Cores. A run during which other programs take more is repeated, ... */
const OTHERS_MAX = 0.15;
/** ... but not more often than this; then the one that they disturbed least counts. */
const TRIES_MAX = 5;
/** Between two looks at what is due. */
const PACING_US = 50;
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
  /** Cores that other programs took meanwhile. */
  readonly others: number;
}

interface Datagrams {
  readonly flood: UdpFlood;
  readonly linesOf: readonly number[];
}

interface Pace {
  readonly ms: number;
  /** Datagrams a second. */
  readonly rate: number;
  /** Datagrams that may be sent at once by a sender that is late. */
  readonly burstMax?: number;
}

/** Sends the datagrams over and over. */
async function send(
  { flood, linesOf }: Datagrams,
  { ms, rate, burstMax = Infinity }: Pace,
): Promise<{ readonly datagrams: number; readonly sent: number; readonly seconds: number }> {
  const begun = performance.now();
  let datagrams = 0;
  let sent = 0;
  let due = 0;
  for (let [now, before] = [begun, begun]; now < begun + ms; before = now, now = performance.now()) {
    due = Math.min(burstMax, due + rate * (now - before) / 1000);
    if (due < 1) flood.sleep(PACING_US);
    else {
      const { first, count } = flood.send(Math.floor(due));
      for (let index = first; index < first + count; index++) sent += linesOf[index];
      datagrams += count;
      due -= count;
    }
    await systemPause();
  }
  return { datagrams, sent, seconds: (performance.now() - begun) / 1000 };
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

async function run(target: Target, load: Datagrams, pace: Pace): Promise<Outcome> {
  let quietest: Outcome | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const outcome = await runOnce(target, load, pace);
    if (quietest === undefined || outcome.others < quietest.others) quietest = outcome;
    if (quietest.others <= OTHERS_MAX) break;
  }
  assert(quietest !== undefined, "at least one is tried");
  return quietest;
}

async function runOnce(target: Target, { flood, linesOf }: Datagrams, pace: Pace): Promise<Outcome> {
  const [before, cpuBefore, othersBefore] = [await target.taken(), cpuSeconds(target.pid), cpuSecondsOfOthers()];
  flood.connect(target.port);
  const sending = await send({ flood, linesOf }, pace);
  const others = Math.max(0, cpuSecondsOfOthers() - othersBefore) / sending.seconds;
  const after = await settled(target);
  if (after.refused > 0) throw new Error(`${target.name} refused ${after.refused} lines: the load must be sound`);
  return { ...sending, taken: after.lines - before.lines, cpuS: cpuSeconds(target.pid) - cpuBefore, others };
}

/** User and system time of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** The same of all processes but this one and the targets, since this machine was started; less exact. */
function cpuSecondsOfOthers(): number {
  const [user, nice, system, _idle, _waiting, interrupts, softInterrupts] = Deno.readTextFileSync("/proc/stat")
    .split("\n")[0].split(/\s+/).slice(1).map(Number);
  const ours = [Deno.pid, ...targets.map(({ pid }) => pid)].reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  return (user + nice + system + interrupts + softInterrupts) / TICKS_A_SECOND - ours;
}

function show(name: string, { datagrams, sent, taken, seconds, cpuS, others }: Outcome, note = ""): void {
  const figures = [
    `${thousands(taken / seconds).padStart(7)} lines/s taken of ${thousands(sent / seconds).padStart(8)}`,
    `in ${thousands(datagrams / seconds).padStart(5)} datagrams/s`,
    `${(100 * (1 - taken / sent)).toFixed(2).padStart(5)} % lost`,
    `${(1e6 * cpuS / taken * sent / datagrams).toFixed(1)} us of CPU a datagram taken`,
    `${(taken / cpuS / 1e6).toFixed(2)} M lines a second of CPU`,
    `${others.toFixed(2)} cores taken by others`,
  ];
  report(name, figures.join(", ") + note);
}

function thousands(count: number): string {
  return `${(count / 1000).toFixed(0)} k`;
}

async function compare(load: Load): Promise<void> {
  const utf8 = new TextDecoder();
  const datagrams = datagramsOf(load, LINES);
  using flood = new UdpFlood(datagrams);
  const sending = { flood, linesOf: datagrams.map((datagram) => utf8.decode(datagram).split("\n").length) };
  const floodsByTarget = new Map<Target, Outcome[]>();
  for (let round = 0; round <= FLOODS; round++) {
    for (const target of targets) {
      const outcome = await run(target, sending, { ms: FLOOD_MS, rate: FLOOD_RATE });
      // The first one is to warm up.
      floodsByTarget.set(target, round === 0 ? [] : [...floodsByTarget.get(target) ?? [], outcome]);
    }
  }
  const takenASecond = ({ taken, seconds }: Outcome) => taken / seconds;
  for (const [target, floods] of floodsByTarget) {
    floods.sort((a, b) => takenASecond(a) - takenASecond(b));
    const [slowest, median, fastest] = [floods[0], floods[FLOODS >> 1], floods[FLOODS - 1]];
    const range = ` (${thousands(takenASecond(slowest))} to ${thousands(takenASecond(fastest))})`;
    const isFlood = median.taken < (1 - FLOOD_LOSS_MIN) * median.sent;
    show(`${target.name}, flooded`, median, isFlood ? range : `${range}: the sender is the limit`);
    const linesADatagram = median.sent / median.datagrams;
    const rate = takenASecond(median) / linesADatagram;
    for (const share of PACES) {
      const pace = { ms: PACED_MS, rate: share * rate, burstMax: PACED_BURST_MAX };
      const paced = await run(target, sending, pace);
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

await using stack = new AsyncDisposableStack();
const targets = [await startAgent(stack), ...await tryStatsdOfNpm(stack)];
title("StatsD by UDP: counters in datagrams of 1,400 bytes, 1,000 tabs");
await compare({ line: lines.counter, tabs: 1000 });
title("StatsD by UDP: timers in datagrams of 1,400 bytes, 1,000 tabs");
// Tabs have one type: those of the counters are taken.
await compare({ line: (tab) => lines.timer(1000 + tab), tabs: 1000 });
title("StatsD by UDP: counters, one a datagram, 1,000 tabs");
await compare({ line: lines.counter, tabs: 1000, datagramBytes: 1 });
