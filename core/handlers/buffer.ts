// Buffer: the values themselves, each until its expiry; the 1,000 with the latest expiry.

import type { Encoded, Json } from "../event.ts";
import { limits } from "../limits.ts";
import { quote } from "../quote.ts";
import { DecodeError, type Handler } from "./handler.ts";
import { compareValues, sizeProblem } from "./values.ts";

interface BufferEntry {
  readonly value: Json;
  readonly time: number;
  readonly expires: number;
}

export interface BufferState {
  /** In the order of `compare`. */
  entries: BufferEntry[];
  /** The newest time: what had expired by then is left out. */
  clock: number;
}

export const buffer: Handler<BufferState, readonly [Json, number]> = {
  type: "Buffer",
  version: 0,

  create: () => ({ entries: [], clock: -Infinity }),

  check(pair) {
    if (!Array.isArray(pair) || pair.length !== 2 || !isFinite(pair[1])) {
      return `must be [value, expiry time]: current value is ${quote(pair)}`;
    }
    return sizeProblem(pair[0]);
  },

  fold(state, time, [value, expires]) {
    state.clock = Math.max(state.clock, time);
    put(state, { value, time, expires });
  },

  reduce(into, from) {
    into.clock = Math.max(into.clock, from.clock);
    for (const entry of from.entries) put(into, entry);
  },

  clamp(state, now) {
    if (state.clock <= now) return;
    const entries = state.entries.map((entry) => entry.time > now ? { ...entry, time: now } : entry);
    state.entries = entries.sort(compare);
    state.clock = now;
  },

  encode(state) {
    sweep(state);
    if (state.clock === -Infinity) return [];
    return [state.clock, ...state.entries.map(({ value, time, expires }) => [value, time, expires])];
  },

  decode,

  render: (state, now) => held(state, now).map(({ value, time }) => [value, time]),

  renderText(state, now) {
    const lines = held(state, now).map(({ value, time }) => JSON.stringify([value, time]));
    return lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}]`;
  },

  detail: (state, now) => held(state, now).map(({ value, time, expires }) => ({ value, time, expires })),

  isEmpty: (state, now) => held(state, now).length === 0,
};

/** Latest expiry first, then latest time; a total order, so that which values are the first 1,000 is no accident. */
function compare(a: BufferEntry, b: BufferEntry): number {
  return b.expires - a.expires || b.time - a.time || compareValues(b.value, a.value);
}

function put(state: BufferState, entry: BufferEntry): void {
  const { entries } = state;
  if (entries.length === limits.bufferValuesMax) {
    if (compare(entry, entries[entries.length - 1]) >= 0) return;
    entries.pop();
  }
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(entry, entries[middle]) < 0) high = middle;
    else low = middle + 1;
  }
  entries.splice(low, 0, entry);
}

/** What has not expired at `now`, or at the State's own clock where that is later. */
function held(state: BufferState, now: number): BufferEntry[] {
  const seen = Math.max(now, state.clock);
  return state.entries.filter(({ expires }) => expires > seen);
}

/** Forgets what has expired by the State's own clock. */
function sweep(state: BufferState): void {
  while (state.entries.length > 0 && state.entries[state.entries.length - 1].expires <= state.clock) {
    state.entries.pop();
  }
}

function decode(encoded: Encoded, version: number): BufferState {
  if (version !== 0) throw new DecodeError(`its version must be 0: current value is ${version}`);
  if (!Array.isArray(encoded)) throw new DecodeError("it must be an array");
  const state = buffer.create("");
  if (encoded.length === 0) return state;
  const [clock, ...rows] = encoded;
  if (!isFinite(clock)) throw new DecodeError(`its clock must be a time: current value is ${quote(clock)}`);
  if (rows.length > limits.bufferValuesMax) {
    throw new DecodeError(`it must have at most ${limits.bufferValuesMax} values: it has ${rows.length}`);
  }
  for (const row of rows) {
    if (!Array.isArray(row) || row.length !== 3) throw new DecodeError("each value must be [value, time, expiry]");
    const [value, time, expires] = row;
    const problem = sizeProblem(value);
    if (problem !== undefined) throw new DecodeError(`a value ${problem}`);
    if (!isFinite(time) || !isFinite(expires)) throw new DecodeError("time and expiry must be finite numbers");
    state.clock = Math.max(state.clock, time);
    put(state, { value, time, expires });
  }
  state.clock = Math.max(state.clock, clock);
  return state;
}

function isFinite(value: Json): value is number {
  return Number.isFinite(value);
}
