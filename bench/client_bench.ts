// What it costs an application to record, beside the OpenTelemetry SDK on the same work: all in one process on one
// core, in turns of some milliseconds as a server's are, with everything that recording leads to (folding, encoding,
// and a flush a second into a fetch that answers at once) in the time that is measured. OpenTelemetry collects once a
// second as well, and where that is most of its work also once a minute, which is its default and here means never;
// its exporter does nothing: what it would take to encode is not counted against it.

import type { Attributes } from "@opentelemetry/api";
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { setImmediate } from "node:timers/promises";
import { TabaClient } from "../client/mod.ts";
import { measure, report, title } from "./harness.ts";

const TABS = 30_000;
const ROUND_MS = 1000;
const TURN_MS = 5;
const ROUNDS = 5;

const names = Array.from({ length: TABS }, (_, index) => `service.route_${index}.latency`);
/** Which tab is next: the same random ones for all. */
const order = Uint16Array.from({ length: 1 << 20 }, () => Math.random() * TABS);
/** Lognormal, as prices and latencies are: three decades. */
const values = Float64Array.from({ length: 1 << 14 }, () => Math.exp(normal()));

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** Spent in turns, over all rounds since it was last set to zero: what the caller of `record` waits for. */
let recordingMs = 0;

/** Calls `record` with 1,000 places in `order` at a time until the round is over; answers how often. */
async function round(record: (from: number, to: number) => void): Promise<number> {
  const end = performance.now() + ROUND_MS;
  let records = 0;
  while (performance.now() < end) {
    const turnStart = performance.now();
    while (performance.now() < turnStart + TURN_MS) {
      const from = records % order.length;
      const to = Math.min(from + 1000, order.length);
      record(from, to);
      records += to - from;
    }
    recordingMs += performance.now() - turnStart;
    await setImmediate();
  }
  return records;
}

function measureRecords(name: string, record: (from: number, to: number) => void): Promise<unknown> {
  return measure(name, { unit: "records", rounds: ROUNDS, work: () => round(record) });
}

/** A client whose posts are answered at once, which then says what it sent. */
async function withTaba(name: string, prepare: (client: TabaClient) => (from: number, to: number) => void) {
  let posts = 0;
  let bytes = 0;
  const client = new TabaClient({
    client: "bench",
    fetch: (_url, init) => {
      posts++;
      if (init.body instanceof Uint8Array) bytes += init.body.length;
      return Promise.resolve(Response.json({ lines: 0, events: Number.MAX_SAFE_INTEGER, rejected: [] }));
    },
  });
  recordingMs = 0;
  await measureRecords(name, prepare(client));
  await client.stop();
  const { acked, dropped } = client.status();
  report("... of the time in record calls alone", `${(acked / recordingMs / 1000).toFixed(1)} M records/s`);
  report("", `${(bytes / acked).toFixed(3)} bytes a record in ${posts} posts, ${dropped} dropped`);
}

type Prepare = (provider: MeterProvider) => (from: number, to: number) => void;

/** A meter that is collected once a second, or as often as is said. */
async function withMeter(name: string, prepare: Prepare, options: { readonly periodS: number } = { periodS: 1 }) {
  const exportIntervalMillis = 1000 * options.periodS;
  const exporter: PushMetricExporter = {
    export: (_metrics, done) => done({ code: 0 }),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    selectAggregationTemporality: () => AggregationTemporality.DELTA,
  };
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis: 1000 })],
    views: [{ instrumentName: "*", aggregationCardinalityLimit: 2 * TABS }],
  });
  await measureRecords(name, prepare(provider));
  await provider.shutdown();
}

const valueMask = values.length - 1;

title("One held tab");
await withTaba("taba: CounterGroup", (client) => {
  const tab = client.tab("service.latency");
  return (from, to) => {
    for (let index = from; index < to; index++) tab.record(values[index & valueMask]);
  };
});
await withMeter("opentelemetry: counter", (provider) => {
  const counter = provider.getMeter("bench").createCounter("service.latency");
  return (from, to) => {
    for (let index = from; index < to; index++) counter.add(values[index & valueMask]);
  };
});
await withMeter("opentelemetry: histogram", (provider) => {
  const histogram = provider.getMeter("bench").createHistogram("service.latency");
  return (from, to) => {
    for (let index = from; index < to; index++) histogram.record(values[index & valueMask]);
  };
});

title("A random one of 30,000 held tabs");
await withTaba("taba: CounterGroup", (client) => {
  const tabs = names.map((name) => client.tab(name));
  return (from, to) => {
    for (let index = from; index < to; index++) tabs[order[index]].record(values[index & valueMask]);
  };
});
const counters: Prepare = (provider) => {
  const meter = provider.getMeter("bench");
  const counters = names.map((name) => meter.createCounter(name));
  return (from, to) => {
    for (let index = from; index < to; index++) counters[order[index]].add(values[index & valueMask]);
  };
};
const histograms: Prepare = (provider) => {
  const meter = provider.getMeter("bench");
  const histograms = names.map((name) => meter.createHistogram(name));
  return (from, to) => {
    for (let index = from; index < to; index++) histograms[order[index]].record(values[index & valueMask]);
  };
};
await withMeter("opentelemetry: counters", counters);
await withMeter("opentelemetry: counters, collected once a minute", counters, { periodS: 60 });
await withMeter("opentelemetry: histograms", histograms);
await withMeter("opentelemetry: histograms, collected once a minute", histograms, { periodS: 60 });

title("By name, over 30,000 names");
await withTaba("taba: counter(name, value)", (client) => (from, to) => {
  for (let index = from; index < to; index++) client.counter(names[order[index]], values[index & valueMask]);
});
const attributes: Attributes[] = names.map((name) => ({ name }));
const counter: Prepare = (provider) => {
  const counter = provider.getMeter("bench").createCounter("service.latency");
  return (from, to) => {
    for (let index = from; index < to; index++) counter.add(values[index & valueMask], attributes[order[index]]);
  };
};
const histogram: Prepare = (provider) => {
  const histogram = provider.getMeter("bench").createHistogram("service.latency");
  return (from, to) => {
    for (let index = from; index < to; index++) histogram.record(values[index & valueMask], attributes[order[index]]);
  };
};
await withMeter("opentelemetry: counter, name as attribute", counter);
await withMeter("opentelemetry: counter, collected once a minute", counter, { periodS: 60 });
await withMeter("opentelemetry: histogram, name as attribute", histogram);
await withMeter("opentelemetry: histogram, collected once a minute", histogram, { periodS: 60 });
