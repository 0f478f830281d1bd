// How `deno task bench:cluster` says what it found: figures, each with what it means, and what limited them.

import type { ClientStatus } from "../../client/mod.ts";
import { TABS } from "./plan.ts";
import { type Delays, quantile } from "./probes.ts";
import { busiestThreadS, type Usage } from "./processes.ts";

export interface Recorded {
  readonly events: number;
  readonly probes: number;
  readonly seconds: number;
}

export type Stopped = ClientStatus & { readonly sent: number };

export interface Outcome {
  readonly asked: { readonly rate: number; readonly seconds: number; readonly servers: number };
  readonly recorded: Recorded;
  readonly stopped: Stopped;
  readonly delays: Delays;
  readonly counted: number;
  readonly missing: number;
  readonly extra: number;
  /** Whether each tab's count is what was recorded, but for what the client says it dropped. */
  readonly isExact: boolean;
}

/** What all processes had taken at one moment. */
export interface Reading {
  readonly timeMs: number;
  readonly machineS: number;
  readonly usages: readonly Usage[];
}

interface Readings {
  /** When the recording began and ended, and when all was counted. */
  readonly start: Reading;
  readonly end: Reading;
  readonly settled: Reading;
}

interface Traffic {
  readonly lines: number;
  readonly posts: number;
  /** Posts that had to be repeated: "reason count". */
  readonly refused: readonly string[];
}

interface Also {
  readonly names: readonly string[];
  readonly readings: Readings;
  readonly lines: { readonly toAgent: Traffic; readonly toServers: Traffic };
}

/** From which share of a core on a thread does nothing more. */
const BUSY = 0.9;
/** Widths of the table. */
const [NAME, COLUMN] = [16, 17];

export function show(outcome: Outcome, { names, readings, lines }: Also): void {
  const { asked, recorded, stopped, delays, isExact } = outcome;
  const reached = recorded.events / recorded.seconds;
  const differing = isExact
    ? "every tab exact"
    : `NOT EXACT: ${whole(outcome.missing)} missing, ${whole(outcome.extra)} extra`;
  const dropped = isExact && outcome.missing > 0 ? " but for what the client dropped and counted" : "";
  const settledS = (readings.settled.timeMs - readings.end.timeMs) / 1000;
  const rows: readonly (readonly [string, string])[] = [
    ["Recorded", `${whole(recorded.events)} events in ${recorded.seconds.toFixed(1)} s`],
    ["", `${whole(reached)} events/s; asked for were ${whole(asked.rate)}`],
    ["On the wire", `from application to agent ${traffic(lines.toAgent)}`],
    ["", `from agent to servers ${traffic(lines.toServers)}`],
    [
      "Dropped",
      `${whole(stopped.dropped)} by the client${reasons(stopped)}; ${whole(stopped.pending)} unsent at its end`,
    ],
    ["Visible after", seen(delays)],
    ["", `the last event within ${settledS.toFixed(1)} s of the end of the recording`],
    [
      "Counted",
      `${whole(outcome.counted)} of ${whole(recorded.events + recorded.probes)} events: ${differing}${dropped}`,
    ],
  ];
  console.log(`\n${methodOf(asked)}\n`);
  for (const [name, figure] of rows) console.log(name.padEnd(NAME) + figure);
  showUsage(names, readings);
  console.log(`\nLimit: ${limitOf(names, { ...readings, isReached: reached > 0.99 * asked.rate })}`);
}

function methodOf({ seconds, servers }: Outcome["asked"]): string {
  return `Method: an application records lognormal values into random ones of ${TABS} tabs (CounterGroup, by handles) for ${seconds} s,
in turns of 5 ms. Its client folds and posts to an agent, as often as an eighth of its time allows; that, with a journal
(no fsync), to ${servers} server(s), which keep State in one Redis without replica behind one Sentinel. All of it shares this machine's
${navigator.hardwareConcurrency} cores. Twice a second the application records one event into a tab never used before (a probe); queries ask
for it, at most 250 ms apart, until it is there. In the end the count of each tab is held against what was recorded into it.`;
}

/** CPU seconds are user and system time; memory is the peak of what was resident, since the process began. */
function showUsage(names: readonly string[], { start, end, settled }: Readings): void {
  const passedS = (end.timeMs - start.timeMs) / 1000;
  const heads = ["CPU s recording", "cores", "busiest thread", "CPU s in all", "memory peak"];
  console.log(`\n${"".padEnd(NAME)}${heads.map((head) => head.padStart(COLUMN)).join("")}`);
  names.forEach((name, index) => {
    const [from, to, last] = [start, end, settled].map(({ usages }) => usages[index]);
    const figures = [
      (to.cpuS - from.cpuS).toFixed(1),
      ((to.cpuS - from.cpuS) / passedS).toFixed(2),
      (busiestThreadS(from, to) / passedS).toFixed(2),
      (last.cpuS - from.cpuS).toFixed(1),
      `${Math.round(last.rssPeakBytes / 2 ** 20)} MiB`,
    ];
    console.log(name.padEnd(NAME) + figures.map((figure) => figure.padStart(COLUMN)).join(""));
  });
}

function limitOf(names: readonly string[], options: Readings & { readonly isReached: boolean }): string {
  const { start, end, isReached } = options;
  const cores = navigator.hardwareConcurrency;
  const passedS = (end.timeMs - start.timeMs) / 1000;
  const busy = names.filter((_, index) => busiestThreadS(start.usages[index], end.usages[index]) / passedS > BUSY);
  const machine = (end.machineS - start.machineS) / passedS;
  const own = end.usages.reduce((sum, { cpuS }, index) => sum + cpuS - start.usages[index].cpuS, 0) / passedS;
  const parts = [
    ...busy.length > 0 ? [`a thread of ${busy.join(", ")} works all the time`] : [],
    ...machine > BUSY * cores ? [`all cores are busy, ${(machine - own).toFixed(2)} of them with other programs`] : [],
  ];
  const used = `${machine.toFixed(2)} of ${cores} cores busy, ${own.toFixed(2)} with these processes`;
  const why = parts.length > 0 ? parts.join("; ") : "no thread and no core was busy all the time";
  return `${isReached ? "the rate that was asked for was reached" : "the rate was not reached"}: ${why} (${used}).`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function traffic({ lines, posts, refused }: Traffic): string {
  const more = refused.length === 0 ? "" : `; refused and sent again: ${refused.join(", ")}`;
  return `${whole(lines)} lines in ${whole(posts)} posts${more}`;
}

function reasons({ droppedByReason }: Stopped): string {
  const named = Object.entries(droppedByReason).map(([reason, { events }]) => `${reason} ${whole(events)}`);
  return named.length === 0 ? "" : ` (${named.join(", ")})`;
}

function seen({ delaysMs, unseen }: Delays): string {
  const [p50, p99, max] = [quantile(delaysMs, 0.5), quantile(delaysMs, 0.99), quantile(delaysMs, 1)].map(whole);
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms, from record to query, of ${delaysMs.length} probes; ${unseen} not seen`;
}
