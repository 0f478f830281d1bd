// The numeric events of one line in two columns of doubles, used again for the next line.

import type { NumericEvents } from "../event.ts";

const CAPACITY_FIRST = 1024;

/** Scratch space that grows to the longest line seen, which the limit for a line bounds. */
export class Columns {
  times: Float64Array = new Float64Array(CAPACITY_FIRST);
  values: Float64Array = new Float64Array(CAPACITY_FIRST);

  /** Makes room for twice as many events, keeping those that are there. */
  grow(): void {
    this.times = doubled(this.times);
    this.values = doubled(this.values);
  }

  /** The first `count` events, valid until the columns are filled again. */
  events(count: number): NumericEvents {
    return { kind: "numbers", count, times: this.times, values: this.values };
  }
}

function doubled(column: Float64Array): Float64Array {
  const grown = new Float64Array(2 * column.length);
  grown.set(column);
  return grown;
}
