import { assert, assertEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { loadState, storeState } from "./stored.ts";

const registry = createRegistry();
const KEY = { tab: "bids", client: "web-1" };

function stored(type: string, value: unknown) {
  const handler = registry.get(type);
  assert(handler !== undefined);
  const state = handler.create(KEY.client);
  handler.fold(state, 1000, value);
  return { handler, state, stored: storeState(KEY, handler, state) };
}

Deno.test("storeState: what loadState reads back, whether bytes or JSON", () => {
  for (const [type, value] of [["CounterGroup", 3.25], ["Gauge", "2.4.1"], ["Buffer", ["full", 2000]]] as const) {
    const { handler, state, stored: kept } = stored(type, value);
    assertEquals([kept.tab, kept.client, kept.type, kept.version], ["bids", "web-1", type, handler.version]);
    const loaded = loadState(registry, kept);
    assert(loaded.ok);
    assertEquals(handler.render(loaded.state, 1000), handler.render(state, 1000));
  }
});

Deno.test("loadState: says why it can't read a State, and never throws for one", () => {
  const { stored: kept } = stored("CounterGroup", 3.25);
  const why = (changed: Partial<typeof kept>) => {
    const loaded = loadState(registry, { ...kept, ...changed });
    return loaded.ok ? "" : loaded.why;
  };
  assertEquals(why({}), "");
  assertEquals(why({ type: "Nonsense" }), "type Nonsense is unknown here");
  assertEquals(why({ version: 9 }), "version 9 of CounterGroup is newer than 0, the newest known here");
  assert(why({ bytes: kept.bytes.slice(0, 3) }).startsWith("its CounterGroup State is damaged: "));
  assert(why({ bytes: new TextEncoder().encode("[1,") }).startsWith("its CounterGroup State is damaged: "));
  assert(why({ bytes: new Uint8Array() }).startsWith("its CounterGroup State is damaged: "));
});
