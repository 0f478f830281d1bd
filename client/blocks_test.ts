import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BLOCK_PLACES, BLOCK_VALUES, Blocks, CHAIN_BLOCKS_MAX } from "./blocks.ts";

/** A chain as a tab keeps it. */
class Chain {
  next = 0;
  length = 0;
  readonly #blocks: Blocks;

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  add(second: number, values: readonly number[]): void {
    this.next = this.#blocks.take(second, this.next);
    for (const value of values) this.#blocks.places[this.next++] = value;
    this.length++;
  }

  drain(): string[] {
    const count = this.#blocks.drain(this.next);
    this.next = this.length = 0;
    const { drainedTimes, drainedValues } = this.#blocks;
    return Array.from({ length: count }, (_, index) => `${drainedValues[index]} at ${drainedTimes[index]}`);
  }
}

Deno.test("Blocks: whatever is put into chains comes out of them, once and with its second", () => {
  const step = fc.oneof(
    fc.record({
      chain: fc.nat(4),
      second: fc.nat(1000),
      values: fc.array(fc.integer(), { minLength: 1, maxLength: BLOCK_VALUES }),
    }),
    fc.record({ chain: fc.nat(4), drained: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const blocks = new Blocks();
      const chains = Array.from({ length: 5 }, () => new Chain(blocks));
      const expected: string[][] = chains.map(() => []);
      for (const step of steps) {
        const { chain } = step;
        if ("drained" in step || chains[chain].length === CHAIN_BLOCKS_MAX) {
          assertEquals(chains[chain].drain().toSorted(), expected[chain].splice(0).toSorted());
        } else {
          chains[chain].add(step.second, step.values);
          expected[chain].push(...step.values.map((value) => `${value} at ${step.second}`));
        }
        assertEquals(blocks.taken, chains.reduce((sum, { length }) => sum + length, 0));
      }
    }),
    { seed: 1 },
  );
});

Deno.test("Blocks: what was given back is taken again before the column grows", () => {
  const blocks = new Blocks();
  const chain = new Chain(blocks);
  for (let round = 0; round < 1000; round++) {
    for (let block = 0; block < CHAIN_BLOCKS_MAX; block++) chain.add(round, [block]);
    assertEquals(chain.drain().length, CHAIN_BLOCKS_MAX);
  }
  assertEquals(blocks.places.length, 64 * BLOCK_PLACES);
});
