import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import type { Encoded, Json, Line, Payload } from "./event.ts";
import { Folding, type FoldingOptions } from "./folding.ts";
import { DecodeError, type Handler } from "./handlers/handler.ts";
import { createRegistry } from "./handlers/registry.ts";
import type { LineRefusalCode } from "./refusal.ts";

const NOW = 1000;

interface Events {
  readonly client: string;
  readonly seen: [time: number, value: Json][];
}

/** Keeps every event as it came, so that a test sees what was folded. */
const log: Handler<Events, Json> = {
  type: "Log",
  version: 2,
  create: (client) => ({ client, seen: [] }),
  check: (value) => value === "bad" ? "must not be bad" : undefined,
  fold: ({ seen }, time, value) => {
    seen.push([time, value]);
  },
  reduce: (into, from) => {
    into.seen.push(...from.seen);
  },
  clamp: ({ seen }, now) => {
    for (const event of seen) event[0] = Math.min(event[0], now);
  },
  encode: ({ seen }) => seen,
  decode: (encoded, version) => {
    if (encoded === null) throw new DecodeError("must not be null");
    if (encoded === 0) throw new RangeError("a bug");
    return { client: "", seen: [[version, "decoded"], [Number(encoded), "decoded"]] };
  },
  render: ({ seen }) => seen,
  renderText: ({ seen }) => JSON.stringify(seen),
  detail: ({ seen }) => seen,
  isEmpty: ({ seen }) => seen.length === 0,
};

/** The same, with a way for columns. */
const columnLog: Handler<Events, Json> = {
  ...log,
  type: "ColumnLog",
  foldNumbers: ({ seen }, times, values, count) => {
    for (let index = 0; index < count; index++) seen.push([times[index], values[index]]);
  },
};

const registry = createRegistry([log, columnLog]);

function folding(options: Partial<FoldingOptions> = {}): Folding {
  return new Folding(registry, { statesMax: 100, ...options });
}

let number = 0;

function line(given: Partial<Line> & { readonly payload: Payload }): Line {
  return { number: ++number, tab: "t", client: "c", type: "Log", ...given };
}

function numbers(...events: readonly (readonly [time: number, value: number])[]): Payload {
  // Longer than the count, as the reader's columns are.
  const times = Float64Array.from([...events.map(([time]) => time), 77, 77]);
  const values = Float64Array.from([...events.map(([, value]) => value), 77, 77]);
  return { kind: "numbers", count: events.length, times, values };
}

function json(...events: readonly (readonly [time: number, value: Json])[]): Payload {
  return { kind: "json", times: events.map(([time]) => time), values: events.map(([, value]) => value) };
}

function state(encoded: Encoded, more: { readonly version?: number; readonly count?: number } = {}): Payload {
  return { kind: "state", encoded, version: 0, count: 1, ...more };
}

function add(into: Folding, ...lines: readonly Line[]): void {
  for (const each of lines) {
    const added = into.add(each, NOW);
    assert(added.ok, JSON.stringify(added));
  }
}

function assertRefused(into: Folding, refused: Line, code: LineRefusalCode, message: RegExp): void {
  const before = contents(into);
  const added = into.add(refused, NOW);
  assert(!added.ok);
  assertEquals(added.refusal.code, code);
  assertMatch(added.refusal.message, message);
  assertEquals(contents(into), before, "a refused line leaves no trace");
}

/** What was folded, by tab, type and client. */
function contents(from: Folding): unknown {
  return [...from].map(({ tab, client, handler, state, events }) => {
    return [tab, client, handler.type, handler.encode(state), events];
  });
}

Deno.test("Folding: keeps one State a tab and client, in the order of their tabs", () => {
  const folded = folding();
  add(
    folded,
    line({ tab: "a", client: "c", payload: numbers([1, 10]) }),
    line({ tab: "b", client: "c", payload: json([2, "x"]) }),
    line({ tab: "a", client: "d", payload: numbers([3, 30]) }),
    line({ tab: "a", client: "c", payload: json([4, 40]) }),
  );
  assertEquals(contents(folded), [
    ["a", "c", "Log", [[1, 10], [4, 40]], 2],
    ["a", "d", "Log", [[3, 30]], 1],
    ["b", "c", "Log", [[2, "x"]], 1],
  ]);
  assertEquals([folded.size, folded.events], [3, 4]);
});

Deno.test("Folding: names the lines that each State came from", () => {
  const folded = folding();
  add(
    folded,
    line({ number: 2, payload: numbers() }),
    line({ number: 3, lines: 3, payload: numbers() }),
    line({ number: 9, lines: 0, payload: numbers() }),
  );
  assertEquals([...folded].map(({ lines }) => lines), [[2, 3, 4, 5]]);
});

Deno.test("Folding: counts missing times and those ahead at now, by fold and by columns", () => {
  for (const type of ["Log", "ColumnLog"]) {
    const folded = folding();
    add(folded, line({ type, payload: numbers([NaN, 1], [NOW + 1, 2], [NOW, 3], [-5, 4]) }));
    add(folded, line({ type, payload: json([NaN, "a"], [NOW + 1, "b"], [5, "c"]) }));
    const expected = [[NOW, 1], [NOW, 2], [NOW, 3], [-5, 4], [NOW, "a"], [NOW, "b"], [5, "c"]];
    assertEquals(contents(folded), [["t", "c", type, expected, 7]]);
  }
});

Deno.test("Folding: reduces States in, clamped to now, with the events that their line claims", () => {
  const folded = folding();
  add(folded, line({ payload: state(NOW + 50, { version: 2, count: 7 }) }));
  add(folded, line({ payload: state(50, { version: 1, count: 0 }) }));
  const seen = [[2, "decoded"], [NOW, "decoded"], [1, "decoded"], [50, "decoded"]];
  assertEquals(contents(folded), [["t", "c", "Log", seen, 7]]);
});

Deno.test("Folding: events that follow a State are those of their line's client", () => {
  const folded = folding();
  const other = folding();
  add(folded, line({ tab: "a", payload: state(50) }), line({ tab: "a", payload: numbers([60, 1]) }));
  add(other, line({ tab: "b", payload: state(50) }));
  folded.absorb(other);
  add(folded, line({ tab: "b", payload: json([60, 1]) }), line({ tab: "b", payload: state(70) }));
  const clients = [...folded].map(({ tab, state }) => [tab, (state as Events).client]);
  assertEquals(clients, [["a", "c"], ["b", "c"]]);
  const seen = [[0, "decoded"], [50, "decoded"], [60, 1]];
  assertEquals(contents(folded), [
    ["a", "c", "Log", seen, 2],
    ["b", "c", "Log", [...seen, [0, "decoded"], [70, "decoded"]], 3],
  ]);
});

Deno.test("Folding: refuses a State that its handler can't read", () => {
  const folded = folding();
  assertRefused(
    folded,
    line({ payload: state(1, { version: 3 }) }),
    "state_illegal",
    /Log State of version 3.*here is 2/,
  );
  assertRefused(folded, line({ payload: state(null) }), "state_illegal", /Log State: must not be null/);
});

Deno.test("Folding: lets a bug in a handler through", () => {
  assertThrows(() => folding().add(line({ payload: state(0) }), NOW), RangeError, "a bug");
});

Deno.test("Folding: refuses a line as a whole for one value that its handler refuses", () => {
  const folded = folding();
  add(folded, line({ payload: json([1, "good"]) }));
  const bad = line({ payload: json([1, "good"], [2, "bad"]) });
  assertRefused(folded, bad, "value_illegal", /value 2 of the line: must not be bad/);
});

Deno.test("Folding: refuses a type that is not known, and names those that are", () => {
  assertRefused(folding(), line({ type: "Gague", payload: numbers() }), "type_unknown", /"Gague".*CounterGroup.*Log/);
});

Deno.test("Folding: gives a tab the type of its first accepted line", () => {
  const folded = folding();
  assertRefused(folded, line({ payload: json([1, "bad"]) }), "value_illegal", /bad/);
  add(folded, line({ type: "ColumnLog", payload: numbers() }));
  assertRefused(
    folded,
    line({ client: "d", payload: numbers() }),
    "type_conflict",
    /^tab "t" is a ColumnLog, not a Log$/,
  );
});

Deno.test("Folding: holds a tab to the type that is known from before", () => {
  const folded = folding({ typeOf: (tab) => tab === "t" ? "Gauge" : undefined });
  assertRefused(folded, line({ payload: numbers() }), "type_conflict", /^tab "t" is a Gauge, not a Log$/);
  add(folded, line({ tab: "u", payload: numbers() }));
});

Deno.test("Folding: keeps the types of one tab apart where it is told to", () => {
  const folded = folding({ areTypesApart: true });
  add(folded, line({ payload: numbers([1, 1]) }), line({ type: "ColumnLog", payload: numbers([2, 2]) }));
  add(folded, line({ payload: numbers([3, 3]) }));
  assertEquals(contents(folded), [["t", "c", "Log", [[1, 1], [3, 3]], 2], ["t", "c", "ColumnLog", [[2, 2]], 1]]);
});

Deno.test("Folding: refuses a State more than it may hold, and goes on with those that it has", () => {
  const folded = folding({ statesMax: 2 });
  add(folded, line({ tab: "a", payload: numbers() }), line({ tab: "b", payload: numbers() }));
  assertRefused(folded, line({ tab: "c", payload: numbers() }), "tabs_full", /2 are held already/);
  assertRefused(folded, line({ tab: "a", client: "d", payload: numbers() }), "tabs_full", /2 are held already/);
  add(folded, line({ tab: "b", payload: numbers([1, 1]) }));
});

Deno.test("Folding.absorb: answers what it could not take, with its lines, and takes the rest", () => {
  const into = folding({ statesMax: 2 });
  add(into, line({ tab: "a", payload: numbers([1, 1]) }));
  const other = folding();
  add(
    other,
    line({ number: 11, tab: "a", type: "ColumnLog", payload: numbers([2, 2]) }),
    line({ number: 12, tab: "b", payload: numbers([3, 3]) }),
    line({ number: 13, tab: "c", payload: numbers([4, 4]) }),
  );
  const refused = into.absorb(other).map(({ folded: { tab, lines }, refusal }) => [tab, lines, refusal.code]);
  assertEquals(refused, [["a", [11], "type_conflict"], ["c", [13], "tabs_full"]]);
  assertEquals(contents(into), [["a", "c", "Log", [[1, 1]], 1], ["b", "c", "Log", [[3, 3]], 1]]);
  assertEquals(into.events, 2);
});

Deno.test("Folding.absorb: gives what folding all lines into one gives, however they are split", () => {
  const event = fc.tuple(fc.nat(2 * NOW), fc.nat(9));
  const some = fc.record({
    tab: fc.constantFrom("a", "b", "c"),
    client: fc.constantFrom("c", "d"),
    payload: fc.array(event, { maxLength: 3 }),
    part: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 20 }), (given) => {
      const whole = folding();
      const parts = [folding(), folding(), folding(), folding()];
      for (const { part, payload, ...names } of given) {
        add(whole, line({ ...names, payload: numbers(...payload) }));
        add(parts[part], line({ ...names, payload: numbers(...payload) }));
      }
      const merged = folding();
      for (const part of parts) assertEquals(merged.absorb(part), []);
      assertEquals(sorted(merged), sorted(whole));
      assertEquals([merged.size, merged.events], [whole.size, whole.events]);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

/** The contents with tabs, clients and events in an order of their own. */
function sorted(from: Folding): readonly string[] {
  return [...from].map(({ tab, client, handler, state, events }) => {
    const seen = handler.encode(state);
    assert(Array.isArray(seen));
    return JSON.stringify([tab, client, events, seen.map((event) => JSON.stringify(event)).sort()]);
  }).sort();
}

Deno.test("Folding: a State in bytes leaves as it came while it is alone, and clamped where it is ahead", () => {
  const numeric = createRegistry().get("CounterGroup");
  assert(numeric !== undefined);
  const encodedAt = (...times: readonly number[]) => {
    const counted = numeric.create("c");
    for (const time of times) numeric.fold(counted, time, 2.5);
    const encoded = numeric.encode(counted);
    assert(encoded instanceof Uint8Array);
    return encoded;
  };
  const addLent = (into: Folding, tab: string, encoded: Uint8Array) => {
    const scratch = encoded.slice();
    add(into, line({ tab, type: "CounterGroup", payload: state(scratch) }));
    scratch.fill(0xff);
  };
  const folded = folding();
  addLent(folded, "alone", encodedAt(NOW - 5, NOW - 1));
  addLent(folded, "ahead", encodedAt(NOW - 5, NOW + 50));
  for (const time of [NOW - 5, NOW - 1]) addLent(folded, "reduced", encodedAt(time));
  addLent(folded, "folded", encodedAt(NOW - 5));
  add(folded, line({ tab: "folded", type: "CounterGroup", payload: numbers([NOW - 1, 2.5]) }));
  const absorbing = folding();
  for (const each of [folded, folding()]) absorbing.absorb(each);
  const shown = [...absorbing].map((one) => [one.tab, one.encode(), one.events]);
  assertEquals(shown, [
    ["alone", encodedAt(NOW - 5, NOW - 1), 1],
    ["ahead", encodedAt(NOW - 5, NOW), 1],
    ["reduced", encodedAt(NOW - 5, NOW - 1), 2],
    ["folded", encodedAt(NOW - 5, NOW - 1), 2],
  ]);
});
