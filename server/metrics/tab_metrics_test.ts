import { assert, assertEquals } from "@std/assert";
import { createRegistry } from "../../core/handlers/registry.ts";
import { readPrometheus } from "../../tests/prometheus_text.ts";
import type { Found } from "../query.ts";
import { SampleRoom, tabsMetrics } from "./tab_metrics.ts";

const registry = createRegistry();
const NOW = 1_763_890_000;

function found(name: string, values: readonly unknown[], type = "CounterGroup"): Found {
  const handler = registry.get(type);
  assert(handler !== undefined);
  const state = handler.create("web-1");
  for (const value of values) handler.fold(state, NOW - 5, value);
  return { name, client: "", content: { ok: true, handler, state } };
}

const ALL: readonly Found[] = [
  found("requests;route=/bid", [2, 2, 2]),
  found("latency", [0.5], "PercentileGroup"),
  found("sizes", [8, 8], "PercentileCounter"),
  found("ever", [1, -3], "TotalsCounter"),
  found("build", ['v"1'], "Gauge"),
  found("count", ["count"], "Gauge"),
  found("log", [["a", NOW + 60]], "Buffer"),
  found("nothing", [1], "Noop"),
  { name: "damaged", client: "", content: { ok: false, why: "it is damaged" } },
];

async function read(all: readonly Found[], room = new SampleRoom(1000)) {
  let asked = 0;
  const ask = () => (asked++, all);
  const text = (await Array.fromAsync(tabsMetrics(ask, { now: NOW, room }))).join("");
  return { text, asked };
}

Deno.test("tabsMetrics: windows, totals, quantiles and gauges of every type, with tags as labels", async () => {
  const families = readPrometheus((await read(ALL)).text);
  assertEquals([...families.keys()], ["taba_count", "taba_total", "taba_quantile", "taba_gauge"]);
  const values = (family: string, tab: string) =>
    Object.fromEntries([...families.get(family)?.values ?? []].filter(([labels]) => labels.startsWith(`tab="${tab}"`)));
  const bid = 'tab="requests",route="/bid"';
  assertEquals(values("taba_count", "requests"), {
    [`${bid},window="1m"`]: 3,
    [`${bid},window="10m"`]: 3,
    [`${bid},window="1h"`]: 3,
    [`${bid},window="1d"`]: 3,
  });
  assertEquals(values("taba_total", "requests")[`${bid},window="10m"`], 6);
  const day = values("taba_quantile", "requests");
  assertEquals(
    Object.keys(day),
    ["0.25", "0.5", "0.75", "0.9", "0.95", "0.99", "0.999"].map((quantile) =>
      `${bid},window="1d",quantile="${quantile}"`
    ),
  );
  assert(Math.abs(Object.values(day)[3] - 2) < 0.01);
  assertEquals(Object.keys(values("taba_quantile", "latency")).length, 4 * 7);
  assertEquals(values("taba_count", "sizes"), { 'tab="sizes",window="all"': 2 });
  assertEquals(Object.keys(values("taba_quantile", "sizes"))[1], 'tab="sizes",window="all",quantile="0.5"');
  assertEquals(values("taba_total", "ever"), { 'tab="ever",window="all"': -2 });
  assertEquals(Object.fromEntries(families.get("taba_gauge")?.values ?? []), {
    'tab="build",value="v\\"1"': 1,
    'tab="count",value="count"': 1,
  });
});

Deno.test("tabsMetrics: more than may be held are asked for again, and say the same", async () => {
  const once = await read(ALL);
  const again = await read(ALL, new SampleRoom(10));
  assertEquals([once.asked, again.asked], [1, 4]);
  assertEquals(again.text, once.text);
  assertEquals(await read([]), { text: "", asked: 1 });
});

Deno.test("tabsMetrics: answers share the room for what they hold, and give it back, whole or broken off", async () => {
  const room = new SampleRoom(100);
  const first = tabsMetrics(() => ALL, { now: NOW, room });
  for (let pieces = 0; pieces < 10; pieces++) await first.next();
  assertEquals((await read(ALL, room)).asked, 4);
  await first.return(undefined);
  assertEquals((await read(ALL, room)).asked, 1);
  assertEquals([room.take(100), room.take(1)], [true, false]);
});

Deno.test("tabsMetrics: quantiles of nothing are left out", async () => {
  const old = found("bids", [1]);
  const text = (await Array.fromAsync(tabsMetrics(() => [old], { now: NOW + 3 * 86_400, room: new SampleRoom(1000) })))
    .join(
      "",
    );
  assertEquals([...readPrometheus(text).keys()], ["taba_count", "taba_total"]);
});
