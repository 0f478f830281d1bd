// Options of a command line, and the environment behind them, as values: each refused by its name where it is none.

import { integer, type Kind, number, readText, shown, token, url } from "../service/setting_kinds.ts";
import { Api, type Selection } from "./api.ts";
import { type Asked, type Options, type Shell, UsageTrouble } from "./shell.ts";

const SERVER_DEFAULT = "http://127.0.0.1:8300";
const AGENT_DEFAULT = "http://127.0.0.1:8279";
const TIMEOUT_DEFAULT_S = 10;

export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export function texts(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

export function isJson(options: Options): boolean {
  return options.json === true;
}

/** The number that option `name` has, of the range; undefined where it is not given. */
export function numberOption(
  options: Options,
  name: string,
  range: { readonly min: number; readonly max: number; readonly isWhole?: boolean },
): number | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  const { min, max, isWhole = false } = range;
  return read(`--${name}`, { kind: isWhole ? integer(min, max) : number(min, max), value });
}

export function choiceOption<Value extends string>(
  options: Options,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const given = text(options, name);
  if (given === undefined) return values[0];
  const value = values.find((each) => each === given);
  if (value !== undefined) return value;
  throw new UsageTrouble(`--${name} must be one of ${values.join(", ")}: current value is ${JSON.stringify(given)}`);
}

/** Which tabs and clients the usual filters mean. */
export function selectionOf({ names, options }: Asked): Selection {
  return {
    names,
    clients: texts(options, "client"),
    isRegex: options.regex === true,
    tags: texts(options, "tag"),
    by: text(options, "by"),
  };
}

export function serverApi(options: Options, shell: Shell, timeoutDefaultS = TIMEOUT_DEFAULT_S): Api {
  return createApi({ address: serverOf(options, shell), options, shell, timeoutDefaultS });
}

export function createApi(
  parts: {
    readonly address: string;
    readonly options: Options;
    readonly shell: Shell;
    readonly timeoutDefaultS?: number;
  },
): Api {
  const { address, options, shell, timeoutDefaultS = TIMEOUT_DEFAULT_S } = parts;
  const timeoutS = numberOption(options, "timeout", { min: 0.001, max: 86_400 }) ?? timeoutDefaultS;
  return new Api({
    address,
    token: tokenOf(options, shell),
    timeoutMs: timeoutS * 1000,
    fetch: shell.fetch,
    sleep: shell.sleep,
  });
}

/** An empty variable counts as not set. */
function tokenOf(options: Options, shell: Shell): string | undefined {
  const given = text(options, "token");
  if (given !== undefined) return read("--token", { kind: token(), value: given });
  const fromEnv = shell.env("TABA_TOKEN") ?? "";
  return fromEnv === "" ? undefined : read("TABA_TOKEN", { kind: token(), value: fromEnv });
}

export function serverOf(options: Options, shell: Shell): string {
  const given = text(options, "server");
  if (given !== undefined) return readAddress("--server", given);
  return readAddress("TABA_SERVER", shell.env("TABA_SERVER") ?? SERVER_DEFAULT);
}

/** The agents named, else the environment's, else none. */
export function agentsOf(options: Options, shell: Shell): readonly string[] {
  const given = texts(options, "agent");
  if (given.length > 0) return given.map((agent) => readAddress("--agent", agent));
  const fromEnv = shell.env("TABA_AGENT");
  return fromEnv === undefined ? [] : [readAddress("TABA_AGENT", fromEnv)];
}

export function agentOf(options: Options, shell: Shell): string {
  const given = text(options, "agent");
  if (given !== undefined) return readAddress("--agent", given);
  return readAddress("TABA_AGENT", shell.env("TABA_AGENT") ?? AGENT_DEFAULT);
}

export function readAddress(name: string, value: string): string {
  return read(name, { kind: url(), value });
}

function read<Value>(name: string, given: { readonly kind: Kind<Value>; readonly value: string }): Value {
  const { kind, value } = given;
  const found = readText(kind, value);
  if (found === undefined) {
    throw new UsageTrouble(`${name} must be ${kind.must}: current value is ${shown(kind, value)}`);
  }
  return found;
}
