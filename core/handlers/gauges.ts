// Gauge and ExpiryGauge: the last value of each client, shown as how many clients hold each value.

import type { Encoded, Json } from "../event.ts";
import { limits } from "../limits.ts";
import { quote } from "../quote.ts";
import { layOut, record } from "./figures.ts";
import { DecodeError, type Handler } from "./handler.ts";
import { compareValues, sizeProblem } from "./values.ts";

type GaugeValue = string | number;

interface Entry {
  readonly value: GaugeValue;
  readonly time: number;
  /** When it stops counting; a Gauge's does not. */
  readonly expires: number;
}

/** The last entry of each client, those aside that had been forgotten when the newest was set. */
export interface GaugeState {
  /** Whose events are folded in. */
  readonly client: string;
  readonly entryByClient: Map<string, Entry>;
  /** The newest time. */
  clock: number;
  /** The forgotten are looked for when there are so many entries. */
  sweepAt: number;
}

/** What tells the two types apart: how an event becomes an entry, and how an entry is encoded. */
interface Kind<Value> {
  readonly type: string;
  /** An entry is forgotten so long after its time, expired or not: all that is older is as well. */
  readonly forgottenS: number;
  check(value: Json): string | undefined;
  entry(time: number, value: Value): Entry;
  /** What stands behind the client in the encoding. */
  columns(entry: Entry): readonly Json[];
  /** The entry that `columns` made, or undefined where they are anything else. */
  fromColumns(columns: readonly Json[]): Entry | undefined;
}

const SWEEP_MIN = 64;

export const gauge: Handler<GaugeState, GaugeValue> = gaugeHandler({
  type: "Gauge",
  forgottenS: limits.gaugeForgottenS,
  check: gaugeValueProblem,
  entry: gaugeEntry,
  columns: ({ time, value }) => [time, value],
  fromColumns([time, value, ...more]) {
    if (!isTime(time) || !isGaugeValue(value) || more.length > 0) return undefined;
    return gaugeEntry(time, value);
  },
});

export const expiryGauge: Handler<GaugeState, readonly [GaugeValue, number]> = gaugeHandler({
  type: "ExpiryGauge",
  forgottenS: limits.expiryGaugeForgottenS,
  check(pair) {
    if (!Array.isArray(pair) || pair.length !== 2 || !isTime(pair[1])) {
      return `must be [value, expiry time]: current value is ${quote(pair)}`;
    }
    return gaugeValueProblem(pair[0]);
  },
  entry: (time, [value, expires]) => ({ time, value, expires }),
  columns: ({ time, value, expires }) => [time, value, expires],
  fromColumns([time, value, expires, ...more]) {
    if (!isTime(time) || !isGaugeValue(value) || !isTime(expires) || more.length > 0) return undefined;
    return { time, value, expires };
  },
});

function gaugeHandler<Value>(kind: Kind<Value>): Handler<GaugeState, Value> {
  return {
    type: kind.type,
    version: 0,

    create: newState,

    check: (value) => kind.check(value),

    fold(state, time, value) {
      put(kind, state, { client: state.client, entry: kind.entry(time, value) });
    },

    reduce(into, from) {
      for (const [client, entry] of from.entryByClient) put(kind, into, { client, entry });
    },

    clamp(state, now) {
      if (state.clock <= now) return;
      for (const [client, entry] of state.entryByClient) {
        if (entry.time > now) state.entryByClient.set(client, { ...entry, time: now });
      }
      state.clock = now;
    },

    encode(state) {
      sweep(kind, state);
      const clients = [...state.entryByClient].sort(([a], [b]) => a < b ? -1 : 1);
      return clients.map(([client, entry]) => [client, ...kind.columns(entry)]);
    },

    decode(encoded, version) {
      return decode(kind, encoded, version);
    },

    render: (state, now) => record(holders(kind, state, now)),

    renderText: (state, now) => layOut(holders(kind, state, now).map(([value, count]) => [value, String(count)])),

    detail(state, now) {
      const seen = Math.max(now, state.clock);
      const held = [...state.entryByClient].filter(([, entry]) => isHeld(kind, entry, seen));
      return record(held.map(([client, entry]) => [client, kind.columns(entry)] as const));
    },

    isEmpty(state, now) {
      const seen = Math.max(now, state.clock);
      for (const entry of state.entryByClient.values()) if (isHeld(kind, entry, seen)) return false;
      return true;
    },
  };
}

function newState(client: string): GaugeState {
  return { client, entryByClient: new Map(), clock: -Infinity, sweepAt: SWEEP_MIN };
}

function gaugeEntry(time: number, value: GaugeValue): Entry {
  return { time, value, expires: Infinity };
}

function put<Value>(
  kind: Kind<Value>,
  state: GaugeState,
  set: { readonly client: string; readonly entry: Entry },
): void {
  const { client, entry } = set;
  const known = state.entryByClient.get(client);
  if (known !== undefined && !isLater(entry, known)) return;
  state.entryByClient.set(client, entry);
  state.clock = Math.max(state.clock, entry.time);
  if (state.entryByClient.size >= state.sweepAt) {
    sweep(kind, state);
    state.sweepAt = Math.max(SWEEP_MIN, 2 * state.entryByClient.size);
  }
}

/** Ties are broken by what they hold, so that the order of events never shows. */
function isLater(a: Entry, b: Entry): boolean {
  if (a.time !== b.time) return a.time > b.time;
  if (a.expires !== b.expires) return a.expires > b.expires;
  return compareValues(a.value, b.value) > 0;
}

/** Forgets what is forgotten by the State's own clock: no later clock would show it again. */
function sweep<Value>(kind: Kind<Value>, state: GaugeState): void {
  for (const [client, { time }] of state.entryByClient) {
    if (state.clock - time >= kind.forgottenS) state.entryByClient.delete(client);
  }
}

function isHeld<Value>(kind: Kind<Value>, { time, expires }: Entry, now: number): boolean {
  return expires > now && now - time < kind.forgottenS;
}

/** Values with how many clients hold them, in the order of their texts. */
function holders<Value>(kind: Kind<Value>, state: GaugeState, now: number): [string, number][] {
  const seen = Math.max(now, state.clock);
  const countByValue = new Map<string, number>();
  for (const entry of state.entryByClient.values()) {
    if (!isHeld(kind, entry, seen)) continue;
    const key = String(entry.value);
    countByValue.set(key, (countByValue.get(key) ?? 0) + 1);
  }
  return [...countByValue].sort(([a], [b]) => a < b ? -1 : 1);
}

function decode<Value>(kind: Kind<Value>, encoded: Encoded, version: number): GaugeState {
  if (version !== 0) throw new DecodeError(`its version must be 0: current value is ${version}`);
  if (!Array.isArray(encoded)) throw new DecodeError("it must be an array");
  const state = newState("");
  for (const row of encoded) {
    if (!Array.isArray(row)) throw new DecodeError("it must be an array of arrays");
    const [client, ...columns] = row;
    if (typeof client !== "string" || client.length > limits.nameCharactersMax) {
      throw new DecodeError(`a client must be a name: current value is ${quote(client)}`);
    }
    const entry = kind.fromColumns(columns);
    if (entry === undefined) throw new DecodeError(`client ${quote(client)} must be followed by time and value`);
    if (state.entryByClient.has(client)) throw new DecodeError(`client ${quote(client)} must stand there once`);
    put(kind, state, { client, entry });
  }
  return state;
}

function gaugeValueProblem(value: Json): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") {
    return `must be a string or a number: current value is ${quote(value)}`;
  }
  return sizeProblem(value);
}

function isGaugeValue(value: Json | undefined): value is GaugeValue {
  return value !== undefined && gaugeValueProblem(value) === undefined;
}

function isTime(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
