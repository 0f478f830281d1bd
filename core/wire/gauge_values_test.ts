import { assert, assertEquals } from "@std/assert";
import { limits } from "../limits.ts";
import { GaugeValues } from "./gauge_values.ts";

const NOW = 1_800_000_000.123;

Deno.test("GaugeValues: keeps each tab's value, from 0 on", () => {
  const gauges = new GaugeValues({ gaugesMax: 10 });
  gauges.open("a", NOW)?.set(7, NOW);
  assertEquals([gauges.open("a", NOW)?.value, gauges.open("b", NOW)?.value, gauges.size], [7, 0, 2]);
});

Deno.test("GaugeValue: no two times are the same, and none is after now, at millions of changes a second", () => {
  for (const now of [NOW, 4_000_000_000.999]) {
    const gauge = new GaugeValues({ gaugesMax: 1 }).open("a", now);
    assert(gauge !== undefined);
    let before = -Infinity;
    for (let change = 0; change < 2000; change++) {
      gauge.set(change, now);
      assert(gauge.time > before && gauge.time <= now);
      before = gauge.time;
    }
    gauge.set(-1, now + 0.001);
    assert(gauge.time > before && gauge.time <= now + 0.001);
  }
});

Deno.test("GaugeValues: takes no more than it has room for, until the old ones are forgotten", () => {
  const gauges = new GaugeValues({ gaugesMax: 2 });
  gauges.open("a", NOW)?.set(1, NOW);
  gauges.open("b", NOW)?.set(2, NOW + 3600);
  assertEquals(gauges.open("c", NOW), undefined);
  assertEquals(gauges.open("b", NOW)?.value, 2);
  const later = NOW + limits.gaugeForgottenS + 1;
  assertEquals(gauges.open("c", later)?.value, 0);
  assertEquals(gauges.open("a", later), undefined);
  assertEquals(gauges.open("b", later)?.value, 2);
});
