import { assertEquals } from "@std/assert";
import { percentilesOf, readValue, summary } from "./values.js";

Deno.test("readValue: knows values by their shape, and loses none that it does not know", () => {
  const figures = { count: 1, total: 2 };
  const windows = { "1m": figures, "10m": figures, "1h": figures, "1d": figures };
  assertEquals(readValue({ ...windows, pct: [1, null] }).kind, "windows");
  assertEquals(readValue({ ...figures, average: 2 }).kind, "totals");
  assertEquals(summary(readValue({ "2.4.0": 1, "2.4.1": 3 })), "2.4.1 × 3, 2.4.0");
  assertEquals(summary(readValue([[{ a: 1 }, 5]])), '1: {"a":1}');
  assertEquals(readValue({ error: "cannot be shown" }), { kind: "trouble", message: "cannot be shown" });
  assertEquals(summary(readValue({ of: "another", type: 1 })), '{"of":"another","type":1}');
});

Deno.test("percentilesOf: one row of the whole, or one of each window", () => {
  const [figures, withPct] = [{ count: 1, total: 2 }, { count: 1, total: 2, pct: [1, 2] }];
  const windows = { "1m": figures, "10m": figures, "1h": figures, "1d": figures };
  const windowsWithPct = { "1m": withPct, "10m": withPct, "1h": withPct, "1d": withPct };
  assertEquals(percentilesOf(readValue({ ...windows, pct: [1, null] })), [[1, null]]);
  assertEquals(percentilesOf(readValue(windowsWithPct)), [[1, 2], [1, 2], [1, 2], [1, 2]]);
  assertEquals(percentilesOf(readValue(withPct)), [[1, 2]]);
  assertEquals(percentilesOf(readValue({ ...figures, average: 2 })), []);
});
