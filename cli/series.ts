// One tab over the last minute, second by second: rates of what is counted, levels of what is not.

import type { Figure } from "./figure.ts";
import { listAt, numberAt } from "./json.ts";

export const POINTS = 60;

export class Series {
  readonly #points: (number | undefined)[] = Array(POINTS).fill(undefined);
  #last: { readonly asOf: number; readonly counted: number | undefined } | undefined;

  /** Each second of the last minute, the newest last; undefined where nothing is known of it. */
  get points(): readonly (number | undefined)[] {
    return this.#points;
  }

  get latest(): number | undefined {
    return this.#points.at(-1);
  }

  /** Before anything was seen: the last minute as the cells of `application/json-detailed` have it. */
  fill(asOf: number, detail: unknown): void {
    const cells = listAt(detail, "cells").flatMap((cell) => {
      const [start, width, count] = ["start", "width", "count"].map((name) => numberAt(cell, name));
      return start === undefined || !width || count === undefined ? [] : [{ start, width, count }];
    });
    if (cells.length === 0) return;
    const first = Math.floor(asOf) - POINTS + 1;
    for (let point = 0; point < POINTS; point++) {
      const second = first + point;
      const cell = cells.find(({ start, width }) => start <= second && second < start + width);
      this.#points[point] = cell === undefined ? 0 : cell.count / cell.width;
    }
  }

  /** What was seen at a time. Of the seconds since the time before each gets its share. */
  add(asOf: number, { counted, level }: Figure): void {
    const last = this.#last;
    if (last !== undefined && asOf <= last.asOf) return;
    this.#last = { asOf, counted };
    const seconds = last === undefined ? 1 : asOf - last.asOf;
    const steps = Math.min(POINTS, Math.max(1, Math.round(seconds)));
    const point = counted === undefined ? level : rate(last?.counted, counted, seconds);
    for (let step = 0; step < steps; step++) {
      this.#points.shift();
      // What level there was in seconds not seen nobody knows.
      this.#points.push(counted === undefined && step < steps - 1 ? undefined : point);
    }
  }
}

/** A count falls when a part of the day leaves its window, or when the tab began anew: then the rate is not known. */
function rate(before: number | undefined, now: number, seconds: number): number | undefined {
  return before === undefined || now < before ? undefined : (now - before) / seconds;
}
