// The laws must catch what is wrong: handlers that are broken on purpose, each of which breaks what is said here.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { counterGroup } from "../../core/handlers/counter_group.ts";
import { gauge } from "../../core/handlers/gauges.ts";
import type { Handler } from "../../core/handlers/handler.ts";
import { percentileCounter } from "../../core/handlers/percentiles.ts";
import { totalsCounter } from "../../core/handlers/totals_counter.ts";
import { brokenLaws } from "./handler_laws.ts";

const numbers = { values: fc.integer({ min: -1000, max: 1000 }), isExact: true };

function assertCaught<Value>(
  handler: Handler<unknown, Value>,
  generator: Parameters<typeof brokenLaws<Value>>[1],
  laws: readonly string[],
): void {
  const broken = brokenLaws(handler, generator);
  assertEquals(laws.filter((law) => !broken.includes(law)), []);
}

Deno.test("laws: the real handlers break none", () => {
  assertEquals(brokenLaws(totalsCounter, numbers), []);
});

Deno.test("laws: a merge that loses the negative half is caught", () => {
  const lossy: typeof percentileCounter = {
    ...percentileCounter,
    reduce(into, from) {
      from.sketch.scan((key, count) => key >= 0 && into.sketch.addKey(key, count));
      into.total += from.total;
    },
  };
  assertCaught(lossy, numbers, [
    "the empty State changes nothing",
    "reduce is commutative",
    "reducing what was folded apart equals folding everything",
  ]);
});

Deno.test("laws: a merge that shares what it merged is caught", () => {
  const sharing: typeof counterGroup = {
    ...counterGroup,
    reduce(into, from) {
      if (into.totals.cells.length > 0) counterGroup.reduce(into, from);
      else Object.assign(into, from);
    },
  };
  assertCaught(sharing, numbers, ["reduce leaves its source as it is and shares nothing with it"]);
});

Deno.test("laws: a last value that ties leave to chance is caught", () => {
  const last: typeof gauge = {
    ...gauge,
    fold(state, time, value) {
      state.entryByClient.delete(state.client);
      gauge.fold(state, time, value);
    },
  };
  assertCaught(last, { values: fc.constantFrom("a", "b"), isExact: true }, ["the order of events never shows"]);
});

Deno.test("laws: columns read beyond their count are caught", () => {
  const greedy: typeof totalsCounter = {
    ...totalsCounter,
    foldNumbers(state, times, values) {
      for (let index = 0; index < values.length; index++) totalsCounter.fold(state, times[index], values[index]);
    },
  };
  assertCaught(greedy, numbers, ["foldNumbers equals folding one by one"]);
});

Deno.test("laws: an encoding that loses its last bits is caught", () => {
  const rounding: typeof totalsCounter = {
    ...totalsCounter,
    encode: ({ count, total }) => totalsCounter.encode({ count, total: Math.fround(total) }),
  };
  assertCaught(rounding, { values: fc.integer({ min: 0, max: 2 ** 40 }), isExact: true }, [
    "decode after encode changes nothing",
  ]);
});

Deno.test("laws: a decode that fails on what it can't read, or takes all of it, is caught", () => {
  const law = "decode refuses what it can't read with a DecodeError and nothing else";
  const failing: typeof totalsCounter = {
    ...totalsCounter,
    decode(encoded, version) {
      if (!(encoded instanceof Uint8Array)) throw new TypeError("not bytes");
      return totalsCounter.decode(encoded, version);
    },
  };
  assertCaught(failing, numbers, [law]);
  const credulous: typeof totalsCounter = { ...totalsCounter, decode: () => ({ count: 1, total: 1 }) };
  assertCaught(credulous, numbers, [law]);
});

Deno.test("laws: a clamp that drops what it should move is caught", () => {
  const dropping: typeof counterGroup = {
    ...counterGroup,
    clamp(state, now) {
      if (state.totals.clock > now) Object.assign(state, counterGroup.create(""));
    },
  };
  assertCaught(dropping, numbers, ["clamp counts what lies a little ahead at now"]);
});
