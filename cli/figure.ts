// A State as `/tabs` renders it, read for a line of `taba-cli watch`: by its shape, since handlers of one's own render
// as they like.

import { at, entriesAt, numberAt, textAt } from "./json.ts";
import { formatCount } from "./numbers.ts";

export interface Figure {
  /** How many events there were, of a day or of all time: its growth is a rate. Undefined for what is no count. */
  readonly counted: number | undefined;
  /** What is shown over time of that which is no count. */
  readonly level: number | undefined;
  /** Of the last minute, or of all time where the type has no windows. */
  readonly count: number | undefined;
  readonly total: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** In place of a rate. */
  readonly text: string | undefined;
}

const NOTHING: Figure = {
  ...{ counted: undefined, level: undefined, count: undefined, total: undefined, p50: undefined, p99: undefined },
  text: undefined,
};
/** Where `pct` has them. */
const [P50_INDEX, P99_INDEX] = [1, 5];

export function figureOf(value: unknown): Figure {
  if (Array.isArray(value)) return { ...NOTHING, level: value.length, text: `${formatCount(value.length)} values` };
  const error = textAt(value, "error");
  if (error !== undefined) return { ...NOTHING, text: error };
  if (at(value, "1m") !== undefined) {
    return { ...totalsOf(at(value, "1m"), at(value, "1m", "pct") ?? at(value, "pct")), counted: count(value, "1d") };
  }
  const isTotals = at(value, "average") !== undefined || at(value, "pct") !== undefined;
  if (isTotals) return { ...totalsOf(value, at(value, "pct")), counted: count(value) };
  return gaugeOf(entriesAt(value));
}

function totalsOf(value: unknown, pct: unknown): Figure {
  const percentile = (index: number) => {
    const found: unknown = Array.isArray(pct) ? pct[index] : undefined;
    return typeof found === "number" ? found : undefined;
  };
  return {
    ...NOTHING,
    count: numberAt(value, "count"),
    total: numberAt(value, "total"),
    p50: percentile(P50_INDEX),
    p99: percentile(P99_INDEX),
  };
}

function count(value: unknown, ...keys: readonly string[]): number | undefined {
  return numberAt(value, ...keys, "count");
}

/** Values with how many clients hold each: their mean where all are numbers, else the number of clients. */
function gaugeOf(entries: readonly (readonly [string, unknown])[]): Figure {
  const held = entries.flatMap(([value, clients]) => typeof clients === "number" ? [{ value, clients }] : []);
  if (held.length === 0) return { ...NOTHING, text: entries.length === 0 ? "nothing" : "" };
  const clients = held.reduce((sum, each) => sum + each.clients, 0);
  const sum = held.reduce((sum, { value, clients }) => sum + (value === "" ? NaN : Number(value)) * clients, 0);
  const text = held.map(({ value, clients }) => clients === 1 ? value : `${value} ×${clients}`).join(", ");
  return { ...NOTHING, level: Number.isFinite(sum) ? sum / Math.max(1, clients) : clients, text };
}
