// The handlers of numbers, held to the laws with values whose totals are exact and with values of any kind.

import fc from "fast-check";
import { counterGroup } from "../../core/handlers/counter_group.ts";
import type { Handler } from "../../core/handlers/handler.ts";
import { percentileCounter, percentileGroup } from "../../core/handlers/percentiles.ts";
import { totalsCounter } from "../../core/handlers/totals_counter.ts";
import { testLaws } from "./handler_laws.ts";

/** Whole multiples, up to 2^20, of one power of two: sums of some hundreds of them are exact in any order. */
function multiplesOf(unit: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((factor) => factor * unit),
    fc.constantFrom(0, unit, -unit, 7 * unit),
  );
}

const mixed = fc.oneof(
  fc.double({ min: 0.001, max: 1000, noNaN: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1, -1, 5e-324, -2.3e-308, 1e-300, Number.MAX_VALUE, -Number.MAX_VALUE),
);

const handlers: readonly Handler<unknown, number>[] = [counterGroup, percentileGroup, percentileCounter, totalsCounter];

for (const handler of handlers) {
  testLaws("ordinary values", handler, { values: multiplesOf(0.25), isExact: true });
  testLaws("tiny values", handler, { values: multiplesOf(2 ** -1040), isExact: true });
  testLaws("huge values", handler, { values: multiplesOf(2 ** 990), isExact: true });
  testLaws("mixed values", handler, { values: mixed, isExact: false });
}
