import { assert, assertEquals, assertThrows } from "@std/assert";
import { limits } from "../limits.ts";
import { expiryGauge, gauge, type GaugeState } from "./gauges.ts";
import { DecodeError } from "./handler.ts";

const NOW = 1_763_890_000;
const HOUR = 3600;

function held(client: string, time: number, value: string | number): GaugeState {
  const state = gauge.create(client);
  gauge.fold(state, time, value);
  return state;
}

function heldUntil(client: string, time: number, pair: readonly [string | number, number]): GaugeState {
  const state = expiryGauge.create(client);
  expiryGauge.fold(state, time, pair);
  return state;
}

Deno.test("Gauge: shows how many clients hold each value, each its last", () => {
  const state = held("web-1", NOW, "v2");
  gauge.fold(state, NOW - 1, "v1"); // came late
  for (const [client, value] of [["web-2", "v2"], ["web-3", "v1"], ["web-4", 7], ["web-5", 7]] as const) {
    gauge.reduce(state, held(client, NOW - 5, value));
  }
  assertEquals(gauge.render(state, NOW), { "7": 2, v1: 1, v2: 2 });
  assertEquals(gauge.renderText(state, NOW), `{\n"7": 2,\n"v1": 1,\n"v2": 2}`);
  assertEquals(gauge.renderText(gauge.create(""), NOW), "{}");
  assertEquals(gauge.detail(state, NOW), {
    "web-1": [NOW, "v2"],
    "web-2": [NOW - 5, "v2"],
    "web-3": [NOW - 5, "v1"],
    "web-4": [NOW - 5, 7],
    "web-5": [NOW - 5, 7],
  });
});

Deno.test("Gauge: a client that has not set it for 48 hours is forgotten, also by a State that goes on", () => {
  const state = held("web-1", NOW, "v1");
  assertEquals(gauge.render(state, NOW + 48 * HOUR - 1), { v1: 1 });
  assert(!gauge.isEmpty(state, NOW + 48 * HOUR - 1));
  assertEquals(gauge.render(state, NOW + 48 * HOUR), {});
  assert(gauge.isEmpty(state, NOW + 48 * HOUR));
  gauge.reduce(state, held("web-2", NOW + 48 * HOUR, "v2"));
  assertEquals(gauge.encode(state), [["web-2", NOW + 48 * HOUR, "v2"]]);
});

Deno.test("Gauge: what clients leave behind does not pile up", () => {
  const state = gauge.create("");
  for (let hour = 0; hour < 5000; hour++) gauge.reduce(state, held(`web-${hour}`, NOW + hour * HOUR, "v1"));
  assert(state.entryByClient.size <= 2 * 48, `${state.entryByClient.size} entries are kept`);
  assertEquals(gauge.render(state, NOW + 4999 * HOUR), { v1: 48 });
});

Deno.test("Gauge: names that objects have of their own are values and clients like others", () => {
  const state = held("__proto__", NOW, "__proto__");
  gauge.reduce(state, held("constructor", NOW, "__proto__"));
  gauge.reduce(state, held("toString", NOW, "hasOwnProperty"));
  const copy = gauge.decode(JSON.parse(JSON.stringify(gauge.encode(state))), 0);
  assertEquals(JSON.stringify(gauge.render(copy, NOW)), `{"__proto__":2,"hasOwnProperty":1}`);
  assertEquals(Object.keys(gauge.detail(copy, NOW) as object), ["__proto__", "constructor", "toString"]);
});

Deno.test("Gauge: takes strings and numbers of limited length", () => {
  for (const value of ["", "v1", 0, -1.5]) assertEquals(gauge.check(value), undefined);
  assertEquals(gauge.check("x".repeat(limits.valueBytesMax - 2)), undefined);
  for (
    const value of [
      null,
      true,
      ["v1"],
      { v: 1 },
      "x".repeat(limits.valueBytesMax - 1),
      "ü".repeat(limits.valueBytesMax / 2),
    ]
  ) {
    assert(gauge.check(value)?.startsWith("must "));
  }
});

Deno.test("Gauge: a clock that runs ahead holds nobody's value for ever", () => {
  const state = held("web-1", NOW + 1e9, "v1");
  gauge.clamp(state, NOW);
  assertEquals(gauge.encode(state), [["web-1", NOW, "v1"]]);
  gauge.reduce(state, held("web-1", NOW + 1, "v2"));
  assertEquals(gauge.render(state, NOW + 1), { v2: 1 });
});

Deno.test("ExpiryGauge: a value counts until its expiry, and hides older ones beyond it", () => {
  const state = heldUntil("web-1", NOW, ["v2", NOW + 60]);
  expiryGauge.reduce(state, heldUntil("web-1", NOW - 1, ["v1", NOW + 5000]));
  expiryGauge.reduce(state, heldUntil("web-2", NOW - 1, ["v1", NOW + 30]));
  assertEquals(expiryGauge.render(state, NOW + 29), { v1: 1, v2: 1 });
  assertEquals(expiryGauge.render(state, NOW + 30), { v2: 1 });
  assertEquals(expiryGauge.render(state, NOW + 60), {});
  assert(!expiryGauge.isEmpty(state, NOW + 59) && expiryGauge.isEmpty(state, NOW + 60));
});

Deno.test("ExpiryGauge: is forgotten after 30 days, however late it expires", () => {
  const state = heldUntil("web-1", NOW, ["v1", NOW + 1e9]);
  assertEquals(expiryGauge.render(state, NOW + limits.expiryGaugeForgottenS - 1), { v1: 1 });
  assert(expiryGauge.isEmpty(state, NOW + limits.expiryGaugeForgottenS));
});

Deno.test("ExpiryGauge: takes a value with the time of its expiry", () => {
  assertEquals(expiryGauge.check(["v1", NOW]), undefined);
  for (const value of ["v1", 3, ["v1"], ["v1", "soon"], ["v1", null], [null, NOW], ["v1", NOW, 1]]) {
    assert(expiryGauge.check(value)?.startsWith("must "));
  }
});

Deno.test("Gauge, ExpiryGauge: decode names what is wrong", () => {
  for (
    const [handler, encoded] of [
      [gauge, {}],
      [gauge, [1]],
      [gauge, [["web-1"]]],
      [gauge, [["web-1", NOW]]],
      [gauge, [["web-1", "now", "v1"]]],
      [gauge, [["web-1", NOW, "v1", NOW]]],
      [gauge, [["web-1", NOW, null]]],
      [gauge, [["x".repeat(limits.nameCharactersMax + 1), NOW, "v1"]]],
      [gauge, [["web-1", NOW, "v1"], ["web-1", NOW, "v1"]]],
      [expiryGauge, [["web-1", NOW, "v1"]]],
    ] as const
  ) {
    assertThrows(() => handler.decode(encoded, 0), DecodeError);
  }
});
