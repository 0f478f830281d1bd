// StatsD lines a second on one core, from datagrams in memory to folded States: no socket. Datagrams hold 1,400 bytes
// of lines, as clients fill them, or one line. Names and values are drawn at random from a seed.

import { assert } from "../core/assert.ts";
import { Folding } from "../core/folding.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { GaugeValues } from "../core/wire/gauge_values.ts";
import { StatsdReader } from "../core/wire/statsd.ts";
import { measure, title } from "./harness.ts";

/** Of a round: what comes within an agent's flush period of 500 ms at a million lines a second. */
const LINES = 500_000;
const DATAGRAM_BYTES = 1400;
const NOW = 1_800_000_000;

const registry = createRegistry();
const utf8 = new TextEncoder();
let seed = 4;

/** A whole number below `limit` (Numerical Recipes' generator). */
function below(limit: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor(seed / 2 ** 32 * limit);
}

function name(tab: number): string {
  return `service.web.endpoint_${tab}.latency`;
}

const value = () => (below(100_000) / 100).toString();

const lines = {
  counter: (tab: number) => `${name(tab)}:${1 + below(3)}|c`,
  timer: (tab: number) => `${name(tab)}:${value()}|ms`,
  sampled: (tab: number) => `${name(tab)}:${1 + below(3)}|c|@0.1`,
  tagged: (tab: number) => `${name(tab)}:${value()}|d|#env:prod,region:eu-west-1,status:200`,
  packed: (tab: number) => `${name(tab)}:${Array.from({ length: 10 }, value).join(":")}|ms`,
  gauge: (tab: number) => `${name(tab)}:${value()}|g`,
  delta: (tab: number) => `${name(tab)}:+${value()}|g`,
} as const;

interface Load {
  readonly line: (tab: number) => string;
  readonly tabs: number;
  readonly datagramBytes?: number;
}

function datagramsOf({ line, tabs, datagramBytes = DATAGRAM_BYTES }: Load): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let text = "";
  for (let index = 0; index < LINES; index++) {
    const next = line(below(tabs));
    if (text !== "" && text.length + 1 + next.length > datagramBytes) {
      datagrams.push(utf8.encode(text));
      text = "";
    }
    text += text === "" ? next : `\n${next}`;
  }
  datagrams.push(utf8.encode(text));
  return datagrams;
}

type Fold = ConstructorParameters<typeof StatsdReader>[0]["fold"];

/** Reads all datagrams and flushes, once a round. The reader lives on from round to round, as an agent's does. */
async function read(name: string, load: Load, beginRound: () => Fold = () => () => undefined): Promise<void> {
  const datagrams = datagramsOf(load);
  let fold: Fold = () => undefined;
  const gauges = new GaugeValues({ gaugesMax: load.tabs });
  const reader = new StatsdReader({ client: "host-1", fold: (line) => fold(line), gauges });
  const work = () => {
    fold = beginRound();
    for (const datagram of datagrams) reader.take(datagram, NOW);
    reader.flush();
    return LINES;
  };
  await measure(name, { unit: "lines", work });
  assert(reader.linesRefused === 0, "the load is sound");
}

/** With States begun anew each round, as an agent does after it has sealed. */
function readAndFold(name: string, load: Load): Promise<void> {
  return read(name, load, () => {
    const folding = new Folding(registry, { statesMax: load.tabs });
    return (line) => {
      const folded = folding.add(line, NOW);
      return folded.ok ? undefined : folded.refusal.code;
    };
  });
}

for (const [does, run] of [["parsed", read], ["parsed and folded", readAndFold]] as const) {
  title(`StatsD lines, ${does}, ${LINES / 1000} k a round`);
  await run("counters, 100 tabs", { line: lines.counter, tabs: 100 });
  await run("counters, 30,000 tabs", { line: lines.counter, tabs: 30_000 });
  await run("timers, 100 tabs", { line: lines.timer, tabs: 100 });
  await run("timers, 30,000 tabs", { line: lines.timer, tabs: 30_000 });
  await run("sampled counters, 1,000 tabs", { line: lines.sampled, tabs: 1000 });
  await run("distributions with three tags, 1,000 tabs", { line: lines.tagged, tabs: 1000 });
  await run("timers of ten packed values, 1,000 tabs", { line: lines.packed, tabs: 1000 });
  await run("gauges, 1,000 tabs", { line: lines.gauge, tabs: 1000 });
  await run("gauge deltas, 1,000 tabs", { line: lines.delta, tabs: 1000 });
  await run("counters, 1,000 tabs, one a datagram", { line: lines.counter, tabs: 1000, datagramBytes: 1 });
}
