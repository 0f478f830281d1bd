// The client against a dumb model: whatever is recorded, however requests fail, the agent has in the end what folding
// each event alone into one State a tab gives.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Json } from "../core/event.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { ClientWorld } from "../tests/sim/client_world.ts";
import type { Fate } from "../tests/sim/fake_server.ts";

const typeByTab: Readonly<Record<string, string>> = {
  bids: "CounterGroup",
  latency: "PercentileGroup",
  total: "TotalsCounter",
  all_time: "PercentileCounter",
  build: "Gauge",
};

class Model {
  events = 0;
  readonly #registry = createRegistry();
  readonly #states = new Map<string, unknown>();

  record(tab: string, time: number, value: number): void {
    const handler = this.#handlerOf(tab);
    if (!this.#states.has(tab)) this.#states.set(tab, handler.create("web-1"));
    handler.fold(this.#states.get(tab), time, value);
    this.events++;
  }

  rendered(now: number): Record<string, Json> {
    return Object.fromEntries(
      Array.from(this.#states, ([tab, state]) => [tab, this.#handlerOf(tab).render(state, now)]),
    );
  }

  #handlerOf(tab: string) {
    const handler = this.#registry.get(typeByTab[tab]);
    assert(handler !== undefined);
    return handler;
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        tab: fc.constantFrom(...Object.keys(typeByTab)),
        count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }), fc.constant(700)),
        value: fc.integer({ min: -1000, max: 1000 }),
        byName: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ passMs: fc.constantFrom(1, 10, 400, 1000, 2500) }) },
    { weight: 1, arbitrary: fc.constant({ flush: true }) },
  ),
  { maxLength: 60 },
);
const fates = fc.array(
  fc.constantFrom<Fate>("answered", "lost", "unreached", "garbled", { status: 503 }, { delayMs: 700 }),
  { maxLength: 20 },
);

Deno.test("TabaClient: what the agent has in the end is what was recorded, whatever happens to requests", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fates, fc.boolean(), async (steps, fates, fold) => {
      const world = new ClientWorld({ fold });
      const { client, time } = world;
      const model = new Model();
      const handles = new Map(Object.entries(typeByTab).map(([tab, type]) => [tab, client.tab(tab, { type })]));
      world.agent.fate = (index) => fates[index] ?? "answered";
      for (const step of steps) {
        if ("passMs" in step) await world.pass(step.passMs);
        else if ("flush" in step) void client.flush();
        else {
          const { tab, count, value, byName } = step;
          const type = typeByTab[tab];
          // The agent counts a time ahead of its own clock at its now, which here may be that of many events.
          if (type === "Gauge") await world.pass(100);
          for (let index = 0; index < count; index++) {
            if (byName) client.record(tab, value + index, { type });
            else handles.get(tab)?.record(value + index);
            model.record(tab, time.clock() + (type === "Gauge" ? index * 1e-6 : 0), value + index);
          }
          if (type === "Gauge") await world.pass(100);
        }
        const { recorded, pending, acked, dropped } = client.status();
        assertEquals({ recorded, dropped }, { recorded: model.events, dropped: 0 });
        assertEquals(pending, model.events - acked);
      }
      await world.until("all is delivered", () => client.status().pending === 0);
      await world.pass(20_000);
      assertEquals(time.sleepers, 0);
      const { ledger } = world.agent;
      const now = time.clock();
      const rendered = Object.fromEntries(
        [...ledger].map(({ tab, handler, state }) => [tab, handler.render(state, now)]),
      );
      assertEquals(rendered, model.rendered(now));
      assertEquals(ledger.events, model.events);
      assert([...ledger].every(({ client }) => client === "web-1"));
    }),
    { seed: 5, numRuns: 150 },
  );
});

Deno.test("TabaClient: no call throws, whatever it is given, and every event is counted", async () => {
  const world = new ClientWorld();
  const { client } = world;
  // As callers without types would.
  const loose: Record<string, (...args: unknown[]) => unknown> = Object.fromEntries(
    (["counter", "percentile", "gauge", "expiryGauge", "buffer", "record"] as const)
      .map((name) => [name, (...args: unknown[]) => Reflect.apply(client[name], client, args)]),
  );
  const anything = () => fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true });
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(loose)),
      fc.oneof(fc.constantFrom("a", "b", "c"), anything()),
      fc.oneof(fc.integer(), anything()),
      fc.oneof(fc.constant(undefined), anything(), fc.record({ type: anything(), tags: anything() })),
      async (method, name, value, options) => {
        loose[method](name, value, options);
        const handle = Reflect.apply(client.tab, client, [name, options]);
        handle.record(value);
        calls += 2;
        if (calls % 100 === 0) await world.outcome(client.flush());
        assertEquals(client.status().recorded, calls);
      },
    ),
    { seed: 6, numRuns: 5000 },
  );
  await world.outcome(client.stop());
  const { acked, dropped, pending, droppedByReason } = client.status();
  assertEquals(acked + dropped, calls);
  assertEquals(pending, 0);
  assertEquals(world.agent.ledger.events, acked);
  assertEquals(droppedByReason.bug, undefined);
});
