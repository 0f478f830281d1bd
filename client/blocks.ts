// Recorded numbers until they are folded: blocks of one big column, which groups of tabs share and chain. So a plain
// record writes where its group wrote a moment ago, however many tabs there are: a place of its own for each of many
// thousand tabs would be in no cache. A group's blocks are sorted by tab when they are folded, and taken back.

/** Tabs of a group, by their slots: group g has those from `g * GROUP_TABS` on. A power of two, and a byte names one. */
export const GROUP_TABS = 128;
const GROUP_BITS = Math.log2(GROUP_TABS);
/** Values of a block. A power of two. */
export const BLOCK_VALUES = 256;
const BLOCK_BITS = Math.log2(BLOCK_VALUES);
/** Each with a byte that says whose it is. */
export const BLOCK_BYTES = 9 * BLOCK_VALUES;
/** Blocks of one chain, at most: to sort and fold them takes a millisecond or two. */
export const CHAIN_BLOCKS_MAX = 256;

/** The group of a slot. Group 0 is nobody's. */
export function groupOf(slot: number): number {
  return slot >> GROUP_BITS;
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

/** Blocks are numbered from 1, 0 is none; the values of block b have the places from `b * BLOCK_VALUES` on. */
export class Blocks {
  /** By group: where its next value goes. A multiple of BLOCK_VALUES: nowhere, as there is no block, or it is full. */
  next = new Int32Array(2);
  /** By group: the clock's epoch for which its newest block was begun; while that lasts, values may be written there. */
  epochs = new Int32Array(2);
  /** By place: the value, and the slot of its tab, of which the low bits are kept. */
  values = new Float64Array(8 * BLOCK_VALUES);
  slots = new Uint8Array(8 * BLOCK_VALUES);
  /** Blocks taken. */
  taken = 0;
  /** Values in all blocks but the newest of each group. */
  #closedValues = 0;
  /** By group: how many blocks it has. */
  #lengths = new Int32Array(2);
  /** By block: the second of its values, and what `next` was before it. */
  #seconds = new Float64Array(8);
  #previous = new Int32Array(8);
  /** Blocks given back: the last one is the likeliest to be in the cache. Those from `#fresh` on were never taken. */
  readonly #free: number[] = [];
  #fresh = 1;

  /** Makes room for a group, which must come before all that is done with it. */
  reach(group: number): void {
    if (group < this.next.length) return;
    this.next = grown(this.next, 2 * group);
    this.epochs = grown(this.epochs, 2 * group);
    this.#lengths = grown(this.#lengths, 2 * group);
  }

  /** Values held. O(groups). */
  get events(): number {
    let events = this.#closedValues;
    for (let group = 1; group < this.next.length; group++) events += valuesBefore(this.next[group]);
    return events;
  }

  lengthOf(group: number): number {
    return this.#lengths[group];
  }

  /** Begins another block with a value of the tab in `slot`. What was free in the block before stays so. */
  begin(slot: number, value: number, { second, epoch }: { readonly second: number; readonly epoch: number }): void {
    const group = groupOf(slot);
    const block = this.#free.pop() ?? this.#makeFresh();
    this.#seconds[block] = second;
    this.#previous[block] = this.next[group];
    this.#closedValues += valuesBefore(this.next[group]);
    this.#lengths[group]++;
    this.taken++;
    const place = block * BLOCK_VALUES;
    this.values[place] = value;
    this.slots[place] = slot;
    this.next[group] = place + 1;
    this.epochs[group] = epoch;
  }

  /** Ends all blocks: each group has to begin another one. */
  closeAll(): void {
    this.epochs.fill(0);
  }

  /** By index: 1 for the tabs of a group that have values. */
  usedBy(group: number): Uint8Array {
    const used = new Uint8Array(GROUP_TABS);
    for (const { from, to } of this.#chain(group)) {
      for (let place = from; place < to; place++) used[this.slots[place] & (GROUP_TABS - 1)] = 1;
    }
    return used;
  }

  /** Takes a group's blocks back and what is in them out, sorted: by counting, as the tabs are few. */
  drain(group: number, into: Sorted): void {
    const { starts } = into;
    const { values, slots } = this;
    const chain = [...this.#chain(group)];
    starts.fill(0);
    // First starts[index + 2] counts the values of tab `index`; then starts[index + 1] is where its next value goes.
    for (const { from, to } of chain) {
      for (let place = from; place < to;) {
        const end = endOfRun(slots, place, to);
        starts[(slots[place] & (GROUP_TABS - 1)) + 2] += end - place;
        place = end;
      }
    }
    for (let index = 1; index < starts.length; index++) starts[index] += starts[index - 1];
    const count = starts[GROUP_TABS + 1];
    into.reserve(count);
    const { values: sorted, times } = into;
    for (const { block, from, to } of chain) {
      const second = this.#seconds[block];
      for (let place = from; place < to;) {
        const end = endOfRun(slots, place, to);
        const index = (slots[place] & (GROUP_TABS - 1)) + 1;
        let at = starts[index];
        for (; place < end; place++, at++) {
          sorted[at] = values[place];
          times[at] = second;
        }
        starts[index] = at;
      }
      this.#free.push(block);
    }
    this.taken -= chain.length;
    this.#closedValues -= count - valuesBefore(this.next[group]);
    this.#lengths[group] = 0;
    this.next[group] = 0;
  }

  /** The blocks of a group, the newest first, with the places of their values. */
  *#chain(group: number): Generator<{ readonly block: number; readonly from: number; readonly to: number }> {
    for (let next = this.next[group]; next !== 0;) {
      const block = (next - 1) >> BLOCK_BITS;
      yield { block, from: block * BLOCK_VALUES, to: next };
      next = this.#previous[block];
    }
  }

  #makeFresh(): number {
    const block = this.#fresh++;
    if (block === this.#seconds.length) {
      const blocks = block + (block >> 1);
      this.values = grown(this.values, blocks * BLOCK_VALUES);
      this.slots = grown(this.slots, blocks * BLOCK_VALUES);
      this.#seconds = grown(this.#seconds, blocks);
      this.#previous = grown(this.#previous, blocks);
    }
    return block;
  }
}

/** The place behind the values that begin at `from` and are of one tab: hosts record into one again and again. */
function endOfRun(slots: Uint8Array, from: number, to: number): number {
  const slot = slots[from];
  let end = from + 1;
  while (end < to && slots[end] === slot) end++;
  return end;
}

/** Values that a block has which is written up to `next`; 0: there is no block. */
function valuesBefore(next: number): number {
  return next === 0 ? 0 : ((next - 1) & (BLOCK_VALUES - 1)) + 1;
}

/** The column in a longer array. */
function grown<Column extends Float64Array | Int32Array | Uint8Array>(column: Column, length: number): Column;
function grown(column: Float64Array | Int32Array | Uint8Array, length: number): Float64Array | Int32Array | Uint8Array {
  const longer = column instanceof Float64Array
    ? new Float64Array(length)
    : column instanceof Int32Array
    ? new Int32Array(length)
    : new Uint8Array(length);
  longer.set(column);
  return longer;
}
