// taba-cli: makes a command line of the catalogue, and gives its commands the real world. The one file that knows Cliffy.

import { Command, ValidationError } from "@cliffy/command";
import { CompletionsCommand } from "@cliffy/command/completions";
import { VERSION } from "../service/version.ts";
import { systemClock, systemRandom, systemSleep } from "../service/world.ts";
import { ApiTrouble } from "./api.ts";
import { catalogue, type CommandAbout, type Entry } from "./catalogue.ts";
import { completions } from "./look.ts";
import { writeToStdout, WriteTrouble, writeTroubleOf } from "./output.ts";
import { type ExitCode, type Options, type Shell, UsageTrouble } from "./shell.ts";
import { createStyle, wantsColors } from "./terminal/style.ts";
import { clean } from "./terminal/text_width.ts";
import { onEnd, openKeyboard, openTerminal } from "./terminal/terminal.ts";

const env = (name: string) => Deno.env.get(name);
const areColorsWanted = wantsColors(env, Deno.stdout.isTerminal());

const shell: Shell = {
  fetch,
  clock: systemClock,
  random: systemRandom,
  sleep: systemSleep,
  env,
  input: Deno.stdin.isTerminal() ? undefined : Deno.stdin.readable,
  keyboard: openKeyboard(),
  write: writeToStdout,
  terminal: openTerminal(),
  style: createStyle(areColorsWanted),
  complain: (line) => console.error(`taba-cli: ${clean(line)}`),
  show: Deno.stderr.isTerminal() ? (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)) : undefined,
  onEnd,
};

/** What the command that ran says. A command line that runs none, such as one with --help, succeeds. */
let exitCode: ExitCode = 0;

function commandOf(entry: Entry) {
  if (!("commands" in entry)) return leafOf(entry);
  const group = new Command().description(entry.description);
  group.action(() => group.showHelp());
  for (const [name, about] of Object.entries(entry.commands)) group.command(name, leafOf(about));
  return group;
}

function leafOf({ description, args, completes, options, examples, run }: CommandAbout) {
  const command = new Command().description(description);
  if (completes !== undefined) command.complete("name", () => completions(completes, shell));
  if (args !== undefined) command.arguments(args);
  for (const { flags, description, repeats } of options ?? []) {
    command.option(flags, description, { collect: repeats === true });
  }
  for (const [about, line] of Object.entries(examples)) command.example(about, `taba-cli ${line}`);
  return command.action(async (options: Options | void, ...given: (string | undefined)[]) => {
    const names = refuseOptions(given.filter((each) => each !== undefined));
    exitCode = await run({ names: [...names, ...command.getLiteralArgs()], options: options ?? {} }, shell);
  });
}

/** Of arguments that begin with a hyphen, some versions of Cliffy refuse those that are no option, and some hand them on. */
function refuseOptions(args: readonly string[]): readonly string[] {
  const option = args.find((arg) => arg.startsWith("-"));
  if (option === undefined) return args;
  throw new UsageTrouble(`unknown option ${JSON.stringify(option)}; what is none stands behind " -- "`);
}

/** Negative numbers are no options: they go behind the `--` that ends these. */
function negativesLast(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const [before, after] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const isNegative = (arg: string) => /^-[\d.]/.test(arg);
  const last = [...before.filter(isNegative), ...after];
  return last.length === 0 ? [...before] : [...before.filter((arg) => !isNegative(arg)), "--", ...last];
}

function rootCommand() {
  const root = new Command()
    .name("taba-cli")
    .version(VERSION)
    .description("Asks a Taba server, and records events.\nExit code 0: something was found, 1: nothing, 2: trouble.")
    .help({ colors: areColorsWanted })
    .throwErrors()
    .noExit()
    .globalOption("-s, --server <url:string>", "The server; or TABA_SERVER.\nhttp://127.0.0.1:8300 unless given.")
    .globalOption("--token <token:string>", "What the server asks for, if it does.\nOr TABA_TOKEN.")
    .globalOption("--timeout <seconds:string>", "How long the server may be silent.\n10 unless given, 60 for upkeep.")
    .globalOption("--json", "Answer in JSON.");
  root.action(() => root.showHelp());
  for (const [name, entry] of Object.entries(catalogue)) root.command(name, commandOf(entry));
  root.command("completions", new CompletionsCommand());
  return root;
}

/** What to tell of an error in one line; undefined of a bug. */
function complaintOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const isTold = [ValidationError, UsageTrouble, ApiTrouble, WriteTrouble].some((kind) => error instanceof kind);
  if (isTold) return error.message;
  // Cliffy prints its help itself, by console.log, which throws errors of no class of their own, with the system's code.
  return error.constructor === Error && "code" in error ? writeTroubleOf(error).message : undefined;
}

try {
  await rootCommand().parse(negativesLast(Deno.args));
} catch (error) {
  const complaint = complaintOf(error);
  if (complaint === undefined) throw error;
  shell.complain(complaint);
  exitCode = 2;
}
Deno.exit(exitCode);
