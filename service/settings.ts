// What a program can be told: one table of settings, read from flags, then TABA_* environment variables, then
// defaults. Owns the kinds of values, the messages about bad ones, and the help text; never exits and never prints.

import { parseArgs } from "@std/cli/parse-args";

/** How one value is written and read. */
export interface Kind<Value> {
  /** Stands for the value in the help text, e.g. "N". */
  readonly placeholder: string;
  /** Completes "must be …". */
  readonly must: string;
  /** Undefined where the text is no such value. */
  read(text: string): Value | undefined;
  /** Values may be given several times, and with commas between them. */
  readonly repeats?: true;
  /** Stands alone on the command line, without a value. */
  readonly isFlag?: true;
}

export interface Setting<Value> {
  readonly kind: Kind<Value>;
  readonly default: Value;
  readonly help: string;
}

/** Settings by name in camelCase: `flushMs` is the flag `--flush-ms` and the variable `TABA_FLUSH_MS`. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

export type Settings<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** A default of undefined says that the setting may be absent. */
export function setting<Value, Default extends Value | undefined>(
  kind: Kind<Value>,
  options: { readonly default: Default; readonly help: string },
): Setting<Value | Default> {
  return { kind, ...options };
}

export function integer(min: number, max: number): Kind<number> {
  return {
    placeholder: "N",
    must: `a whole number from ${min} to ${max}`,
    read: (text) => /^[+-]?\d+$/.test(text) ? within(Number(text), { min, max }) : undefined,
  };
}

export function number(min: number, max: number): Kind<number> {
  return {
    placeholder: "X",
    must: `a number from ${min} to ${max}`,
    read: (text) => text.trim() === text && text !== "" ? within(Number(text), { min, max }) : undefined,
  };
}

/** A duration in whole milliseconds; the names of such settings end in `Ms`. */
export function milliseconds(min: number, max: number): Kind<number> {
  return { ...integer(min, max), placeholder: "MS", must: `a whole number of milliseconds from ${min} to ${max}` };
}

export function string(placeholder = "TEXT"): Kind<string> {
  return { placeholder, must: "not empty", read: (text) => text === "" ? undefined : text };
}

/** An http or https address; its text has no slash at the end, so that paths can be put behind it. */
export function url(): Kind<string> {
  return { placeholder: "URL", must: "an address such as http://127.0.0.1:8300", read: readUrl };
}

export function choice<const Value extends string>(...values: readonly Value[]): Kind<Value> {
  return {
    placeholder: values.join("|"),
    must: `one of ${values.join(", ")}`,
    read: (text) => values.find((value) => value === text),
  };
}

export function listOf<Value>(kind: Kind<Value>): Kind<readonly Value[]> {
  return {
    placeholder: `${kind.placeholder}[,…]`,
    must: `${kind.must} (several with commas between them)`,
    repeats: true,
    read(text) {
      const values: Value[] = [];
      for (const part of text.split(",")) {
        const value = kind.read(part.trim());
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
  };
}

/** On or off: `--name` on the command line, `true` or `false` in the environment. */
export function flag(): Kind<boolean> {
  const values = new Map([["true", true], ["1", true], ["false", false], ["0", false]]);
  return { placeholder: "", must: "true or false", isFlag: true, read: (text) => values.get(text) };
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
  if (unexpected.length > 0) {
    const named = unexpected.map((arg) => JSON.stringify(arg)).join(", ");
    return { kind: "problem", message: `cannot start as all arguments must be known: ${named} is not; see --help` };
  }

  const settings: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    const found = find(name, { given, env: sources.env });
    const value = found === undefined ? setting.default : setting.kind.read(found.text);
    if (found !== undefined && value === undefined) {
      const { must } = setting.kind;
      return {
        kind: "problem",
        message: `cannot start as ${found.at} must be ${must}: current value is ${JSON.stringify(found.text)}`,
      };
    }
    settings[name] = value;
  }
  // Every name of the table was just given a value of its own setting.
  return { kind: "settings", settings: settings as Settings<Table> };
}

interface GivenFlags {
  /** Texts by flag, `help` and `version` among them. */
  readonly given: ReadonlyMap<string, string>;
  readonly unexpected: readonly string[];
}

function readFlags(table: SettingTable, args: readonly string[]): GivenFlags {
  const names = Object.keys(table);
  const flags = names.filter((name) => table[name].kind.isFlag).map(kebab);
  const texts = names.filter((name) => !table[name].kind.isFlag).map(kebab);
  const unexpected: string[] = [];
  const parsed: Record<string, unknown> = parseArgs([...args], {
    boolean: ["help", "version", ...flags],
    string: texts,
    collect: texts,
    unknown: (arg) => {
      unexpected.push(arg);
      return false;
    },
  });
  if (Array.isArray(parsed._)) unexpected.push(...parsed._.map(String));

  const given = new Map<string, string>();
  for (const flag of ["help", "version", ...flags]) if (parsed[flag] === true) given.set(flag, "true");
  for (const name of names) {
    const values = parsed[kebab(name)];
    if (!Array.isArray(values) || values.length === 0) continue;
    // A list takes all that was given; of anything else the last counts, so that a preset can be overridden.
    given.set(kebab(name), table[name].kind.repeats ? values.join(",") : String(values.at(-1)));
  }
  return { given, unexpected };
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

function helpOf(table: SettingTable, about: About): string {
  const rows = Object.entries(table).map(([name, setting]) => ({
    option: `--${kebab(name)} ${setting.kind.placeholder}`.trimEnd(),
    help: setting.help + defaultText(setting.default),
    env: envName(name),
  }));
  rows.push({ option: "--help", help: "print this and exit", env: "" });
  rows.push({ option: "--version", help: "print the version and exit", env: "" });
  const width = Math.max(...rows.map((row) => row.option.length));
  const lines = rows.map((row) =>
    `  ${row.option.padEnd(width)}  ${row.help}${row.env === "" ? "" : ` [env: ${row.env}]`}`
  );
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

function within(value: number, bounds: { readonly min: number; readonly max: number }): number | undefined {
  return value >= bounds.min && value <= bounds.max ? value : undefined;
}

function readUrl(text: string): string | undefined {
  const parsed = URL.parse(text);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol)) return undefined;
  if (parsed.search !== "" || parsed.hash !== "" || parsed.username !== "") return undefined;
  return parsed.href.replace(/\/+$/, "");
}
