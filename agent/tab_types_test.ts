import { assertEquals } from "@std/assert";
import { TabTypes } from "./tab_types.ts";

Deno.test("TabTypes: remembers what is sealed again and again, and forgets what is not", () => {
  let now = 1000;
  const types = new TabTypes({ clock: () => now, tabsMax: 100 });
  types.learn("bids", "CounterGroup");
  types.learn("build", "Gauge");
  for (let seconds = 0; seconds < 130; seconds += 10) {
    types.learn("build", "Gauge");
    now += 10;
  }
  assertEquals([types.typeOf("bids"), types.typeOf("build")], [undefined, "Gauge"]);
  now += 3600;
  assertEquals(types.typeOf("build"), undefined);
});

Deno.test("TabTypes: remembers a minute whatever happens, and not what a server has refused", () => {
  let now = 1000;
  const types = new TabTypes({ clock: () => now, tabsMax: 100 });
  now += 59;
  types.learn("bids", "CounterGroup");
  now += 60;
  assertEquals(types.typeOf("bids"), "CounterGroup");
  types.forget("bids", "Gauge");
  assertEquals(types.typeOf("bids"), "CounterGroup");
  types.forget("bids", "CounterGroup");
  assertEquals(types.typeOf("bids"), undefined);
});

Deno.test("TabTypes: holds at most about twice as many as it may", () => {
  const types = new TabTypes({ clock: () => 1000, tabsMax: 3 });
  for (let tab = 0; tab < 10; tab++) types.learn(`tab-${tab}`, "Gauge");
  const known = Array.from({ length: 10 }, (_, tab) => types.typeOf(`tab-${tab}`)).filter((type) => type !== undefined);
  assertEquals(known.length <= 6, true);
  assertEquals(types.typeOf("tab-9"), "Gauge");
});
