// What core/handlers/handler.ts promises, as laws that every handler is held to with random data. A handler's test
// brings the values; the events, with times of all kinds, are made here.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Encoded, Json } from "../../core/event.ts";
import { DecodeError, type Handler, lend } from "../../core/handlers/handler.ts";
import { pack, unpack } from "../../core/packing.ts";

export interface Generator<Value> {
  /** Legal values, among them the empty, negative, tiny and huge. */
  readonly values: fc.Arbitrary<Value>;
  /**
   * Whether the totals of any of these values are exact, whatever the order of adding: then equal States have equal
   * encodings to the last byte. Otherwise totals (what `render` and `detail` name so) are compared up to rounding.
   */
  readonly isExact: boolean;
  /** The type shows nothing, whatever is folded in. */
  readonly isBlind?: boolean;
}

export interface Event<Value> {
  readonly time: number;
  readonly value: Value;
}

/** A handler with its values, as the laws need it. */
interface Case<Value> {
  readonly handler: Handler<unknown, Value>;
  readonly generator: Generator<Value>;
}

type Law = <Value>(tried: Case<Value>) => void;

const RUNS = { numRuns: 80, seed: 20_251_123, endOnFailure: true } as const;
const NOW = 1_763_890_000;

/** Registers a test for each law. `name` tells the values apart where a handler is tried with several kinds. */
export function testLaws<Value>(name: string, handler: Handler<unknown, Value>, generator: Generator<Value>): void {
  for (const [law, holds] of Object.entries(laws)) {
    Deno.test(`${handler.type}, ${name}: ${law}`, () => holds({ handler, generator }));
  }
}

/** The laws that do not hold for a handler: for the canary, which breaks them. */
export function brokenLaws<Value>(handler: Handler<unknown, Value>, generator: Generator<Value>): string[] {
  return Object.entries(laws).filter(([, holds]) => {
    try {
      holds({ handler, generator });
      return false;
    } catch {
      return true;
    }
  }).map(([law]) => law);
}

const laws: Readonly<Record<string, Law>> = {
  "the empty State changes nothing": (tried) =>
    property(tried, ([events]) => {
      const { handler } = tried;
      const left = folded(tried, events);
      handler.reduce(left, handler.create("web-2"));
      assertSame(tried, left, events);
      const right = handler.create("");
      handler.reduce(right, folded(tried, events));
      assertSame(tried, right, events);
    }),

  "reduce is commutative": (tried) =>
    property(tried, ([a, b]) => {
      const { handler } = tried;
      const ab = folded(tried, a);
      handler.reduce(ab, folded(tried, b, "web-2"));
      const ba = folded(tried, b, "web-2");
      handler.reduce(ba, folded(tried, a));
      assertEqualStates(tried, ab, ba, [...a, ...b]);
    }),

  "reduce is associative": (tried) =>
    property(tried, ([a, b, c]) => {
      const { handler } = tried;
      const left = folded(tried, a);
      handler.reduce(left, folded(tried, b, "web-2"));
      handler.reduce(left, folded(tried, c));
      const right = folded(tried, b, "web-2");
      handler.reduce(right, folded(tried, c));
      const all = folded(tried, a);
      handler.reduce(all, right);
      assertEqualStates(tried, left, all, [...a, ...b, ...c]);
    }),

  "reducing what was folded apart equals folding everything": (tried) =>
    property(tried, (lists) => {
      const reduced = tried.handler.create("web-1");
      for (const list of lists) tried.handler.reduce(reduced, folded(tried, list));
      assertSame(tried, reduced, lists.flat());
    }),

  "the order of events never shows": (tried) =>
    property(tried, ([events]) => {
      const rising = events.toSorted((a, b) => a.time - b.time);
      assertSame(tried, folded(tried, rising), events);
      assertSame(tried, folded(tried, rising.toReversed()), events);
    }),

  "foldNumbers equals folding one by one": (tried) =>
    property(tried, ([before, any]) => {
      const { handler } = tried;
      if (handler.foldNumbers === undefined) return;
      const events = any.filter(({ value }) => typeof value === "number");
      const state = folded(tried, before);
      // Columns may be longer than what counts of them.
      const times = Float64Array.from([...events.map(({ time }) => time), NOW + 5e6]);
      const values = Float64Array.from([...events.map(({ value }) => Number(value)), 17]);
      const [timesBefore, valuesBefore] = [times.slice(), values.slice()];
      handler.foldNumbers(state, times, values, events.length);
      assertEquals([times, values], [timesBefore, valuesBefore]);
      assertSame(tried, state, [...before, ...events]);
    }),

  "reduce leaves its source as it is and shares nothing with it": (tried) =>
    property(tried, ([a, b, c]) => {
      const { handler } = tried;
      const into = folded(tried, a);
      const from = folded(tried, b);
      const before = handler.encode(from);
      handler.reduce(into, from);
      assertEqualEncodings(handler.encode(from), before);
      const reduced = handler.encode(into);
      foldAll(handler, from, c);
      assertEqualEncodings(handler.encode(into), reduced);
      const changed = handler.encode(from);
      foldAll(handler, into, c);
      assertEqualEncodings(handler.encode(from), changed);
    }),

  "decode after encode changes nothing": (tried) =>
    property(tried, ([a, b]) => {
      const { handler } = tried;
      const state = folded(tried, a);
      const encoded = handler.encode(state);
      assert(typeof encoded !== "string", "an encoding is bytes or JSON that is not a string");
      const lent = unpack(pack(encoded));
      const decoded = handler.decode(lent, handler.version);
      if (lent instanceof Uint8Array) lent.fill(0xff);
      assertEqualEncodings(handler.encode(decoded), encoded);
      assertEqualStates(tried, decoded, state, a);
      handler.reduce(decoded, folded(tried, b));
      assertSame(tried, decoded, [...a, ...b]);
    }),

  "an encoding is a State of its own": (tried) =>
    property(tried, ([a, b]) => {
      const { handler } = tried;
      const state = folded(tried, a);
      const encoded = handler.encode(state);
      const copy = unpack(pack(encoded));
      foldAll(handler, state, b);
      handler.encode(state);
      assertEqualEncodings(encoded, copy);
      foldAll(handler, handler.decode(encoded, handler.version), b);
      assertEqualEncodings(encoded, copy);
    }),

  "what is lent is what decode gives, until the next call": (tried) =>
    property(tried, ([a, b, c]) => {
      const { handler } = tried;
      if (handler.lend === undefined) return;
      const [into, from] = [folded(tried, a), handler.encode(folded(tried, b))];
      const bytes = unpack(pack(from));
      handler.lend(handler.encode(folded(tried, c)), handler.version);
      const lent = handler.lend(bytes, handler.version);
      if (bytes instanceof Uint8Array) bytes.fill(0xff);
      // All else may be done meanwhile.
      const expected = handler.decode(handler.encode(into), handler.version);
      handler.reduce(expected, handler.decode(from, handler.version));
      foldAll(handler, folded(tried, c), a);
      assertEqualEncodings(handler.encode(lent), from);
      handler.reduce(into, lent);
      const reduced = handler.encode(into);
      assertEqualEncodings(reduced, handler.encode(expected));
      handler.clamp(lent, NOW - 100);
      handler.lend(handler.encode(folded(tried, c)), handler.version);
      assertEqualEncodings(handler.encode(into), reduced);
      assertEqualEncodings(handler.encode(handler.lend(from, handler.version)), from);
    }),

  "clamp changes nothing where no time lies after now": (tried) =>
    property(tried, ([events], now) => {
      const { handler } = tried;
      const state = folded(tried, events);
      handler.clamp(state, Math.max(...events.map(({ time }) => time), -1e300));
      assertSame(tried, state, events);
      // Nor where it says so.
      const before = handler.encode(state);
      if (handler.clamp(state, now) === false) assertEqualEncodings(handler.encode(state), before);
    }),

  "clamp counts what lies a little ahead at now": (tried) =>
    property(tried, ([events]) => {
      // So near to now that nothing has grown coarser, or was forgotten, before it was clamped.
      const near = events.map(({ value }, index) => ({ time: index % 2 === 0 ? NOW + 5 : NOW - 2 - index % 3, value }));
      const state = folded(tried, near);
      tried.handler.clamp(state, NOW);
      assertSame(tried, state, near.map(({ time, value }) => ({ time: Math.min(time, NOW), value })));
    }),

  "a clamped State is not clamped again, and goes on": (tried) =>
    property(tried, ([a, b]) => {
      const { handler } = tried;
      const state = folded(tried, a);
      handler.clamp(state, NOW);
      const once = handler.encode(state);
      handler.clamp(state, NOW);
      assertEqualEncodings(handler.encode(state), once);
      assertEqualEncodings(handler.encode(handler.decode(once, handler.version)), once);
      foldAll(handler, state, b);
      handler.decode(handler.encode(state), handler.version);
    }),

  "decode refuses what it can't read with a DecodeError and nothing else": (tried) =>
    fc.assert(
      fc.property(
        lists(tried.generator),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        junk,
        ([events], damages, other) => {
          const { handler } = tried;
          const encoded = handler.encode(folded(tried, events));
          for (const tampered of [damages.reduce(damaged, encoded), other]) {
            tryDecode(
              handler,
              tampered,
              handler.version,
            );
          }
          assert(!tryDecode(handler, encoded, handler.version + 1), "a newer version must be refused");
          if (encoded instanceof Uint8Array) {
            const cut = encoded.subarray(0, encoded.length - 1);
            assert(!tryDecode(handler, cut, handler.version), "an encoding that was cut must be refused");
            const longer = new Uint8Array([...encoded, 0]);
            assert(!tryDecode(handler, longer, handler.version), "an encoding with a tail must be refused");
          }
        },
      ),
      { ...RUNS, numRuns: 240 },
    ),

  "check takes all legal values and answers a reason or undefined for all others": (tried) =>
    fc.assert(
      fc.property(fc.jsonValue(), tried.generator.values, (any, legal) => {
        const { handler } = tried;
        assertEquals(handler.check(legal as Json), undefined);
        const reason = handler.check(any as Json);
        if (reason !== undefined) assert(typeof reason === "string" && reason.length > 0 && !reason.includes("\n"));
      }),
      RUNS,
    ),

  "queries change nothing, and answer JSON": (tried) =>
    property(tried, ([events], now) => {
      const { handler } = tried;
      const state = folded(tried, events);
      const before = handler.encode(state);
      const rendered = handler.render(state, now);
      const text: Json = JSON.parse(handler.renderText(state, now));
      assertEquals(shape(text), shape(rendered));
      assertEquals(JSON.parse(JSON.stringify(rendered)), rendered);
      const detail = handler.detail(state, now);
      assertEquals(JSON.parse(JSON.stringify(detail)), detail);
      handler.isEmpty(state, now);
      assertEqualEncodings(handler.encode(state), before);
    }),

  "a State is empty before the first event, and not at it": (tried) =>
    property(tried, ([events]) => {
      const { handler, generator } = tried;
      assert(handler.isEmpty(handler.create("web-1"), NOW));
      if (events.length === 0 || generator.isBlind === true) return;
      const latest = events.reduce((a, b) => b.time > a.time ? b : a);
      const isShown = JSON.stringify(handler.render(folded(tried, [latest]), latest.time)) !==
        JSON.stringify(handler.render(handler.create(""), latest.time));
      assertEquals(handler.isEmpty(folded(tried, [latest]), latest.time), !isShown);
    }),
};

/** Holds for three random lists of events and a random now. */
function property<Value>(
  { generator }: Case<Value>,
  holds: (lists: Event<Value>[][], now: number) => void,
): void {
  fc.assert(fc.property(lists(generator), times.everywhere, holds), RUNS);
}

const times = {
  /** What a receiver sees nearly always: the last day and a little more, many at one moment. */
  near: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: NOW - 3, max: NOW }) },
    ...[90, 900, 5_000, 120_000].map((s) => ({
      weight: 2,
      arbitrary: fc.double({ min: NOW - s, max: NOW + s / 100, noNaN: true }),
    })),
  ),
  everywhere: fc.oneof(
    fc.double({ min: NOW - 200_000, max: NOW, noNaN: true }),
    fc.double({ min: NOW, max: NOW + 1e6, noNaN: true }),
    fc.double({ min: -4_000, max: 4_000, noNaN: true }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
};

function lists<Value>({ values }: Generator<Value>): fc.Arbitrary<Event<Value>[][]> {
  const threeOf = (time: fc.Arbitrary<number>) => {
    const list = fc.array(fc.record({ time, value: values }), { size: "+1" });
    return fc.tuple(list, list, list);
  };
  return fc.oneof({ weight: 4, arbitrary: threeOf(times.near) }, { weight: 1, arbitrary: threeOf(times.everywhere) });
}

function folded<Value>(
  { handler }: Case<Value>,
  events: readonly Event<Value>[],
  client = "web-1",
): unknown {
  const state = handler.create(client);
  foldAll(handler, state, events);
  return state;
}

function foldAll<Value>(handler: Handler<unknown, Value>, state: unknown, events: readonly Event<Value>[]): void {
  for (const { time, value } of events) handler.fold(state, time, value);
}

/** `state` is what folding `events` gives. */
function assertSame<Value>(tried: Case<Value>, state: unknown, events: readonly Event<Value>[]): void {
  assertEqualStates(tried, state, folded(tried, events), events);
}

function assertEqualStates<Value>(
  { handler, generator }: Case<Value>,
  a: unknown,
  b: unknown,
  events: readonly Event<Value>[],
): void {
  if (generator.isExact) assertEqualEncodings(handler.encode(a), handler.encode(b));
  const magnitude = events.reduce((sum, { value }) => sum + (typeof value === "number" ? Math.abs(value) : 0), 0);
  const newest = Math.max(...events.map(({ time }) => time), -1e300);
  for (const now of [NOW, newest + 70]) {
    assertClose(handler.render(a, now), handler.render(b, now), 1e-9 * magnitude);
    assertClose(handler.detail(a, now), handler.detail(b, now), 1e-9 * magnitude);
    assertEquals(handler.isEmpty(a, now), handler.isEmpty(b, now));
  }
}

/** As assertEquals, which takes long over bytes. */
function assertEqualEncodings(a: Encoded, b: Encoded): void {
  const texts = [a, b].map((encoded) => encoded instanceof Uint8Array ? encoded.toHex() : JSON.stringify(encoded));
  assertEquals(texts[0], texts[1]);
}

/** Equal, apart from numbers that are called total or average: they may differ by `tolerance`. */
function assertClose(a: Json, b: Json, tolerance: number): void {
  if (JSON.stringify(a) === JSON.stringify(b)) return;
  const rounded = (value: Json): Json =>
    JSON.parse(JSON.stringify(value, (key, inner) => key === "total" || key === "average" ? typeof inner : inner));
  assertEquals(rounded(a), rounded(b));
  const [ofA, ofB] = [totals(a), totals(b)];
  ofA.forEach((total, index) => {
    assert(Math.abs(total - ofB[index]) <= tolerance, `${total} is not ${ofB[index]} up to ${tolerance}`);
  });
}

/** All numbers called total or average, in their order. */
function totals(value: Json): number[] {
  const found: number[] = [];
  JSON.stringify(value, (key, inner) => {
    if ((key === "total" || key === "average") && typeof inner === "number") found.push(inner);
    return inner;
  });
  return found;
}

/** The kinds of things in it, without the things. */
function shape(value: Json): Json {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
}

const junk = fc.oneof(fc.uint8Array({ size: "+1" }), fc.jsonValue().map((value) => value as Json));

/** Where and how an encoding is damaged. */
const damage = fc.record({
  kind: fc.constantFrom("set", "insert", "remove"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  json: fc.jsonValue(),
});

type Damage = typeof damage extends fc.Arbitrary<infer Kind> ? Kind : never;

function damaged(encoded: Encoded, { kind, at, byte, json }: Damage): Encoded {
  if (encoded instanceof Uint8Array) {
    const bytes = [...encoded];
    const index = Math.floor(at * bytes.length);
    bytes.splice(index, kind === "insert" ? 0 : 1, ...(kind === "remove" ? [] : [byte]));
    return Uint8Array.from(bytes);
  }
  // The node that is visited as the target-th is replaced.
  let nodes = 0;
  JSON.stringify(encoded, (_, inner) => (nodes++, inner));
  let left = Math.floor(at * nodes);
  const text = JSON.stringify(encoded, (_, inner) => left-- === 0 ? json : inner);
  return JSON.parse(text);
}

/** Whether the handler reads it; what it reads must be a State like any other. */
function tryDecode<Value>(handler: Handler<unknown, Value>, encoded: Encoded, version: number): boolean {
  let state: unknown;
  try {
    state = handler.decode(encoded, version);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    assert(error.message.length > 0 && !error.message.includes("\n"), "a sender needs one line that says why");
    assertThrows(() => lend(handler, encoded, version), DecodeError, error.message);
    return false;
  }
  assertEqualEncodings(handler.encode(lend(handler, encoded, version)), handler.encode(state));
  const again = handler.encode(state);
  assertEqualEncodings(handler.encode(handler.decode(again, handler.version)), again);
  for (const now of [-1e300, 0, NOW, 1e300]) {
    handler.render(state, now);
    handler.renderText(state, now);
    handler.detail(state, now);
  }
  handler.clamp(state, NOW);
  const sum = handler.create("");
  handler.reduce(sum, state);
  handler.reduce(sum, state);
  handler.decode(handler.encode(sum), handler.version);
  return true;
}
