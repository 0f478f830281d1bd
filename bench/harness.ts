// How all figures are made: the same work in several rounds after a warm-up, of which the median, the slowest and the
// fastest are shown. Bench scripts are run one at a time with `deno run`; nothing in tests depends on their figures.

export interface MeasureOptions {
  /** What is counted, in the plural: "events". */
  readonly unit: string;
  /** One round. Answers how many units it did; should take some tens of milliseconds or more. */
  readonly work: () => number | Promise<number>;
  /** Rounds that count; as many as a third of them are done first to warm up. Default 9. */
  readonly rounds?: number;
}

/** Units a second over the rounds of one `measure`. */
export interface Measured {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Runs `work` in rounds and prints one line: name, then median, min and max units a second. */
export async function measure(name: string, options: MeasureOptions): Promise<Measured> {
  const rounds = options.rounds ?? 9;
  for (let round = 0; round < Math.ceil(rounds / 3); round++) await options.work();
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = performance.now();
    // Awaited only where it is needed: a microtask between rounds would be noise for nothing.
    const outcome = options.work();
    const units = typeof outcome === "number" ? outcome : await outcome;
    rates.push(units / ((performance.now() - before) / 1000));
  }
  rates.sort((a, b) => a - b);
  const measured = { median: rates[rates.length >> 1], min: rates[0], max: rates[rates.length - 1] };
  const range = `min ${rate(measured.min)}, max ${rate(measured.max)}`;
  console.log(`${name.padEnd(56)} ${rate(measured.median).padStart(8)} ${options.unit}/s   (${range})`);
  return measured;
}

/** A title between groups of lines. */
export function title(text: string): void {
  console.log(`\n${text}`);
}

/** Prints a figure that is not a rate, e.g. the size of an encoding, aligned with the lines of `measure`. */
export function report(name: string, figure: string): void {
  console.log(`${name.padEnd(56)} ${figure}`);
}

function rate(perSecond: number): string {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(perSecond >= 1e8 ? 0 : 1)} M`;
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(perSecond >= 1e5 ? 0 : 1)} k`;
  return perSecond.toFixed(1);
}
