// Holds what Taba answers against the books of the service that recorded: counts to the event, totals up to the
// rounding of floating-point addition, percentiles within the sketch's relative accuracy.

/** The percentiles that every `pct` lists. */
const QUANTILES = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
const RELATIVE_ACCURACY = 0.005;
const ROUNDING = 1e-9;

/** The parts of a rendered CounterGroup or PercentileGroup that the check looks at. */
export interface Answer {
  readonly count: number;
  readonly total: number;
  readonly pct: readonly number[];
}

/** Reads the last day's figures from the JSON of a CounterGroup (one `pct` for all) or a PercentileGroup. */
export function lastDay(rendered: unknown): Answer | undefined {
  if (!isRecord(rendered) || !isRecord(rendered["1d"])) return undefined;
  const { count, total, pct = rendered.pct } = rendered["1d"];
  if (typeof count !== "number" || typeof total !== "number" || !isNumbers(pct)) return undefined;
  return { count, total, pct };
}

/** What is wrong with an answer, a sentence a difference; none where it agrees with the values recorded. */
export function differences(values: readonly number[], answer: Answer): readonly string[] {
  const found: string[] = [];
  const sorted = values.toSorted((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  if (answer.count !== values.length) found.push(`count is ${answer.count}, the books say ${values.length}`);
  if (!isNear(answer.total, total, ROUNDING)) found.push(`total is ${answer.total}, the books say ${total}`);
  QUANTILES.forEach((quantile, index) => {
    const exact = sorted[Math.floor(quantile * (sorted.length - 1))] ?? NaN;
    if (isNear(answer.pct[index] ?? NaN, exact, RELATIVE_ACCURACY + ROUNDING)) return;
    found.push(`percentile ${quantile * 100} is ${answer.pct[index]}, the books say ${exact}`);
  });
  return found;
}

function isNear(value: number, exact: number, relative: number): boolean {
  return Math.abs(value - exact) <= relative * Math.abs(exact);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length === QUANTILES.length && value.every((one) => typeof one === "number");
}
