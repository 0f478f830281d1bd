import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BLOCK_VALUES, Blocks, CHAIN_BLOCKS_MAX, GROUP_TABS, groupOf, Sorted } from "./blocks.ts";

const GROUPS = 3;

/** Records as a tab does. */
class Recording {
  readonly blocks = new Blocks();
  epoch = 1;
  readonly #sorted = new Sorted();

  constructor() {
    for (let group = 1; group <= GROUPS; group++) this.blocks.reach(group);
  }

  record(slot: number, value: number): void {
    const { blocks, epoch } = this;
    const group = groupOf(slot);
    const place = blocks.next[group];
    if (place % BLOCK_VALUES === 0 || blocks.epochs[group] !== epoch) {
      return blocks.begin(slot, value, { second: 1000 + epoch, epoch });
    }
    blocks.values[place] = value;
    blocks.slots[place] = slot;
    blocks.next[group] = place + 1;
  }

  /** What comes out for each tab of a group, as "value at second", and in the order of seconds. */
  drain(group: number): Map<number, string[]> {
    this.blocks.drain(group, this.#sorted);
    const { values, times, starts } = this.#sorted;
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
    assertEquals(this.#sorted.count, [...drained.values()].flat().length);
    return drained;
  }
}

Deno.test("Blocks: whatever groups are given comes out of them by tab, once and with its second", () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        group: fc.integer({ min: 1, max: GROUPS }),
        indexes: fc.array(fc.nat(GROUP_TABS - 1), { minLength: 1, maxLength: 8 }),
        count: fc.integer({ min: 1, max: 2 * BLOCK_VALUES }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ drained: fc.integer({ min: 1, max: GROUPS }) }) },
    { weight: 1, arbitrary: fc.constantFrom({ closed: "by the second" }, { closed: "all at once" }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const recording = new Recording();
      const { blocks } = recording;
      const expected = new Map<number, Map<number, string[]>>();
      let recorded = 0;
      for (const step of steps) {
        if ("closed" in step) {
          if (step.closed === "by the second") recording.epoch++;
          else blocks.closeAll();
        } else if ("drained" in step) {
          const of = expected.get(step.drained) ?? new Map<number, string[]>();
          assertEquals(
            [...blocks.usedBy(step.drained).entries()].filter(([, used]) => used === 1).map(([index]) => index),
            [...of.keys()].toSorted((a, b) => a - b),
          );
          assertEquals(
            recording.drain(step.drained),
            new Map([...of].toSorted(([a], [b]) => a - b).map(([index, values]) => [index, values.toSorted()])),
          );
          expected.delete(step.drained);
        } else {
          const { group, indexes, count } = step;
          const of = expected.get(group) ?? new Map<number, string[]>();
          expected.set(group, of);
          for (let value = 0; value < count; value++) {
            const index = indexes[value % indexes.length];
            recording.record(group * GROUP_TABS + index, recorded++);
            of.set(index, [...of.get(index) ?? [], `${recorded - 1} at ${1000 + recording.epoch}`]);
          }
        }
        const values = [...expected.values()].flatMap((of) => [...of.values()]).flat();
        assertEquals(blocks.events, values.length);
        assertEquals(blocks.taken, [1, 2, 3].reduce((sum, group) => sum + blocks.lengthOf(group), 0));
      }
    }),
    { seed: 1 },
  );
});

Deno.test("Blocks: what was given back is taken again before the column grows", () => {
  const recording = new Recording();
  const { blocks } = recording;
  const fill = () => {
    for (let value = 0; value < CHAIN_BLOCKS_MAX * BLOCK_VALUES; value++) recording.record(GROUP_TABS, value);
  };
  fill();
  assertEquals(recording.drain(1).get(0)?.length, CHAIN_BLOCKS_MAX * BLOCK_VALUES);
  const { length } = blocks.values;
  for (let round = 0; round < 5; round++) {
    fill();
    assertEquals(blocks.taken, CHAIN_BLOCKS_MAX);
    recording.drain(1);
  }
  assertEquals(blocks.values.length, length);
});
