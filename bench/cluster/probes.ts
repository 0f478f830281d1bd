// Probe tabs: the application records one event in a tab that was never there, and says when; here queries ask for all
// that were not seen yet, again and again, until each has been seen.

import type { Program } from "../../tools/program.ts";
import { request } from "../../tests/cluster/request.ts";

/** Queries are work for the servers as well: between two of them is nine times what one takes, within these bounds. */
const PAUSE_SHARE = 9;
const [PAUSE_MS_MIN, PAUSE_MS_MAX] = [25, 250];

export interface Delays {
  /** From the record to the answer of the query that showed it, in ascending order. */
  readonly delaysMs: readonly number[];
  readonly unseen: number;
}

/** Asks until all that was recorded has been seen, or until the process is `deadline` milliseconds old. */
export async function watchProbes(
  application: Program,
  options: { readonly url: string; readonly recorded: AbortSignal; readonly deadline: number },
): Promise<Delays> {
  const delaysMs: number[] = [];
  const seen = new Set<string>();
  for (;;) {
    const isOver = options.recorded.aborted;
    const waiting = [...application.output.matchAll(/^probe (\d+) (\d+)$/gm)].filter(([, number]) => !seen.has(number));
    if (isOver && (waiting.length === 0 || performance.now() > options.deadline)) {
      return { delaysMs: delaysMs.sort((a, b) => a - b), unseen: waiting.length };
    }
    const asked = performance.now();
    for (const number of await ask(options.url, waiting.map(([, number]) => number))) {
      const time = waiting.find(([, one]) => one === number)?.[2];
      delaysMs.push(Date.now() - Number(time));
      seen.add(number);
    }
    const pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, PAUSE_SHARE * (performance.now() - asked)));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Which of these are visible. */
async function ask(url: string, numbers: readonly string[]): Promise<readonly string[]> {
  if (numbers.length === 0) return [];
  const names = numbers.map((number) => `probe_${number}`).join(",");
  const { status, text } = await request(`${url}/tabs?name=${names}`);
  if (status !== 200) return [];
  return numbers.filter((number) => text.includes(`probe_${number}:`));
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
