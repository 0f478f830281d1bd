// Tables as lines of text that fit a width: first texts are cut that may be, then the columns that matter least go.

import type { Style } from "./style.ts";
import { clean, cut, padEnd, padStart, widthOf } from "./text_width.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: "right";
  /** Its texts may be cut to this width; others are shown whole or not at all. */
  readonly widthMin?: number;
  /** What is cut is the beginning, as of a row of points in time. */
  readonly keepsEnd?: true;
  /** Left out where there is no room: the highest first, those without never. */
  readonly leaveOut?: number;
  readonly paint?: (text: string) => string;
}

const GAP = "  ";

/** The titles and a line for each row. A row has a text for each column. */
export function layOutTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly style: Style },
): readonly string[] {
  const { width, style } = options;
  const all = columns.map((column, index) => {
    const cells = rows.map((row) => clean(row[index] ?? ""));
    return { column, cells, width: widest([column.title, ...cells]) };
  });
  const shown = fit(all, width);
  const line = (cellOf: (index: number) => string, paintOf: (column: Column) => (text: string) => string) =>
    shown.map(({ column, width }, index) => {
      const isLast = index === shown.length - 1;
      return paintOf(column)(place(cellOf(index), column, { width, isLast }));
    }).join(GAP);
  const none = (text: string) => text;
  return [
    line((index) => shown[index].column.title, () => style.bold),
    ...rows.map((_, row) => line((index) => shown[index].cells[row], (column) => column.paint ?? none)),
  ];
}

interface Measured {
  readonly column: Column;
  readonly cells: readonly string[];
  readonly width: number;
}

/** Arguments of a call have a limit; rows have none. */
function widest(cells: readonly string[]): number {
  return cells.reduce((width, cell) => Math.max(width, widthOf(cell)), 0);
}

function fit(all: readonly Measured[], width: number): readonly Measured[] {
  let shown = all;
  while (leastWidth(shown) > width) {
    const dispensable = shown.filter(({ column }) => column.leaveOut !== undefined);
    if (dispensable.length === 0) break;
    const least = dispensable.reduce((a, b) => (b.column.leaveOut ?? 0) >= (a.column.leaveOut ?? 0) ? b : a);
    shown = shown.filter((measured) => measured !== least);
  }
  let room = width - leastWidth(shown);
  let left = width;
  return shown.map((measured, index) => {
    const least = leastOf(measured);
    const more = Math.max(0, Math.min(measured.width - least, room));
    room -= more;
    // Where even the least is too wide, what stands on the left has its width and the rest what is left.
    const given = Math.max(0, Math.min(least + more, left));
    left -= given + (index < shown.length - 1 ? GAP.length : 0);
    return { ...measured, width: given };
  }).filter(({ width }) => width > 0);
}

function leastWidth(shown: readonly Measured[]): number {
  return shown.reduce((sum, measured) => sum + leastOf(measured), 0) + GAP.length * Math.max(0, shown.length - 1);
}

function leastOf({ column, width }: Measured): number {
  return Math.min(width, Math.max(column.widthMin ?? width, widthOf(column.title)));
}

function place(
  text: string,
  { align, keepsEnd }: Column,
  { width, isLast }: { readonly width: number; readonly isLast: boolean },
): string {
  const cell = keepsEnd && widthOf(text) > width ? text.slice(-width) : cut(text, width);
  if (align === "right") return padStart(cell, width);
  return isLast ? cell : padEnd(cell, width);
}
