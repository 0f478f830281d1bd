// The handlers of values that are kept as they are, and Noop, held to the laws.

import fc from "fast-check";
import { buffer } from "../../core/handlers/buffer.ts";
import { expiryGauge, gauge } from "../../core/handlers/gauges.ts";
import { noop } from "../../core/handlers/noop.ts";
import type { Json } from "../../core/event.ts";
import { testLaws } from "./handler_laws.ts";

const NOW = 1_763_890_000;

/** Few different ones, so that ties are common, and names that objects have of their own. */
const held = fc.oneof(
  fc.constantFrom("v1", "v2", "", "__proto__", "constructor", 'ü\u{1F600}\n"', 0, -0, 1, -1.5, 1e300, 5e-324),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const expiry = fc.oneof(
  fc.integer({ min: NOW - 10, max: NOW + 100 }),
  fc.constantFrom(0, NOW, -1e300, 1e300, Number.MAX_VALUE),
  fc.double({ min: NOW - 200_000, max: NOW + 4e6, noNaN: true }),
);

/** As it comes off the wire, whatever it was before. */
const json = fc.jsonValue({ maxDepth: 2 }).map((value): Json => JSON.parse(JSON.stringify(value)))
  .filter((value) => JSON.stringify(value).length < 300);

testLaws("few values", gauge, { values: held, isExact: true });
testLaws("few values", expiryGauge, { values: fc.tuple(held, expiry), isExact: true });
testLaws("few values", buffer, { values: fc.tuple(held, expiry), isExact: true });
testLaws("any JSON", buffer, { values: fc.tuple(json, expiry), isExact: true });
testLaws("any JSON", noop, { values: json, isExact: true, isBlind: true });
