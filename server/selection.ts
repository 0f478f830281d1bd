// What a query asks for, out of its URL: which tabs, which clients, and how to reduce them. Owns the meaning of the
// parameters and the messages about bad ones.

import { formatTab, parseTab, type TabParts } from "../core/names.ts";
import { quote } from "../core/quote.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import { RE2JS, RE2JSException } from "re2js";

/** Names that are asked for: all, some, or those that a test lets through. */
export type Names =
  | { readonly kind: "all" }
  | { readonly kind: "exact"; readonly names: ReadonlySet<string> }
  | {
    readonly kind: "test";
    readonly test: (name: string) => boolean;
    /** Names to try before other work has its turn. */
    readonly burst: number;
  };

export interface Selection {
  readonly tabs: Names;
  readonly clients: Names;
  /** Keys of the tags by whose values tabs are reduced together; empty where they are not. */
  readonly by: readonly string[];
}

/** Those after `by` are read by the routes that have them. */
export type Parameter = "name" | "client" | "re" | "tag" | "by" | "of" | "window" | "limit" | "only";

/** Of all patterns of a query, more than any person writes: with more, compiling alone might take a second. */
const PATTERN_CHARACTERS_MAX = 1000;
/** Characters times repetitions of one of them, for the same reason. */
const PATTERN_REPEATED_MAX = 30_000;
/** What all patterns of a query compile to, in RE2's instructions: each takes time for each character of each name. */
const PATTERN_SIZE_MAX = 2000;
/** Instructions times names until other work has its turn: well under a millisecond for most patterns. */
const BURST_SIZE = 1024;

/**
 * `name` and `client` hold names with commas between them, or with `re=1` one regular expression each, which must match
 * the whole name. Any parameter but `re` may be given several times: a name must fit one of them, and have all tags.
 * With `tag` or `by`, `name` means the base name, before the first `;`.
 */
export function readSelection(
  search: URLSearchParams,
  known: readonly Parameter[],
): Result<Selection, RequestRefusal> {
  const unknown = [...new Set(search.keys())].filter((key) => !known.some((parameter) => parameter === key));
  if (unknown.length > 0) {
    const named = unknown.map(quote).join(", ");
    const allowed = known.length === 0 ? "none here" : `${known.join(", ")} here`;
    return refuse(
      "query_illegal",
      `cannot answer as every parameter must be known: ${named} is not; there is ${allowed}`,
    );
  }
  const re = search.getAll("re");
  if (re.some((value) => value !== "0" && value !== "1")) {
    return refuse("query_illegal", `cannot answer as re must be 0 or 1: current value is ${quote(re[0])}`);
  }
  const isPattern = re.at(-1) === "1";
  const characters = [...search.getAll("name"), ...search.getAll("client")].join("").length;
  if (isPattern && characters > PATTERN_CHARACTERS_MAX) {
    const message = `cannot match as the patterns of a query may have ${PATTERN_CHARACTERS_MAX} characters together: ` +
      `current length is ${characters}; ask for fewer or shorter ones`;
    return refuse("query_illegal", message);
  }
  const names = readNames(search, { parameter: "name", isPattern });
  if (!names.ok) return names;
  const clients = readNames(search, { parameter: "client", isPattern });
  if (!clients.ok) return clients;
  const tags = readTags(search.getAll("tag"));
  if (!tags.ok) return tags;
  const by = search.getAll("by").flatMap((keys) => keys.split(","));
  if (by.includes("")) return refuse("query_illegal", "cannot answer as by must name tags: current value is empty");
  const areParts = tags.value.length > 0 || by.length > 0;
  const tabs = areParts ? testOfParts(names.value, tags.value) : names.value;
  return accept({ tabs, clients: clients.value, by });
}

export function isSelected(names: Names, name: string): boolean {
  switch (names.kind) {
    case "all":
      return true;
    case "exact":
      return names.names.has(name);
    case "test":
      return names.test(name);
  }
}

/** The name under which a tab is reduced with others: its base and those of its tags that are asked for. */
export function groupOf(tab: string, by: readonly string[]): string {
  const { base, tags } = parseTab(tab);
  const kept = new Map<string, string>();
  for (const key of by) {
    const value = tags.get(key);
    if (value !== undefined) kept.set(key, value);
  }
  return formatTab(base, kept);
}

function readNames(
  search: URLSearchParams,
  options: { readonly parameter: "name" | "client"; readonly isPattern: boolean },
): Result<Names, RequestRefusal> {
  const { parameter, isPattern } = options;
  const given = search.getAll(parameter);
  if (given.length === 0) return accept({ kind: "all" });
  const values = isPattern ? given : given.flatMap((names) => names.split(","));
  if (values.includes("")) {
    return refuse("query_illegal", `cannot answer as ${parameter} must not be empty: leave it out to ask for all`);
  }
  if (!isPattern) return accept({ kind: "exact", names: new Set(values.sort()) });
  const patterns: RE2JS[] = [];
  let size = 0;
  for (const value of values) {
    const pattern = compile(value);
    if (!pattern.ok) return pattern;
    patterns.push(pattern.value);
    size += pattern.value.programSize();
    if (size > PATTERN_SIZE_MAX) return tooLarge(value);
  }
  const test = (name: string) => patterns.some((pattern) => pattern.matches(name));
  return accept({ kind: "test", test, burst: Math.ceil(BURST_SIZE / size) });
}

/** RE2: its time grows with the length of the name alone, whatever the pattern. */
function compile(pattern: string): Result<RE2JS, RequestRefusal> {
  if (repetitionsOf(pattern) * pattern.length > PATTERN_REPEATED_MAX) return tooLarge(pattern);
  try {
    return accept(RE2JS.compile(pattern));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return refuse("query_illegal", `cannot match ${quote(pattern)}: ${error.message}`);
  }
}

function tooLarge(pattern: string): ReturnType<typeof refuse<"query_illegal">> {
  return refuse("query_illegal", `cannot match ${quote(pattern)} as it repeats too much: ask for a simpler pattern`);
}

/** How often a part of the pattern may be repeated by counts like {1,30}, within each other at most. */
function repetitionsOf(pattern: string): number {
  let repetitions = 1;
  for (const [, min, max] of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) repetitions *= Math.max(1, Number(max || min));
  // RE2 itself refuses more.
  return Math.min(repetitions, 1000);
}

function readTags(given: readonly string[]): Result<readonly (readonly [string, string])[], RequestRefusal> {
  const tags: (readonly [string, string])[] = [];
  for (const text of given) {
    const equals = text.indexOf("=");
    if (equals <= 0) {
      return refuse("query_illegal", `cannot answer as tag must be key=value: current value is ${quote(text)}`);
    }
    tags.push([text.slice(0, equals), text.slice(equals + 1)]);
  }
  return accept(tags);
}

function testOfParts(bases: Names, tags: readonly (readonly [string, string])[]): Names {
  const hasTags = (parts: TabParts) => tags.every(([key, value]) => parts.tags.get(key) === value);
  return {
    kind: "test",
    burst: bases.kind === "test" ? bases.burst : BURST_SIZE / 8,
    test(name) {
      const parts = parseTab(name);
      return isSelected(bases, parts.base) && hasTags(parts);
    },
  };
}
