// StatsD lines a second on one core, from datagrams in memory to folded States: no socket. Datagrams hold 1,400 bytes
// of lines, as clients fill them, or one line.

import { assert } from "../core/assert.ts";
import { Folding } from "../core/folding.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { GaugeValues } from "../core/wire/gauge_values.ts";
import { StatsdReader } from "../core/wire/statsd.ts";
import { measure, title } from "./harness.ts";
import { datagramsOf, lines, type Load } from "./statsd_lines.ts";

/** Of a round: what comes within an agent's flush period of 500 ms at a million lines a second. */
const LINES = 500_000;
const NOW = 1_800_000_000;

const registry = createRegistry();
type Fold = ConstructorParameters<typeof StatsdReader>[0]["fold"];

/** Reads all datagrams and flushes, once a round. The reader lives on from round to round, as an agent's does. */
async function read(name: string, load: Load, beginRound: () => Fold = () => () => undefined): Promise<void> {
  const datagrams = datagramsOf(load, LINES);
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
