// Recorded numbers until they are folded: small blocks of one big column, chained tab by tab. A tab that is recorded
// into takes blocks, a fold gives them back; so memory goes by the events that wait, not by the tabs there are.

/** Values of a block: two cache lines. A power of two. */
export const BLOCK_VALUES = 16;
/** A block's bytes, those that describe it included. */
export const BLOCK_BYTES = BLOCK_VALUES * 8 + 8 + 4 + 1;
/** Blocks of one chain, at most: folding more at once is no faster for each. */
export const CHAIN_BLOCKS_MAX = 32;

const FIRST_BLOCKS = 64;

/** Blocks are numbered from 1, 0 is none. The values of block b begin at `b * BLOCK_VALUES`. */
export class Blocks {
  values = new Float64Array(FIRST_BLOCKS * BLOCK_VALUES);
  /** Blocks taken. */
  taken = 0;
  /** What `drain` gave out. */
  readonly drainedTimes = new Float64Array(CHAIN_BLOCKS_MAX * BLOCK_VALUES);
  readonly drainedValues = new Float64Array(CHAIN_BLOCKS_MAX * BLOCK_VALUES);
  #seconds = new Float64Array(FIRST_BLOCKS);
  /** The block that a block continues; among free ones, the one that was given back before it. */
  #previous = new Int32Array(FIRST_BLOCKS);
  #counts = new Uint8Array(FIRST_BLOCKS);
  #free = 0;
  /** Blocks from here on were never taken. */
  #fresh = 1;

  /** An empty block for values of `second`. It continues block `previous`, which has `count` values for good. */
  take(second: number, { previous, count }: { readonly previous: number; readonly count: number }): number {
    let block = this.#free;
    // The one given back last, as it is the likeliest to be in the cache.
    if (block !== 0) this.#free = this.#previous[block];
    else block = this.#takeFresh();
    this.#seconds[block] = second;
    this.#previous[block] = previous;
    this.#counts[previous] = count;
    this.taken++;
    return block;
  }

  /**
   * Copies the values of a chain and their times to `drainedValues` and `drainedTimes`, and takes its blocks back.
   * `last` is the chain's newest block, which has `count` values. Answers how many there are in all.
   */
  drain(last: number, count: number): number {
    const { values, drainedTimes, drainedValues } = this;
    let drained = 0;
    for (let block = last; block !== 0;) {
      const second = this.#seconds[block];
      const base = block * BLOCK_VALUES;
      for (let index = 0; index < count; index++) {
        drainedTimes[drained] = second;
        drainedValues[drained++] = values[base + index];
      }
      const previous = this.#previous[block];
      this.#previous[block] = this.#free;
      this.#free = block;
      this.taken--;
      block = previous;
      count = this.#counts[previous];
    }
    return drained;
  }

  #takeFresh(): number {
    if (this.#fresh === this.#seconds.length) {
      const blocks = 2 * this.#fresh;
      this.values = grown(this.values, new Float64Array(blocks * BLOCK_VALUES));
      this.#seconds = grown(this.#seconds, new Float64Array(blocks));
      this.#previous = grown(this.#previous, new Int32Array(blocks));
      this.#counts = grown(this.#counts, new Uint8Array(blocks));
    }
    return this.#fresh++;
  }
}

function grown<Column extends Float64Array | Int32Array | Uint8Array>(column: Column, larger: Column): Column {
  larger.set(column);
  return larger;
}
