// `GET /top`: the busiest tabs, clients or tags of a window. What has no such window, as all-time counters and gauges,
// takes no part. Reads all that is selected, but holds of tabs only the busiest so far, and of clients and tags a
// bounded number of sums.

import { WINDOWS } from "../core/handlers/figures.ts";
import { addCounts, addTotals } from "../core/handlers/sums.ts";
import { limits } from "../core/limits.ts";
import { parseTab } from "../core/names.ts";
import { quote } from "../core/quote.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import type { Found, Query } from "./query.ts";
import { memberOf } from "./rendered.ts";
import { readSelection, type Selection } from "./selection.ts";

const OF = ["tabs", "clients", "tags"] as const;
const BY = ["count", "total"] as const;
const LIMIT = 20;

export interface TopQuestion {
  readonly of: typeof OF[number];
  readonly window: typeof WINDOWS[number];
  readonly by: typeof BY[number];
  /** Rows that are answered. */
  readonly limit: number;
  readonly selection: Selection;
}

export interface TopRow {
  /** Of a tab or client, or `key=value` of a tag. */
  readonly name: string;
  readonly count: number;
  readonly total: number;
}

/** What is left out has its default: the 20 tabs with the highest count of the last minute. */
export function readTop(search: URLSearchParams): Result<TopQuestion, RequestRefusal> {
  const of = readChoice(search, "of", OF);
  if (!of.ok) return of;
  const window = readChoice(search, "window", WINDOWS);
  if (!window.ok) return window;
  const by = readChoice(search, "by", BY);
  if (!by.ok) return by;
  const limit = Number(search.get("limit") ?? LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.topRowsMax) {
    const value = quote(search.get("limit"));
    return refuse(
      "query_illegal",
      `cannot answer as limit must be 1 to ${limits.topRowsMax}: current value is ${value}`,
    );
  }
  const rest = new URLSearchParams(search);
  for (const own of ["of", "window", "by", "limit"]) rest.delete(own);
  const selection = readSelection(rest, ["name", "client", "re", "tag"]);
  if (!selection.ok) return selection;
  return accept({ of: of.value, window: window.value, by: by.value, limit, selection: selection.value });
}

/** The busiest first, those that are as busy by name. Breaks off without an answer that counts once `signal` aborts. */
export async function topRows(
  query: Query,
  question: TopQuestion,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Result<readonly TopRow[], RequestRefusal>> {
  const { of, window, selection } = question;
  const ranking = new Ranking(question);
  const found = of === "clients" ? query.projections(selection) : query.aggregates(selection);
  for await (const one of found) {
    if (signal.aborted) break;
    const activity = activityOf(one, window, now);
    if (activity === undefined) continue;
    for (const name of namesOf(one, of)) ranking.add({ name, ...activity });
    if (ranking.isFull) {
      return refuse(
        "query_illegal",
        `cannot rank more than ${limits.topNamesMax} ${of}: select tabs by name, re or tag`,
      );
    }
  }
  return accept(ranking.rows());
}

/** Undefined where the type has no such window, or nothing was in it. */
function activityOf({ content }: Found, window: string, now: number): Omit<TopRow, "name"> | undefined {
  if (!content.ok) return undefined;
  const cell = memberOf(content.handler.render(content.state, now), window);
  const [count, total] = [memberOf(cell, "count"), memberOf(cell, "total")];
  return typeof count === "number" && typeof total === "number" && count > 0 ? { count, total } : undefined;
}

function namesOf({ name, client }: Found, of: TopQuestion["of"]): readonly string[] {
  switch (of) {
    case "tabs":
      return [name];
    case "clients":
      return [client];
    case "tags":
      return [...parseTab(name).tags].map(([key, value]) => `${key}=${value}`);
  }
}

class Ranking {
  readonly #question: TopQuestion;
  readonly #rowByName = new Map<string, { readonly name: string; count: number; total: number }>();

  constructor(question: TopQuestion) {
    this.#question = question;
  }

  get isFull(): boolean {
    return this.#rowByName.size > limits.topNamesMax;
  }

  add(row: TopRow): void {
    const known = this.#rowByName.get(row.name);
    if (known === undefined) {
      this.#rowByName.set(row.name, { ...row });
    } else {
      known.count = addCounts(known.count, row.count);
      known.total = addTotals(known.total, row.total);
    }
    // A tab comes once, so that what is not among the busiest of those so far never will be.
    if (this.#question.of === "tabs" && this.#rowByName.size >= 4 * limits.topRowsMax) this.#cut();
  }

  rows(): readonly TopRow[] {
    const { by, limit } = this.#question;
    const rows = [...this.#rowByName.values()];
    return rows.sort((a, b) => b[by] - a[by] || (a.name < b.name ? -1 : 1)).slice(0, limit);
  }

  #cut(): void {
    const rows = this.rows();
    this.#rowByName.clear();
    for (const row of rows) this.#rowByName.set(row.name, { ...row });
  }
}

function readChoice<Choice extends string>(
  search: URLSearchParams,
  parameter: string,
  choices: readonly [Choice, ...Choice[]],
): Result<Choice, RequestRefusal> {
  const given = search.get(parameter) ?? choices[0];
  const choice = choices.find((one) => one === given);
  if (choice !== undefined) return accept(choice);
  const must = `${parameter} must be one of ${choices.join(", ")}`;
  return refuse("query_illegal", `cannot answer as ${must}: current value is ${quote(given)}`);
}
