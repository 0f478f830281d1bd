// How tests of processes wait: for a condition, up to a deadline.

export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `holds` answers true; what it throws means not yet. Answers how long it took. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  options: { readonly ms?: number; readonly what: string },
): Promise<number> {
  const { ms = 30_000, what } = options;
  const begun = performance.now();
  for (let last: unknown;;) {
    try {
      if (await holds()) return performance.now() - begun;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > begun + ms) throw new Error(`Waited ${ms} ms in vain until ${what}`, { cause: last });
    await pass(20);
  }
}
