import { assert, assertEquals } from "@std/assert";
import { fuzzRuns } from "../../tests/fuzz_runs.ts";
import type { Json, Line } from "../event.ts";
import { escapeBase, formatTab, nameProblem, parseTab } from "../names.ts";
import { GaugeValues } from "./gauge_values.ts";
import { StatsdReader } from "./statsd.ts";

const NOW = 1_800_000_000;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** What lines came to: values by tab and type, in the order of their texts, and lines by refusal. */
interface Books {
  lines: number;
  readonly values: Map<string, Json[]>;
  readonly refused: Map<string, number>;
}

function newBooks(): Books {
  return { lines: 0, values: new Map(), refused: new Map() };
}

function add(books: Books, key: string, values: readonly Json[]): void {
  const list = books.values.get(key) ?? [];
  books.values.set(key, list);
  list.push(...values);
}

function refusedLines({ refused }: Books): number {
  return [...refused.values()].reduce((sum, count) => sum + count, 0);
}

function sorted(books: Books): unknown {
  const values = [...books.values].map(([key, list]) => [key, list.map((value) => JSON.stringify(value)).sort()]);
  return { ...books, values: new Map(values as [string, string[]][]) };
}

/** The grammar again, with strings and without bounds. */
class Model {
  readonly books = newBooks();
  linesCounted = 0;
  readonly #valueByGauge = new Map<string, number>();

  take(datagram: string): void {
    for (const text of datagram.split("\n")) {
      const line = text.replace(/\r$/, "");
      if (line === "") continue;
      this.books.lines++;
      const refusal = this.#read(line);
      if (refusal !== undefined) this.books.refused.set(refusal, (this.books.refused.get(refusal) ?? 0) + 1);
    }
  }

  #read(line: string): string | undefined {
    if (line.startsWith("_e{") || line.startsWith("_sc|")) return "not_a_metric";
    const parts = /^([^:|]*):([^|]*)\|([^|]*)(.*)$/s.exec(line);
    if (parts === null) return "line_malformed";
    const [, name, raw, statsdType, behind] = parts;
    const type = new Map([
      ["c", "CounterGroup"],
      ["ms", "PercentileGroup"],
      ["h", "PercentileGroup"],
      ["d", "PercentileGroup"],
      ["g", "Gauge"],
      ["s", "Buffer"],
    ]).get(statsdType);
    if (type === undefined) return "type_unknown";
    let rate = 1;
    let tags: string | undefined;
    let time = NOW;
    for (const field of behind.split("|").slice(1)) {
      const [number, ...more] = field.slice(1).split(":");
      const value = NUMBER.test(number) ? Number(number) : NaN;
      if (field.startsWith("#")) {
        if (tags !== undefined) return "line_malformed";
        tags = field.slice(1);
      } else if (field.startsWith("@")) {
        rate = value;
        if (!(rate > 0 && rate <= 1)) return "value_illegal";
        if (more.length > 0) return "line_malformed";
      } else if (field.startsWith("T")) {
        time = value;
        if (!(value >= 0 && value < Infinity)) return "time_illegal";
        if (more.length > 0) return "line_malformed";
      } else if (!/^(c:|e:|card:|$)/.test(field)) return "line_malformed";
    }
    if (type === "Buffer") return raw === "" ? "value_illegal" : this.#count(name, tags, [type, [[raw, time + 60]]]);
    const texts = raw.split(":");
    if (!texts.every((text) => NUMBER.test(text) && Number.isFinite(Number(text)))) return "value_illegal";
    if (type === "Gauge") return this.#count(name, tags, [type, texts]);
    const values = texts.map((text) => type === "CounterGroup" ? Number(text) * (1 / rate) : Number(text));
    const tabProblem = this.#tab(name, tags) === undefined ? "tab_illegal" : undefined;
    if (!values.every(Number.isFinite)) return tabProblem ?? "value_illegal";
    return this.#count(name, tags, [type, values]);
  }

  #count(name: string, tags: string | undefined, [type, values]: [string, readonly Json[]]): string | undefined {
    const tab = this.#tab(name, tags);
    if (tab === undefined) return "tab_illegal";
    add(this.books, `${tab} ${type}`, type === "Gauge" ? [this.#setGauge(tab, values)] : values);
    this.linesCounted++;
    return undefined;
  }

  #setGauge(tab: string, texts: readonly Json[]): number {
    let value = this.#valueByGauge.get(tab) ?? 0;
    for (const text of texts) value = Number(text) + (/^[+-]/.test(String(text)) ? value : 0);
    value = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
    this.#valueByGauge.set(tab, value);
    return value;
  }

  #tab(name: string, tags = ""): string | undefined {
    const graphite = /^[^;]*(;[^;=]*=[^;]*)*$/s.test(name) ? parseTab(name) : { base: name, tags: [] };
    const pairs = tags.split(",").filter((tag) => tag !== "").map((tag): [string, string] => {
      const [key, ...value] = tag.split(":");
      return [key, value.join(":")];
    });
    const tab = formatTab(escapeBase(graphite.base), new Map([...graphite.tags, ...pairs]));
    return graphite.base !== "" && nameProblem(tab) === undefined ? tab : undefined;
  }
}

/** Reads with tables so small that they are emptied all the time. */
class Receiver {
  valuesFolded = 0;
  readonly #books = newBooks();
  readonly #reader = new StatsdReader({
    client: "host-1",
    fold: (line) => this.#fold(line),
    gauges: new GaugeValues({ gaugesMax: 1_000_000 }),
    tabsKnownMax: 16,
    eventsMax: 65_536,
  });

  get books(): Books {
    this.flush();
    const { lines, linesByRefusal } = this.#reader;
    return { lines, values: this.#books.values, refused: new Map(linesByRefusal) };
  }

  take(datagram: Uint8Array): void {
    this.#reader.take(datagram, NOW);
  }

  flush(): void {
    this.#reader.flush();
  }

  #fold({ tab, type, payload }: Line): undefined {
    assert(payload.kind !== "state");
    const values = payload.values.slice(0, payload.kind === "numbers" ? payload.count : 1);
    this.valuesFolded += values.length;
    add(this.#books, `${tab} ${type}`, [...values]);
  }
}

/** Whole numbers below a limit, from a seed (Numerical Recipes' generator). */
function newBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

const PARTS = {
  name: [
    "a",
    "requests",
    "a.b-c_d",
    "requests;route=/bid",
    "a b",
    "_e{5,4}",
    "_sc",
    "",
    "x".repeat(300),
    "a;b",
    "~41",
    ";a=1",
  ],
  value: [
    "1",
    "3.25",
    "-7",
    "+2",
    "1:2:3",
    "+1:-2:5",
    "1e3",
    ".5",
    "1e999",
    "uid-7",
    "",
    "1e300",
    "12345678901234567890",
  ],
  type: ["c", "c", "ms", "h", "d", "g", "g", "s", "m", "x", ""],
  field: [
    "",
    "|@0.1",
    "|@1",
    "|@0",
    "|@1e-20",
    "|#a:1,b:2",
    "|#b:2,a:1",
    "|#f",
    "|c:x",
    "|T1700000000",
    "|T-1",
    "|e:x",
    "|x",
  ],
} as const;

const ALPHABET = ":|#@,.+-0123456789abcdeghmsT_{}=;~ \r\nce";

Deno.test("StatsdReader: counts and refuses what a simple reader does, of random and mutated datagrams", () => {
  const below = newBelow(4);
  const pick = (from: readonly string[]) => from[below(from.length)];
  const line = () => {
    const fields = pick(PARTS.field) + (below(2) === 0 ? pick(PARTS.field) : "");
    return `${pick(PARTS.name)}:${pick(PARTS.value)}|${pick(PARTS.type)}${fields}`;
  };
  const mutated = (text: string) => {
    const at = below(text.length + 1);
    const insert = below(3) === 0 ? "" : ALPHABET[below(ALPHABET.length)];
    return text.slice(0, at) + insert + text.slice(at + below(2));
  };
  let receiver = new Receiver();
  let model = new Model();
  const runs = fuzzRuns(100_000);
  for (let count = 1; count <= runs; count++) {
    let datagram = Array.from({ length: 1 + below(4) }, line).join(below(4) === 0 ? "\r\n" : "\n");
    for (let mutations = below(4); mutations > 0; mutations--) datagram = mutated(datagram);
    receiver.take(new TextEncoder().encode(datagram));
    model.take(datagram);
    if (count % 1000 > 0 && count < runs) continue;
    const { books } = receiver;
    assertEquals(sorted(books), sorted(model.books));
    assertEquals(model.linesCounted + refusedLines(books), books.lines);
    receiver = new Receiver();
    model = new Model();
  }
});

Deno.test("StatsdReader: takes any bytes, and the lines counted and refused add up", () => {
  const below = newBelow(5);
  const significant = new TextEncoder().encode(ALPHABET);
  const runs = fuzzRuns(20_000);
  let receiver = new Receiver();
  // Gets the same lines one by one, so that it shows of each whether it counted.
  let single = new Receiver();
  let lines = 0;
  let counted = 0;
  for (let count = 1; count <= runs; count++) {
    const datagram = Uint8Array.from(
      { length: below(80) },
      () => below(4) === 0 ? below(256) : significant[below(significant.length)],
    );
    receiver.take(datagram);
    for (const line of linesOf(datagram)) {
      lines++;
      const before = single.valuesFolded;
      single.take(line);
      single.flush();
      if (single.valuesFolded > before) counted++;
    }
    if (count % 1000 > 0 && count < runs) continue;
    const { books } = receiver;
    assertEquals(sorted(books), sorted(single.books));
    assertEquals(books.lines, lines);
    assertEquals(counted + refusedLines(books), lines);
    receiver = new Receiver();
    single = new Receiver();
    [lines, counted] = [0, 0];
  }
});

/** Lines of a datagram that are not empty, by a stupid way to part them. */
function linesOf(datagram: Uint8Array): Uint8Array[] {
  const text = Array.from(datagram, (byte) => String.fromCharCode(byte)).join("");
  return text.split("\n").filter((line) => !/^\r?$/.test(line))
    .map((line) => Uint8Array.from(line, (character) => character.charCodeAt(0)));
}

Deno.test("StatsdReader: takes the largest datagram, whatever it holds", () => {
  for (const unit of ["1:", ":", "a", "|", "\n", "\r\n", "#", "a:1|c\n", "\xff"]) {
    const datagram = new TextEncoder().encode(`a:${unit.repeat(65_535)}`).slice(0, 65_535);
    const receiver = new Receiver();
    receiver.take(datagram);
    const { lines } = receiver.books;
    assertEquals(
      lines,
      new TextDecoder().decode(datagram).split("\n").filter((line) => line !== "" && line !== "\r").length,
    );
  }
  for (const datagram of [`${"a".repeat(65_000)}:1|c`, `a:1|c|#${"b".repeat(65_000)}`]) {
    const receiver = new Receiver();
    receiver.take(new TextEncoder().encode(datagram));
    receiver.take(new TextEncoder().encode(datagram));
    assertEquals(receiver.books.refused, new Map([["tab_illegal", 2]]));
  }
  const values = Array.from({ length: 32_765 }, (_, index) => index % 10);
  const receiver = new Receiver();
  receiver.take(new TextEncoder().encode(`a:${values.join(":")}|ms`));
  receiver.take(new TextEncoder().encode(`b:${values.join(":")}|ms`));
  assertEquals([...receiver.books.values.values()], [values, values]);
});
