// What a program can be told: one table of settings, read from flags, then TABA_* environment variables, then a file,
// then defaults. Owns the messages about bad values and the help text; never exits and never prints.

import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { type Kind, readText, shown } from "./setting_kinds.ts";

export interface Setting<Value> {
  readonly kind: Kind<Value>;
  readonly default: Value;
  readonly help: string;
}

/** Settings by name in camelCase: `flushMs` is the flag `--flush-ms`, the variable `TABA_FLUSH_MS`, the key `flushMs`. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

export type Settings<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** A default of undefined says that the setting may be absent. */
export function setting<Value, const Default extends Value | undefined>(
  kind: Kind<Value>,
  options: { readonly default: Default; readonly help: string },
): Setting<Value | Default> {
  return { kind, ...options };
}

/** What a program says about itself in `--help` and `--version`. */
export interface About {
  /** As it is typed, e.g. "taba-agent". */
  readonly name: string;
  readonly version: string;
  /** One sentence. */
  readonly summary: string;
}

export interface Sources {
  readonly args: readonly string[];
  readonly env: (name: string) => string | undefined;
  /** The text of the file that `--config` names. @throws {Error} where it can't be read */
  readonly readFile: (path: string) => string;
}

export type SettingsRead<Table extends SettingTable> =
  | { readonly kind: "settings"; readonly settings: Settings<Table> }
  /** `--help` or `--version`: print the text and end well. */
  | { readonly kind: "told"; readonly text: string }
  /** One line for the user; nothing was started. */
  | { readonly kind: "problem"; readonly message: string };

export function readSettings<const Table extends SettingTable>(
  table: Table,
  options: { readonly about: About; readonly sources: Sources },
): SettingsRead<Table> {
  const { about, sources } = options;
  const { given, unexpected } = readFlags(table, sources.args);
  if (given.has("help")) return { kind: "told", text: helpOf(table, about) };
  if (given.has("version")) return { kind: "told", text: `${about.name} ${about.version}` };
  if (unexpected.length > 0) return { kind: "problem", message: unknownProblem("arguments", unexpected) };

  const path = find("config", { given, env: sources.env })?.text;
  const file = path === undefined ? { values: {} } : readFile(table, { path, read: sources.readFile });
  if ("problem" in file) return { kind: "problem", message: file.problem };

  const settings: Record<string, unknown> = {};
  for (const [name, { kind, default: fallback }] of Object.entries(table)) {
    settings[name] = file.values[name] ?? fallback;
    const found = kind.isFileOnly ? undefined : find(name, { given, env: sources.env });
    if (found === undefined) continue;
    const value = readText(kind, found.text);
    if (value === undefined) {
      return { kind: "problem", message: valueProblem(found.at, { ...kind, value: found.text }) };
    }
    settings[name] = value;
  }
  // Every name of the table was just given a value of its own setting.
  return { kind: "settings", settings: settings as Settings<Table> };
}

interface GivenFlags {
  /** Texts by flag, `help`, `version` and `config` among them. */
  readonly given: ReadonlyMap<string, string>;
  readonly unexpected: readonly string[];
}

function readFlags(table: SettingTable, args: readonly string[]): GivenFlags {
  const names = Object.keys(table).filter((name) => !table[name].kind.isFileOnly);
  const flags = names.filter((name) => table[name].kind.isFlag).map(kebab);
  const texts = ["config", ...names.map(kebab)];
  const unexpected: string[] = [];
  const parsed: Record<string, unknown> = parseArgs(joinEmpty(spellFlags(args, flags), texts), {
    boolean: ["help", "version"],
    string: texts,
    collect: texts,
    unknown: (arg) => {
      unexpected.push(arg);
      return false;
    },
  });
  if (Array.isArray(parsed._)) unexpected.push(...parsed._.map(String));

  const given = new Map<string, string>();
  for (const flag of ["help", "version"]) if (parsed[flag] === true) given.set(flag, "true");
  for (const name of ["config", ...names]) {
    const values = parsed[kebab(name)];
    if (!Array.isArray(values) || values.length === 0) continue;
    // A list takes all that was given; of anything else the last counts, so that a preset can be overridden.
    given.set(kebab(name), table[name]?.kind.repeats ? values.join(",") : String(values.at(-1)));
  }
  return { given, unexpected };
}

/** A flag that stands alone means true; the value of any other is read as that of a variable is. */
function spellFlags(args: readonly string[], flags: readonly string[]): string[] {
  return args.map((arg, index) => {
    const isAlone = flags.some((name) => arg === `--${name}`) && !["true", "false"].includes(args[index + 1]);
    return isAlone ? `${arg}=true` : arg;
  });
}

/** `--token ""`, as of a variable of a shell that is not set, as one argument: parseArgs sees no text in an empty one. */
function joinEmpty(args: readonly string[], texts: readonly string[]): string[] {
  const isOption = (arg = "") => texts.some((name) => arg === `--${name}`);
  return args.flatMap((arg, index) => {
    if (arg === "" && isOption(args[index - 1])) return [];
    return isOption(arg) && args[index + 1] === "" ? [`${arg}=`] : [arg];
  });
}

/** The text of a setting and the name under which the user gave it. An empty variable counts as not set. */
function find(
  name: string,
  sources: { readonly given: ReadonlyMap<string, string>; readonly env: Sources["env"] },
): { readonly at: string; readonly text: string } | undefined {
  const byFlag = sources.given.get(kebab(name));
  if (byFlag !== undefined) return { at: `--${kebab(name)}`, text: byFlag };
  const byEnv = sources.env(envName(name));
  if (byEnv !== undefined && byEnv !== "") return { at: envName(name), text: byEnv };
  return undefined;
}

/** What a file says of the table's settings, by name. */
function readFile(
  table: SettingTable,
  options: { readonly path: string; readonly read: Sources["readFile"] },
): { readonly values: Readonly<Record<string, unknown>> } | { readonly problem: string } {
  const { path } = options;
  let json: unknown;
  try {
    json = JSON.parse(options.read(path));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { problem: `cannot start as ${path} must be a file of JSON that can be read: ${cause}` };
  }
  const schemas = Object.entries(table).map(([name, { kind }]) => [name, kind.schema.optional()]);
  const parsed = z.strictObject(Object.fromEntries(schemas), { error: "an object" }).safeParse(json);
  if (parsed.success) return { values: parsed.data };
  return { problem: fileProblem(table, parsed.error.issues[0], { path, json }) };
}

function fileProblem(
  table: SettingTable,
  issue: z.core.$ZodIssue,
  file: { readonly path: string; readonly json: unknown },
): string {
  const at = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return unknownProblem(`keys of ${file.path}`, issue.keys.map((key) => [...at, key].join(".")));
  }
  const value = at.reduce<unknown>((part, key) => Object(part)[key], file.json);
  const name = at.length === 0 ? file.path : `${at.join(".")} in ${file.path}`;
  return valueProblem(name, { ...table[at[0]]?.kind, must: issue.message, value });
}

function valueProblem(
  at: string,
  found: Pick<Kind<unknown>, "must" | "isSecret"> & { readonly value: unknown },
): string {
  return `cannot start as ${at} must be ${found.must}: current value is ${shown(found, found.value)}`;
}

function unknownProblem(what: string, names: readonly string[]): string {
  const named = names.map((name) => JSON.stringify(name)).join(", ");
  return `cannot start as all ${what} must be known: ${named} is not; see --help`;
}

function helpOf(table: SettingTable, about: About): string {
  const rows = Object.entries(table).map(([name, { kind, help, default: fallback }]) => ({
    option: kind.isFileOnly ? `  ${name} ${kind.placeholder}` : `--${kebab(name)} ${kind.placeholder}`.trimEnd(),
    help: help + defaultText(fallback),
    env: kind.isFileOnly ? "only in the file of --config" : `env: ${envName(name)}`,
  }));
  rows.push({
    option: "--config FILE",
    help: "JSON with any of these, by name in camelCase; flags and variables win",
    env: `env: ${envName("config")}`,
  });
  rows.push({ option: "--help", help: "print this and exit", env: "" });
  rows.push({ option: "--version", help: "print the version and exit", env: "" });
  const width = Math.max(...rows.map((row) => row.option.length));
  const lines = rows.map((row) => `  ${row.option.padEnd(width)}  ${row.help}${row.env === "" ? "" : ` [${row.env}]`}`);
  return [`${about.name} ${about.version}: ${about.summary}`, "", `Usage: ${about.name} [options]`, "", ...lines]
    .join("\n");
}

function defaultText(value: unknown): string {
  if (value === undefined || value === false) return "";
  if (Array.isArray(value)) return value.length === 0 ? "" : ` (default: ${value.join(",")})`;
  return ` (default: ${value})`;
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function envName(name: string): string {
  return `TABA_${kebab(name).replaceAll("-", "_").toUpperCase()}`;
}
