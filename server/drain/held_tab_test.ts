import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createRegistry } from "../../core/handlers/registry.ts";
import { HeldTab, type Weight } from "./held_tab.ts";
import { AGGREGATE, type StoredState } from "../store/store.ts";
import { loadState } from "../stored.ts";

const registry = createRegistry();
const handler = totals();

function totals() {
  const found = registry.get("TotalsCounter");
  assert(found !== undefined);
  return found;
}

function stateOf(value: number): unknown {
  const state = handler.create("");
  handler.fold(state, 1000, value);
  return state;
}

function open() {
  const weight: Weight = { heldBytes: 0, dirtyBytes: 0, dirtyStates: 0 };
  return { weight, tab: new HeldTab("bids", handler, weight) };
}

/** What a commit would write: count and total by client. */
function shown(states: Iterable<StoredState>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const stored of states) {
    const loaded = loadState(registry, stored);
    assert(loaded.ok);
    const { count, total } = JSON.parse(JSON.stringify(handler.render(loaded.state, 1000)));
    shown[stored.client === AGGREGATE ? "*" : stored.client] = [count, total];
  }
  return shown;
}

Deno.test("HeldTab: a tab with one client has no Aggregate of its own", () => {
  const { tab } = open();
  tab.take("web-1", stateOf(1), 10);
  tab.take("web-1", stateOf(2), 10);
  assertEquals(shown(tab.clean()), { "web-1": [2, 3] });
});

Deno.test("HeldTab: from its second client on it has one, which holds what the first had", () => {
  const { tab } = open();
  tab.keep("web-1", stateOf(5), 10);
  tab.take("web-2", stateOf(1), 10);
  assertEquals(shown(tab.clean()), { "web-2": [1, 1], "*": [2, 6] });
  tab.take("web-1", stateOf(2), 10);
  assertEquals(shown(tab.clean()), { "web-1": [2, 7], "*": [3, 8] });
});

Deno.test("HeldTab: an Aggregate that was loaded takes in what clients do that were not", () => {
  const { tab } = open();
  tab.keep(AGGREGATE, stateOf(100), 10);
  tab.take("web-9", stateOf(1), 10);
  assertEquals(shown(tab.clean()), { "web-9": [1, 1], "*": [2, 101] });
});

Deno.test("HeldTab: only what has changed is encoded, once", () => {
  const { tab, weight } = open();
  tab.keep("web-1", stateOf(1), 10);
  tab.keep("web-2", stateOf(1), 10);
  tab.keep(AGGREGATE, stateOf(2), 10);
  assertEquals([tab.isDirty, weight.dirtyStates, shown(tab.clean())], [false, 0, {}]);
  tab.take("web-1", stateOf(1), 10);
  assertEquals([tab.isDirty, weight.dirtyStates], [true, 2]);
  assertEquals(Object.keys(shown(tab.clean())), ["web-1", "*"]);
  assertEquals([tab.isDirty, weight.dirtyStates, weight.dirtyBytes, shown(tab.clean())], [false, 0, 0, {}]);
});

Deno.test("HeldTab: does not change what it was given", () => {
  const { tab } = open();
  const first = stateOf(1);
  const second = stateOf(2);
  tab.take("web-1", first, 10);
  tab.take("web-2", second, 10);
  tab.take("web-1", second, 10);
  assertEquals(shown(tab.clean()), { "web-1": [2, 3], "web-2": [1, 2], "*": [3, 5] });
});

Deno.test("HeldTab: whatever is done to it, its weight is that of what it holds, and in the end nothing", () => {
  const client = fc.constantFrom("web-1", "web-2", "web-3", AGGREGATE);
  const act = fc.oneof(
    fc.record({ kind: fc.constant("take" as const), client: fc.constantFrom("web-1", "web-2", "web-3") }),
    fc.record({ kind: fc.constant("drop" as const), client }),
    fc.record({ kind: fc.constant("clean" as const), client }),
  );
  fc.assert(fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
    const { tab, weight } = open();
    for (const { kind, client } of acts) {
      if (kind === "take") tab.take(client, stateOf(1), 10);
      if (kind === "drop") tab.drop(client);
      if (kind === "clean") {
        const { dirtyStates } = weight;
        assertEquals([...tab.clean()].length, dirtyStates);
      }
      assertEquals(tab.isDirty, weight.dirtyStates > 0);
      assertEquals(weight.dirtyStates > 0, weight.dirtyBytes > 0);
      const held = ["web-1", "web-2", "web-3", AGGREGATE].filter((name) => tab.has(name)).length;
      assertEquals(Math.floor(weight.heldBytes / 3000), held);
    }
    tab.dropAll();
    assertEquals(weight, { heldBytes: 0, dirtyBytes: 0, dirtyStates: 0 });
  }));
});
