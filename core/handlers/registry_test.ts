import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BugError } from "../assert.ts";
import { DEFAULT_TYPE } from "../event.ts";
import { noop } from "./noop.ts";
import { createRegistry } from "./registry.ts";

Deno.test("createRegistry: knows all types of the system by name", () => {
  const registry = createRegistry();
  assertEquals(registry.types, [
    "CounterGroup",
    "PercentileGroup",
    "PercentileCounter",
    "TotalsCounter",
    "Gauge",
    "ExpiryGauge",
    "Buffer",
    "Noop",
  ]);
  for (const type of registry.types) assertEquals(registry.get(type)?.type, type);
  assertEquals(registry.types[0], DEFAULT_TYPE);
  for (const unknown of ["", "counterGroup", "__proto__", "constructor"]) {
    assertEquals(registry.get(unknown), undefined);
  }
});

Deno.test("createRegistry: takes further handlers, each under a type of its own", () => {
  const mine = { ...noop, type: "Mine" };
  assertStrictEquals(createRegistry([mine]).get("Mine"), mine);
  assertThrows(() => createRegistry([mine, mine]), BugError);
  assertThrows(() => createRegistry([noop]), BugError);
});
