// Recorded numbers until they are folded: small blocks of one big column, chained tab by tab. A tab that is recorded
// into takes blocks, a fold gives them back; so memory goes by the events that wait, not by the tabs there are.

const PLACE_BITS = 5;
/** Places of a block: four cache lines of them, one after another. A power of two. */
export const BLOCK_PLACES = 1 << PLACE_BITS;
/** The first two places say what the block is: to find that elsewhere would be another cache miss each time. */
const SECOND = 0;
/** The block before it in its chain, times BLOCK_PLACES, plus how many values that one has. In a free block: the next free one. */
const PREVIOUS = 1;
const FIRST_VALUE = 2;

export const BLOCK_VALUES = BLOCK_PLACES - FIRST_VALUE;
export const BLOCK_BYTES = 8 * BLOCK_PLACES;
/** Blocks of one chain, at most: folding more at once is no faster for each. */
export const CHAIN_BLOCKS_MAX = 16;

/** Blocks are numbered from 1, 0 is none; block b begins at `b * BLOCK_PLACES`. */
export class Blocks {
  /** Values may be written here, where `take` said. */
  places = new Float64Array(64 * BLOCK_PLACES);
  /** Blocks taken. */
  taken = 0;
  /** What `drain` gave out. */
  readonly drainedTimes = new Float64Array(CHAIN_BLOCKS_MAX * BLOCK_VALUES);
  readonly drainedValues = new Float64Array(CHAIN_BLOCKS_MAX * BLOCK_VALUES);
  /** The block given back last: it is the likeliest to be in the cache. */
  #free = 0;
  /** Blocks from here on were never taken. */
  #fresh = 1;

  /**
   * Begins a block for values of `second`. It continues the block that is written up to `next` (0: none). Answers the
   * place of its first value; when the place after a value is a multiple of BLOCK_PLACES, the block is full.
   */
  take(second: number, next: number): number {
    if (this.#free === 0) this.#free = this.#makeFresh();
    const block = this.#free;
    const base = block * BLOCK_PLACES;
    // "| 0" keeps a number out of the column a small integer, which costs no allocation.
    this.#free = this.places[base + PREVIOUS] | 0;
    this.places[base + SECOND] = second;
    this.places[base + PREVIOUS] = next === 0 ? 0 : blockBefore(next) * BLOCK_PLACES + valuesBefore(next);
    this.taken++;
    return base + FIRST_VALUE;
  }

  /**
   * Copies the values of the chain that is written up to `next` (0: none) to `drainedValues` and their times to
   * `drainedTimes`, and takes its blocks back. Answers how many values there are.
   */
  drain(next: number): number {
    if (next === 0) return 0;
    const { places, drainedTimes, drainedValues } = this;
    let drained = 0;
    let block = blockBefore(next);
    let count = valuesBefore(next);
    while (block !== 0) {
      const base = block * BLOCK_PLACES;
      const second = places[base + SECOND];
      const previous = places[base + PREVIOUS] | 0;
      for (let index = 0; index < count; index++) {
        drainedTimes[drained] = second;
        drainedValues[drained++] = places[base + FIRST_VALUE + index];
      }
      places[base + PREVIOUS] = this.#free;
      this.#free = block;
      this.taken--;
      block = previous >>> PLACE_BITS;
      count = previous & (BLOCK_PLACES - 1);
    }
    return drained;
  }

  #makeFresh(): number {
    const block = this.#fresh++;
    if (block * BLOCK_PLACES === this.places.length) {
      const grown = new Float64Array((block + (block >> 1)) * BLOCK_PLACES);
      grown.set(this.places);
      this.places = grown;
    }
    return block;
  }
}

/** The block of the value that was written before place `next`. */
function blockBefore(next: number): number {
  return (next - 1) >>> PLACE_BITS;
}

/** Values that a block has which is written up to `next`. */
export function valuesBefore(next: number): number {
  return next === 0 ? 0 : ((next - 1) & (BLOCK_PLACES - 1)) + 1 - FIRST_VALUE;
}
