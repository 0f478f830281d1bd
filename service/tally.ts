// Counts by reason, for the figures that a program shows of itself. The reasons are from closed lists.

export class Tally {
  readonly #countByReason = new Map<string, number>();

  add(reason: string, count = 1): void {
    this.#countByReason.set(reason, (this.#countByReason.get(reason) ?? 0) + count);
  }

  toJson(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#countByReason);
  }
}
