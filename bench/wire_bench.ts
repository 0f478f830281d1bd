// The wire on one core: bodies parsed alone, and parsed and folded into the States of 30,000 tabs, beside JSON.parse
// on the same lines; bodies written and compressed. Bodies come in chunks of 64 KiB, as from a socket.

import { Folding } from "../core/folding.ts";
import { counterGroup } from "../core/handlers/counter_group.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { NdjsonReader, type WireLine, writeBatch } from "../core/wire/ndjson.ts";
import { decodeBody, gzip } from "../service/encoding.ts";
import { systemRandom, systemSleep } from "../service/world.ts";
import { measure, report, title } from "./harness.ts";

const TABS = 30_000;
const NOW = 1_763_890_000;
const CHUNK_BYTES = 64 * 1024;

const registry = createRegistry();
const random = systemRandom;

function tab(): string {
  return `winning_bid_price_${Math.floor(random() * TABS)}`;
}

/** Lognormal over some three decades, as prices and latencies are. */
function price(): number {
  return Math.exp(1.2 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

interface RawOptions {
  readonly lines: number;
  readonly events: number;
  /** When an event happened, in seconds from the beginning of the last one, from the share of the line that lies before it. */
  readonly time: (share: number) => number;
  readonly value: (price: number) => number;
}

function rawLines({ lines, events, time, value }: RawOptions): WireLine[] {
  return Array.from({ length: lines }, () => ({
    tab: tab(),
    type: "CounterGroup",
    events: Array.from({ length: events }, (_, index) => [NOW - 1 + time(index / events), value(price())] as const),
  }));
}

function stateLines(lines: number, events: number): WireLine[] {
  return Array.from({ length: lines }, () => {
    const state = counterGroup.create("");
    for (let event = 0; event < events; event++) counterGroup.fold(state, NOW - 10 * random(), price());
    const encoded = counterGroup.encode(state);
    return { tab: tab(), type: "CounterGroup", version: counterGroup.version, events, encoded };
  });
}

function toMillisecond(number: number): number {
  return Math.round(number * 1000) / 1000;
}

async function bytesOf(lines: Iterable<WireLine>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks = Array.from(writeBatch({ client: "web-17" }, lines), (chunk) => new Uint8Array(chunk));
  return await new Blob(chunks).bytes();
}

/** Parses a body, folds it if there is where to, and answers how many lines it had. */
function read(body: Uint8Array, folding?: Folding): number {
  const reader = new NdjsonReader();
  let lines = 0;
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    for (const read of reader.push(body.subarray(at, at + CHUNK_BYTES))) {
      if (read.kind !== "line") continue;
      lines++;
      if (folding?.add(read.line, NOW).ok === false) throw new Error("a line was refused");
    }
  }
  return lines;
}

function parseJson(lines: readonly Uint8Array[]): number {
  const utf8 = new TextDecoder();
  let found = 0;
  for (const line of lines) if (JSON.parse(utf8.decode(line)) !== null) found++;
  return found;
}

async function benchBody(name: string, { lines, unit, each }: {
  readonly lines: readonly WireLine[];
  readonly unit: string;
  /** Units a line. */
  readonly each: number;
}): Promise<void> {
  const body = await bytesOf(lines);
  title(`${name}: ${(body.length / lines.length).toFixed(0)} bytes a line`);
  await measure("parse", { unit, work: () => read(body) * each });
  const folding = new Folding(registry, { statesMax: TABS });
  await measure("parse and fold", { unit, work: () => read(body, folding) * each });
  const texts = new TextDecoder().decode(body).trim().split("\n").slice(1);
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  await measure("JSON.parse alone, for comparison", { unit, work: () => parseJson(encoded) * each });
}

const raw = (name: string, options: RawOptions) =>
  benchBody(name, { lines: rawLines(options), unit: "events", each: options.events });

await raw("500 events a line, milliseconds and cents", {
  lines: 1000,
  events: 500,
  time: toMillisecond,
  value: (number) => Math.round(number * 100) / 100,
});
await raw("500 events a line, of full precision", {
  lines: 1000,
  events: 500,
  time: (share) => share,
  value: (number) => number,
});
await raw("500 events a line, spread over ten seconds in any order", {
  lines: 1000,
  events: 500,
  time: () => toMillisecond(-10 * random()),
  value: toMillisecond,
});
await raw("1 event a line", { lines: 50_000, events: 1, time: toMillisecond, value: toMillisecond });
await benchBody("States of 10 events", { lines: stateLines(30_000, 10), unit: "States", each: 1 });
await benchBody("States of 1,000 events", { lines: stateLines(3000, 1000), unit: "States", each: 1 });

title("writing a batch of 30,000 States of 10 events");
const lines = stateLines(30_000, 10);
const body = await bytesOf(lines);
const writeAll = () => [...writeBatch({ client: "web-17" }, lines)];
await measure("writeBatch", { unit: "States", work: () => writeAll().length && lines.length });
await measure("writeBatch and gzip", {
  unit: "States",
  work: async () => (await gzip(writeAll())).length && lines.length,
});
const compressed = new Uint8Array(await gzip([body]));
report("compressed to", `${(100 * compressed.length / body.length).toFixed(0)} %`);
await measure("gunzip", {
  unit: "bytes",
  work: async () => {
    const headers = { "content-encoding": "gzip" };
    const request = new Request("http://host/post", { method: "POST", body: compressed, headers });
    let bytes = 0;
    const chunks = decodeBody(request, { bytesMax: body.length, sleep: systemSleep });
    for await (const chunk of chunks) if (chunk.ok) bytes += chunk.value.length;
    return bytes;
  },
});
