import { assert, assertEquals } from "@std/assert";
import type { Json, Line } from "../event.ts";
import { Folding } from "../folding.ts";
import { createRegistry } from "../handlers/registry.ts";
import { nameProblem } from "../names.ts";
import type { LineRefusalCode } from "../refusal.ts";
import { GaugeValues } from "./gauge_values.ts";
import { StatsdReader, type StatsdReaderOptions } from "./statsd.ts";

const NOW = 1_800_000_000;
const utf8 = new TextEncoder();

/** What a datagram comes to: the values of each tab and type, in their order, and what was refused. */
interface Found {
  readonly events: Record<string, Json[]>;
  readonly refused: Record<string, number>;
}

class Receiver {
  readonly found: { readonly events: Record<string, Json[]>; refused: Record<string, number> } = {
    events: {},
    refused: {},
  };
  readonly times: number[] = [];
  readonly reader: StatsdReader;

  constructor(options: Partial<StatsdReaderOptions> = {}) {
    const gauges = new GaugeValues({ gaugesMax: 1000 });
    this.reader = new StatsdReader({ client: "host-1", fold: (line) => this.#fold(line), gauges, ...options });
  }

  take(datagram: string | Uint8Array, now = NOW): this {
    this.reader.take(typeof datagram === "string" ? utf8.encode(datagram) : datagram, now);
    return this;
  }

  read(): Found {
    this.reader.flush();
    this.found.refused = Object.fromEntries(this.reader.linesByRefusal);
    return this.found;
  }

  #fold({ tab, type, client, payload }: Line): LineRefusalCode | undefined {
    assertEquals([client, nameProblem(tab)], ["host-1", undefined]);
    assert(payload.kind !== "state");
    const count = payload.kind === "numbers" ? payload.count : payload.values.length;
    (this.found.events[`${tab} ${type}`] ??= []).push(...payload.values.slice(0, count));
    this.times.push(...payload.times.slice(0, count));
    return undefined;
  }
}

function read(datagram: string | Uint8Array): Found {
  return new Receiver().take(datagram).read();
}

Deno.test("StatsdReader: reads each type", () => {
  const datagram = "hits:3|c\nlatency:320|ms\nsize:1.5|h\nspread:-2e3|d\nload:0.75|g\nusers:uid-7|s";
  assertEquals(read(datagram), {
    events: {
      "hits CounterGroup": [3],
      "latency PercentileGroup": [320],
      "size PercentileGroup": [1.5],
      "spread PercentileGroup": [-2000],
      "load Gauge": [0.75],
      "users Buffer": [["uid-7", NOW + 60]],
    },
    refused: {},
  });
});

Deno.test("StatsdReader: multiplies counters by 1/rate, and counts each value of a timer once", () => {
  assertEquals(read("a:3|c|@0.1\nb:2:4|c|@0.5\nc:7|ms|@0.1\nd:5|g|@0.1\ne:1|c|@1").events, {
    "a CounterGroup": [30],
    "b CounterGroup": [4, 8],
    "c PercentileGroup": [7],
    "d Gauge": [5],
    "e CounterGroup": [1],
  });
});

Deno.test("StatsdReader: reads packed values, of which a gauge keeps the last and a set makes one", () => {
  assertEquals(read("a:1:2.5:-3|ms\nb:1:2|c\nc:1:+2:-0.5|g\nd:u:v|s").events, {
    "a PercentileGroup": [1, 2.5, -3],
    "b CounterGroup": [1, 2],
    "c Gauge": [2.5],
    "d Buffer": [["u:v", NOW + 60]],
  });
});

Deno.test("StatsdReader: takes numbers as senders write them", () => {
  const values = ["5", "+5", "05", "5.", ".5", "-.5", "1e3", "1E-3", "+1.5e+2", "123456789012345678901234567890"];
  assertEquals(read(`a:${values.join(":")}|ms`).events, { "a PercentileGroup": values.map(Number) });
  for (const value of ["", " ", "x", "1x", "0x10", "1e", "--1", "+-1", "1,5", "NaN", "Infinity", "1e999", "1_0", "."]) {
    assertEquals(read(`a:${value}|c`).refused, { value_illegal: 1 }, value);
  }
});

Deno.test("StatsdReader: adds deltas to the gauge's value, from 0 on", () => {
  const receiver = new Receiver();
  for (const value of ["+4", "-1", "10", "+0.5", "-20"]) receiver.take(`a:${value}|g`);
  receiver.take("b:+1|g").take("a:+1|g|#k:v");
  assertEquals(receiver.read().events, {
    "a Gauge": [4, 3, 10, 10.5, -9.5],
    "b Gauge": [1],
    "a;k=v Gauge": [1],
  });
});

Deno.test("StatsdReader: the last of a gauge's values wins, of many at one time and of any flush", () => {
  const folding = new Folding(createRegistry(), { statesMax: 10 });
  const receiver = new Receiver({ fold: (line) => folding.add(line, NOW).ok ? undefined : "tabs_full" });
  const rendered = () => [...folding].map(({ handler, state }) => handler.render(state, NOW));
  receiver.take("a:9|g\na:-1|g\na:-1|g").read();
  assertEquals(rendered(), [{ "7": 1 }]);
  receiver.take("a:10|g").take("a:+80|g\na:5|g").read();
  receiver.take("a:4|g").read();
  assertEquals(rendered(), [{ "4": 1 }]);
});

Deno.test("StatsdReader: a delta to a gauge that there is no room for is refused, to set it is not", () => {
  const receiver = new Receiver({ gauges: new GaugeValues({ gaugesMax: 1 }) });
  receiver.take("a:1|g\nb:2|g\nb:+1|g\nb:3:+1|g\nb:+1:3|g\na:+1|g");
  assertEquals(receiver.read(), { events: { "a Gauge": [1, 2], "b Gauge": [2, 4] }, refused: { tabs_full: 2 } });
});

Deno.test("StatsdReader: makes tags part of the tab, sorted, and escapes what no name can hold", () => {
  for (
    const [line, tab] of [
      ["a:1|c|#", "a"],
      ["a:1|c|#b:2,a:1", "a;a=1;b=2"],
      ["a:1|c|#flag,a:", "a;a=;flag="],
      ["a:1|c|#url:http://x/y?a=1,k:a;b~c", "a;k=a~3Bb~7Ec;url=http://x/y?a~3D1"],
      ["a:1|c|#k:1,k:2,,", "a;k=2"],
      ["a b%c~d/e:1|c", "a~20b~25c~d/e"],
      ["h\u00e9:1|c|#\u00fc:\u00e4", "h~C3~A9;~C3~BC=~C3~A4"],
      ["a;z=1;b=~2Fx:1|c|#c:3", "a;b=/x;c=3;z=1"],
      ["a;b=1:1|c|#b:2", "a;b=2"],
      ["a;b;c=1:1|c", "a~3Bb~3Bc=1"],
    ] as const
  ) {
    assertEquals(read(line), { events: { [`${tab} CounterGroup`]: [1] }, refused: {} }, line);
  }
});

Deno.test("StatsdReader: takes what DogStatsD adds", () => {
  const receiver = new Receiver();
  receiver.take("a:1|c|#k:v|c:in-17\na:2|c|T1700000000|#k:v\na:3|c|@0.5|c:ci-1|e:it-false,cn-x|card:low|#k:v|");
  assertEquals(receiver.read(), { events: { "a;k=v CounterGroup": [1, 2, 6] }, refused: {} });
  assertEquals(receiver.times, [NOW, 1700000000, NOW]);
});

Deno.test("StatsdReader: tells events from lines that end in \\r\\n, and passes over empty ones", () => {
  const receiver = new Receiver().take("\r\na:1|c\r\n\n\r\na:2|c|#\r\nu:x|s\r").take("").take("\n");
  assertEquals(receiver.read().events, { "a CounterGroup": [1, 2], "u Buffer": [["x", NOW + 60]] });
  assertEquals([receiver.reader.lines, receiver.reader.linesRefused], [3, 0]);
});

Deno.test("StatsdReader: refuses a malformed line by its reason, whole, and no other", () => {
  for (
    const [line, code] of [
      ["a", "line_malformed"],
      ["a|c", "line_malformed"],
      ["a:1", "line_malformed"],
      ["a:1|c|x", "line_malformed"],
      ["a:1|c|@0.5:1", "line_malformed"],
      ["a:1|c|#a:1|#b:2", "line_malformed"],
      ["a:1|c|ca:1", "line_malformed"],
      ["a:1|c\r|@1", "type_unknown"],
      ["a:1|", "type_unknown"],
      ["a:1||c", "type_unknown"],
      ["a:1|m", "type_unknown"],
      ["a:1|cc", "type_unknown"],
      ["a:1|msx", "type_unknown"],
      ["a:1|x", "type_unknown"],
      ["a:1|\u00e9", "type_unknown"],
      [":1|c", "tab_illegal"],
      [":1|c|#a:1", "tab_illegal"],
      [";a=1:1|c", "tab_illegal"],
      [`${"a".repeat(257)}:1|c`, "tab_illegal"],
      [`a:1|c|#k:${"a".repeat(254)}`, "tab_illegal"],
      ["a:1:x|ms", "value_illegal"],
      ["a:1:|c", "value_illegal"],
      ["a:|s", "value_illegal"],
      ["a:1|c|@0", "value_illegal"],
      ["a:1|c|@1.5", "value_illegal"],
      ["a:1|c|@-1", "value_illegal"],
      ["a:1|c|@", "value_illegal"],
      ["a:1e300|c|@1e-20", "value_illegal"],
      ["a:1|c|T", "time_illegal"],
      ["a:1|c|T-5", "time_illegal"],
      ["a:1|c|T1e999", "time_illegal"],
      ["_e{5,4}:title|text|#a:b", "not_a_metric"],
      ["_sc|Redis|2|#env:dev", "not_a_metric"],
    ] as const
  ) {
    const receiver = new Receiver().take(`good:1|c\n${line}\ngood:2|c`);
    assertEquals(receiver.read(), { events: { "good CounterGroup": [1, 2] }, refused: { [code]: 1 } }, line);
    assertEquals([receiver.reader.lines, receiver.reader.linesRefused], [3, 1]);
  }
});

Deno.test("StatsdReader: lines whose events can't be folded count as refused", () => {
  const folding = new Folding(createRegistry(), { statesMax: 10 });
  const fold = (line: Line) => {
    const folded = folding.add(line, NOW);
    return folded.ok ? undefined : folded.refusal.code;
  };
  const { reader } = new Receiver({ fold }).take("a:1|c\na:2:3|ms\na:4|ms\na:x|s\nb:1|c");
  assertEquals([reader.lines, reader.linesRefused], [5, 0]);
  reader.flush();
  assertEquals([reader.lines, reader.linesRefused, ...reader.linesByRefusal], [5, 3, ["type_conflict", 3]]);
  assertEquals([...folding].map(({ tab, events, lines }) => [tab, events, lines]), [["a", 1, []], ["b", 1, []]]);
});
