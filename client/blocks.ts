// Recorded numbers until they are folded: blocks that groups of tabs share. So a plain record writes where its group
// wrote a moment ago, however many tabs there are: a place of its own for each of many thousand tabs would be in no
// cache. A group's blocks are sorted by tab when they are folded, and taken back.

/** Tabs of a group, at most; a byte names one. */
export const GROUP_TABS = 128;
/** Values of a block. A power of two. */
export const BLOCK_VALUES = 256;
/** Each with a byte that says whose it is. */
const BLOCK_BYTES = 9 * BLOCK_VALUES;
/** Blocks that are made at once: to make small typed arrays takes long. */
const SLAB_BLOCKS = 16;

/** From `from` on there is room for BLOCK_VALUES values in columns that it shares with other blocks. */
interface Block {
  readonly values: Float64Array;
  /** By place: the index in its group of the tab whose value it is. */
  readonly indexes: Uint8Array;
  readonly from: number;
  /** Behind the last value. Not kept while values may still be written. */
  to: number;
  /** When its values were recorded. */
  second: number;
}

const NO_VALUES = new Float64Array(0);
const NO_INDEXES = new Uint8Array(0);

/** What a group of tabs holds in blocks. */
export class Chain {
  /** Where the next value goes, in these columns. A multiple of BLOCK_VALUES: nowhere, as there is no block, or it is full. */
  place = 0;
  values: Float64Array = NO_VALUES;
  indexes: Uint8Array = NO_INDEXES;
  /** The clock's epoch for which the newest block was begun: while that lasts, values may be written there. */
  epoch = 0;
  /** The newest last. */
  readonly blocks: Block[] = [];

  /** Values in the newest block. */
  get newest(): number {
    return this.blocks.length === 0 ? 0 : ((this.place - 1) & (BLOCK_VALUES - 1)) + 1;
  }

  /** By index: 1 for the tabs that have values. */
  used(): Uint8Array {
    const used = new Uint8Array(GROUP_TABS);
    for (const { indexes, from, to } of this.ended()) {
      for (let place = from; place < to; place++) used[indexes[place]] = 1;
    }
    return used;
  }

  /** Its blocks, once the newest one says where it ends as well. */
  ended(): readonly Block[] {
    const newest = this.blocks.at(-1);
    if (newest !== undefined) newest.to = newest.from + this.newest;
    return this.blocks;
  }
}

/** Values sorted by tab: those of tab `index` of the group lie from `starts[index]` to `starts[index + 1] - 1`. */
export class Sorted {
  values = new Float64Array(BLOCK_VALUES);
  /** In whole seconds; the newest of a tab comes first. */
  times = new Float64Array(BLOCK_VALUES);
  readonly starts = new Int32Array(GROUP_TABS + 2);

  get count(): number {
    return this.starts[GROUP_TABS];
  }

  /** Makes room for so many, whatever was here. */
  reserve(count: number): void {
    if (count <= this.values.length) return;
    this.values = new Float64Array(2 * count);
    this.times = new Float64Array(2 * count);
  }
}

/** The blocks of all groups. */
export class Blocks {
  /** Blocks taken. */
  taken = 0;
  /** Values in all of them but the newest of each chain. */
  closedValues = 0;
  /** The most that were taken at once since none was. */
  #takenMost = 0;
  /** Blocks given back: the last one is the likeliest to be in the cache. */
  #free: Block[] = [];

  /** Bytes of the blocks that are taken. */
  get bytes(): number {
    return this.taken * BLOCK_BYTES;
  }

  /** Begins another block of a chain with a value of its tab `index`. What was free in the block before stays so. */
  begin(
    chain: Chain,
    { index, value, second, epoch }: {
      readonly index: number;
      readonly value: number;
      readonly second: number;
      readonly epoch: number;
    },
  ): void {
    this.closedValues += chain.newest;
    chain.ended();
    const block = this.#free.pop() ?? this.#make();
    block.second = second;
    block.values[block.from] = value;
    block.indexes[block.from] = index;
    chain.blocks.push(block);
    chain.values = block.values;
    chain.indexes = block.indexes;
    chain.place = block.from + 1;
    chain.epoch = epoch;
    this.#takenMost = Math.max(++this.taken, this.#takenMost);
  }

  /** Takes a chain's blocks back and what is in them out, sorted: by counting, as the tabs are few. */
  drain(chain: Chain, into: Sorted): void {
    const { starts } = into;
    starts.fill(0);
    // First starts[index + 2] counts the values of tab `index`; then starts[index + 1] is where its next value goes.
    for (const { indexes, from, to } of chain.ended()) {
      for (let place = from; place < to;) {
        const end = endOfRun(indexes, place, to);
        starts[indexes[place] + 2] += end - place;
        place = end;
      }
    }
    for (let index = 1; index < starts.length; index++) starts[index] += starts[index - 1];
    const count = starts[GROUP_TABS + 1];
    into.reserve(count);
    const { values: sorted, times } = into;
    this.closedValues -= count - chain.newest;
    this.taken -= chain.blocks.length;
    for (let block = chain.blocks.pop(); block !== undefined; block = chain.blocks.pop()) {
      const { values, indexes, from, to, second } = block;
      for (let place = from; place < to;) {
        const end = endOfRun(indexes, place, to);
        const index = indexes[place] + 1;
        let at = starts[index];
        for (; place < end; place++, at++) {
          sorted[at] = values[place];
          times[at] = second;
        }
        starts[index] = at;
      }
      this.#free.push(block);
    }
    chain.place = 0;
    chain.values = NO_VALUES;
    chain.indexes = NO_INDEXES;
    if (this.taken === 0) this.#shrink();
  }

  #make(): Block {
    const [values, indexes] = [
      new Float64Array(SLAB_BLOCKS * BLOCK_VALUES),
      new Uint8Array(SLAB_BLOCKS * BLOCK_VALUES),
    ];
    for (let number = SLAB_BLOCKS - 1; number > 0; number--) {
      this.#free.push({ values, indexes, from: number * BLOCK_VALUES, to: 0, second: 0 });
    }
    return { values, indexes, from: 0, to: 0, second: 0 };
  }

  /** Gives all memory back where far less of it was used lately. */
  #shrink(): void {
    if (this.#free.length > 2 * this.#takenMost + SLAB_BLOCKS) this.#free = [];
    this.#takenMost = 0;
  }
}

/** The place behind the values that begin at `from` and are of one tab: hosts record into one again and again. */
function endOfRun(indexes: Uint8Array, from: number, to: number): number {
  const index = indexes[from];
  let end = from + 1;
  while (end < to && indexes[end] === index) end++;
  return end;
}
