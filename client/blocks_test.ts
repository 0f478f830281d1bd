import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BLOCK_VALUES, Blocks, Chain, GROUP_TABS, Sorted } from "./blocks.ts";

/** Records as tabs do. */
class Recording {
  readonly blocks = new Blocks();
  readonly chains = [new Chain(), new Chain(), new Chain()];
  epoch = 1;
  readonly #sorted = new Sorted();

  record(chain: Chain, index: number, value: number): void {
    const { blocks, epoch } = this;
    const { place } = chain;
    if (place % BLOCK_VALUES === 0 || chain.epoch !== epoch) {
      return blocks.begin(chain, { index, value, second: 1000 + epoch, epoch });
    }
    chain.values[place] = value;
    chain.indexes[place] = index;
    chain.place = place + 1;
  }

  /** What comes out by tab, as "value at second". */
  drain(chain: Chain): Map<number, string[]> {
    this.blocks.drain(chain, this.#sorted);
    const { values, times, starts, count } = this.#sorted;
    const drained = new Map<number, string[]>();
    for (let index = 0; index < GROUP_TABS; index++) {
      const places = Array.from({ length: starts[index + 1] - starts[index] }, (_, offset) => starts[index] + offset);
      const seconds = places.map((place) => times[place]);
      assertEquals(seconds, seconds.toSorted((a, b) => b - a), "the newest come first");
      if (places.length > 0) {
        drained.set(
          index,
          places.map((place) => `${values[place]} at ${times[place]}`).toSorted(),
        );
      }
    }
    assertEquals(count, [...drained.values()].flat().length);
    return drained;
  }
}

Deno.test("Blocks: whatever chains are given comes out of them by tab, once and with its second", () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        number: fc.nat(2),
        indexes: fc.array(fc.nat(GROUP_TABS - 1), { minLength: 1, maxLength: 8 }),
        count: fc.integer({ min: 1, max: 2 * BLOCK_VALUES }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ drained: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.constantFrom({ closed: "by the second" }, { closed: "by hand" }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const recording = new Recording();
      const { blocks, chains } = recording;
      const expected = chains.map(() => new Map<number, string[]>());
      let recorded = 0;
      for (const step of steps) {
        if ("closed" in step) {
          if (step.closed === "by the second") recording.epoch++;
          else for (const chain of chains) chain.epoch = 0;
        } else if ("drained" in step) {
          const of = [...expected[step.drained]].toSorted(([a], [b]) => a - b);
          const used = [...chains[step.drained].used()].flatMap((isUsed, index) => isUsed ? [index] : []);
          assertEquals(used, of.map(([index]) => index));
          const drained = recording.drain(chains[step.drained]);
          assertEquals([...drained], of.map(([index, values]) => [index, values.toSorted()]));
          expected[step.drained].clear();
        } else {
          const { number, indexes, count } = step;
          for (let value = 0; value < count; value++) {
            const index = indexes[value % indexes.length];
            const values = expected[number].get(index) ?? [];
            expected[number].set(index, values);
            values.push(`${recorded} at ${1000 + recording.epoch}`);
            recording.record(chains[number], index, recorded++);
          }
        }
        const held = chains.reduce((sum, { newest }) => sum + newest, blocks.closedValues);
        assertEquals(held, expected.flatMap((of) => [...of.values()].flat()).length);
        assertEquals(blocks.taken, chains.reduce((sum, chain) => sum + chain.blocks.length, 0));
      }
    }),
    { seed: 1 },
  );
});

Deno.test("Blocks: what was given back is taken again, and memory that was not used for a while is given back", () => {
  const recording = new Recording();
  const { blocks, chains: [chain] } = recording;
  /** Answers the columns that held the values. */
  const fill = (count: number) => {
    const columns = new Set<Float64Array>();
    for (let value = 0; value < count; value++) {
      recording.record(chain, 0, value);
      columns.add(chain.values);
    }
    assertEquals(blocks.taken, Math.ceil(count / BLOCK_VALUES));
    assertEquals(recording.drain(chain).get(0)?.length, count);
    return columns;
  };
  const columns = fill(200 * BLOCK_VALUES);
  assert(columns.size > 1);
  assertEquals(fill(200 * BLOCK_VALUES).difference(columns).size, 0);
  fill(1);
  fill(1);
  assertEquals(fill(1).intersection(columns).size, 0);
});
