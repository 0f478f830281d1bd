// taba-cli: names, options, help and completions of its commands. What they do is in commands.ts and record.ts.

import { Command, ValidationError } from "@cliffy/command";
import { CompletionsCommand } from "@cliffy/command/completions";
import { VERSION } from "../service/version.ts";
import { systemRandom, systemSleep } from "../service/world.ts";
import { ApiTrouble, type View } from "./api.ts";
import { completions, type ExitCode, look, type Options, type Shell, UsageTrouble } from "./commands.ts";
import { writeToStdout } from "./output.ts";
import { record } from "./record.ts";

const shell: Shell = {
  fetch,
  random: systemRandom,
  sleep: systemSleep,
  env: (name) => Deno.env.get(name),
  input: Deno.stdin.isTerminal() ? undefined : Deno.stdin.readable,
  write: writeToStdout,
  complain: (line) => console.error(`taba-cli: ${line}`),
};

type Filter = "regex" | "client" | "tag" | "by";

const filters: Readonly<Record<Filter, readonly [flags: string, description: string]>> = {
  regex: ["-r, --regex", "Names are regular expressions (RE2) that match a whole name."],
  client: ["-c, --client <name:string>", "Only what this client sent; may be repeated."],
  tag: [
    "-t, --tag <pair:string>",
    "Only tabs with this tag, key=value; may be repeated. Names then mean what stands before tags.",
  ],
  by: ["-b, --by <keys:string>", "Reduce tabs together that agree in these tags, e.g. route,status."],
};

interface ViewAbout {
  readonly view: View;
  readonly description: string;
  readonly filters: readonly Filter[];
  /** Command lines, less the program's name, and what they ask. */
  readonly examples: Readonly<Record<string, string>>;
}

const views: Readonly<Record<string, ViewAbout>> = {
  agg: {
    view: "tabs",
    description: "Aggregates of tabs: reduced over all clients, or over those named.",
    filters: ["regex", "client", "tag", "by"],
    examples: {
      "one tab": "agg winning_bid_price",
      "all tabs of a family, as JSON": "agg --regex 'bids_.*' --json",
      "requests by route": "agg requests --by route",
      "requests that failed": "agg requests --tag status=500",
    },
  },
  projection: {
    view: "projection",
    description: "Projections: what each client sent to a tab.",
    filters: ["regex", "client", "tag"],
    examples: { "one tab, client by client": "projection winning_bid_price" },
  },
  super: {
    view: "supertabs",
    description: "Super-aggregates: all the tabs named, reduced together, type by type.",
    filters: ["regex", "client", "tag"],
    examples: { "bids of all kinds": "super --regex 'bids_.*'" },
  },
  names: {
    view: "names",
    description: "Names of tabs.",
    filters: ["regex", "tag"],
    examples: { "all": "names", "some": "names --regex '.*price.*'" },
  },
  clients: {
    view: "clients",
    description: "Names of clients.",
    filters: ["regex"],
    examples: { "all": "clients" },
  },
  types: {
    view: "types",
    description: "Tabs and their types.",
    filters: ["regex", "tag"],
    examples: { "all": "types" },
  },
};

/** What the command that ran says. A command line that runs none, such as one with --help, succeeds. */
let exitCode: ExitCode = 0;

function viewCommand({ view, description, filters: chosen, examples }: ViewAbout) {
  const command = new Command().description(description)
    .complete("name", () => completions(view === "clients" ? "clients" : "names", shell))
    .arguments("[names...:string:name]");
  for (const name of chosen) {
    const [flags, about] = filters[name];
    command.option(flags, about, { collect: name === "client" || name === "tag" });
  }
  for (const [about, line] of Object.entries(examples)) command.example(about, `taba-cli ${line}`);
  return command.action(async (options: Options | void, ...names: string[]) => {
    const all = [...refuseOptions(names), ...command.getLiteralArgs()];
    exitCode = await look({ view, names: all, options: options ?? {} }, shell);
  });
}

function statusCommand() {
  return new Command().description("The cluster: its servers, queues and rates.")
    .example("as JSON", "taba-cli status --json")
    .action(async (options: Options | void) => {
      exitCode = await look({ view: "status", names: [], options: options ?? {} }, shell);
    });
}

function recordCommand() {
  const command = new Command()
    .description("Records one event, or one a line of standard input. A value is JSON, or else a text.")
    .arguments("<name:string> [value:string]")
    .option("--type <type:string>", "Type of the tab; CounterGroup unless given.")
    .option("-c, --client <name:string>", "Who records.")
    .option("-t, --tag <pair:string>", "A tag of the tab, key=value; may be repeated.", { collect: true })
    .option("--agent <url:string>", "Post to this agent rather than to the server.");
  const examples = {
    "one event": "record winning_bid_price 3.25",
    "one with tags": "record requests 1 --tag route=/bid --tag status=200",
    "a gauge": "record build 2.4.1 --type Gauge --client web-17",
    "one event a line": "record latency_s --type PercentileGroup < latencies.txt",
  };
  for (const [about, line] of Object.entries(examples)) command.example(about, `taba-cli ${line}`);
  return command.action(async (options: Options | void, name: string, ...rest: (string | undefined)[]) => {
    const given = rest.filter((each) => each !== undefined);
    const values = [...refuseOptions(given), ...command.getLiteralArgs()];
    if (values.length > 1) throw new UsageTrouble(`record takes one value: current values are ${values.join(" ")}`);
    exitCode = await record({ name, value: values.at(0), options: options ?? {} }, shell);
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
    .description("Asks a Taba server, and records events. Exit code 0: something was found, 1: nothing, 2: trouble.")
    .help({ colors: Deno.stdout.isTerminal() && !Deno.noColor })
    .throwErrors()
    .noExit()
    .globalOption("-s, --server <url:string>", "The server; or TABA_SERVER. http://127.0.0.1:8300 unless given.")
    .globalOption("--token <token:string>", "What the server asks for, if it does; or TABA_TOKEN.")
    .globalOption("--timeout <seconds:string>", "How long the server may be silent; 10 unless given.")
    .globalOption("--json", "Answer in JSON.");
  root.action(() => root.showHelp());
  for (const [name, about] of Object.entries(views)) root.command(name, viewCommand(about));
  root.command("status", statusCommand());
  root.command("record", recordCommand());
  root.command("completions", new CompletionsCommand());
  return root;
}

try {
  await rootCommand().parse(negativesLast(Deno.args));
} catch (error) {
  const isToldInOneLine = [ValidationError, UsageTrouble, ApiTrouble].some((kind) => error instanceof kind);
  if (!isToldInOneLine || !(error instanceof Error)) throw error;
  shell.complain(error.message);
  exitCode = 2;
}
Deno.exit(exitCode);
