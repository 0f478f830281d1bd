// What the commands of taba-cli do, apart from how they are typed: from options as texts to an exit code. Knows nothing
// of the library that reads the command line.

import type { Random, Sleep } from "../core/world.ts";
import { type Kind, number, readText, url } from "../service/setting_kinds.ts";
import { Api, ApiTrouble, type Selection, type View } from "./api.ts";
import { printAnswer, type Write } from "./output.ts";

/** 0: something was found or recorded; 1: nothing was; 2: wrong usage, or no server that answers. */
export type ExitCode = 0 | 1 | 2;

/** What a command may touch. */
export interface Shell {
  readonly fetch: typeof fetch;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly env: (name: string) => string | undefined;
  /** Standard input; undefined where it is a terminal, at which nobody types events. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
  readonly write: Write;
  /** Takes one line for standard error. */
  readonly complain: (line: string) => void;
}

/** Options by their long names in camelCase, as they were given. */
export type Options = Readonly<Record<string, unknown>>;

/** What was typed makes no sense. Its message is one line. */
export class UsageTrouble extends Error {
  override readonly name = "UsageTrouble";
}

const SERVER_DEFAULT = "http://127.0.0.1:8300";
const TIMEOUT_DEFAULT_S = "10";

/** Asks the server and prints its answer as it is. The names are those of tabs, or of clients where these are asked for. */
export async function look(
  asked: { readonly view: View; readonly names: readonly string[]; readonly options: Options },
  shell: Shell,
): Promise<ExitCode> {
  const { view, names, options } = asked;
  const selection: Selection = {
    names: view === "clients" ? [] : names,
    clients: view === "clients" ? names : texts(options, "client"),
    isRegex: options.regex === true,
    tags: texts(options, "tag"),
    by: text(options, "by"),
  };
  const api = createApi({ address: serverOf(options, shell), options, shell });
  const isJson = options.json === true;
  const answer = await api.ask(view, { selection, isJson });
  // The status is JSON in any case: people get it in lines.
  const isFound = await printAnswer(view === "status" && !isJson ? inLines(answer) : answer, shell.write);
  if (!isFound) shell.complain("nothing found");
  return isFound ? 0 : 1;
}

/** Names for a shell to complete; none where there is no server, since a shell can show no trouble. */
export async function completions(view: "names" | "clients", shell: Shell): Promise<string[]> {
  const options = { timeout: "1" };
  try {
    const api = createApi({ address: serverOf(options, shell), options, shell });
    const answer = await api.ask(view, {
      selection: { names: [], clients: [], isRegex: false, tags: [] },
      isJson: false,
    });
    return (await textOf(answer)).split("\n").filter((name) => name !== "");
  } catch (error) {
    if (error instanceof ApiTrouble || error instanceof UsageTrouble) return [];
    throw error;
  }
}

async function* inLines(json: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const text = await textOf(json);
  let lines = text;
  try {
    lines = JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // no JSON, so not from a server of ours: shown as it is
  }
  yield new TextEncoder().encode(lines);
}

async function textOf(answer: AsyncIterable<Uint8Array>): Promise<string> {
  return await new Response(ReadableStream.from(answer)).text();
}

export function createApi(
  parts: { readonly address: string; readonly options: Options; readonly shell: Shell },
): Api {
  const { address, options, shell } = parts;
  const timeout = read("--timeout", {
    kind: number(0.001, 86_400),
    value: text(options, "timeout") ?? TIMEOUT_DEFAULT_S,
  });
  const token = text(options, "token") ?? shell.env("TABA_TOKEN");
  return new Api({ address, token, timeoutMs: timeout * 1000, fetch: shell.fetch, sleep: shell.sleep });
}

export function serverOf(options: Options, shell: Shell): string {
  const given = text(options, "server");
  if (given !== undefined) return readAddress("--server", given);
  return readAddress("TABA_SERVER", shell.env("TABA_SERVER") ?? SERVER_DEFAULT);
}

export function readAddress(name: string, value: string): string {
  return read(name, { kind: url(), value });
}

export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export function texts(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function read<Value>(name: string, given: { readonly kind: Kind<Value>; readonly value: string }): Value {
  const { kind, value } = given;
  const found = readText(kind, value);
  if (found === undefined) {
    throw new UsageTrouble(`${name} must be ${kind.must}: current value is ${JSON.stringify(value)}`);
  }
  return found;
}
