// The upkeep that a server does when told to: delete, gc, flush, rebalance, upgrade and check. What can't be taken back
// is asked about at a terminal, and needs --yes elsewhere.

import { type Api, searchOf, type Selection } from "./api.ts";
import { listAt, numberAt, textAt } from "./json.ts";
import { formatCount, plural } from "./numbers.ts";
import { isJson, selectionOf, serverApi } from "./options.ts";
import { printJson, printLine, printLines } from "./output.ts";
import { type Asked, type ExitCode, type Shell, UsageTrouble, widthOfOutput } from "./shell.ts";
import { type Column, layOutTable } from "./terminal/table.ts";
import { clean, cut } from "./terminal/text_width.ts";

/** It answers once it is done: the servers wait for each other. */
const TIMEOUT_DEFAULT_S = 60;
/** Tabs that a question names; of more it says how many. */
const NAMED_MAX = 5;

/** What was done, as a sentence, out of the answer. */
const sentenceByPath = {
  "/gc": (answer) => `removed ${plural(count(answer, "states"), "empty State")} on ${onServers(answer)}`,
  "/flush": (answer) =>
    `committed ${plural(count(answer, "entries"), "entry", "entries")} on ${
      onServers(answer)
    }: all that was accepted is in States`,
  "/rebalance": (answer) =>
    `${plural(count(answer, "buckets"), "bucket")} moved among ${plural(count(answer, "servers"), "server")}`,
  "/upgrade": (answer) => `encoded ${plural(count(answer, "states"), "State")} of older handlers anew`,
} as const satisfies Readonly<Record<string, (answer: unknown) => string>>;

export async function upkeep(path: keyof typeof sentenceByPath, { options }: Asked, shell: Shell): Promise<ExitCode> {
  const answer = await serverApi(options, shell, TIMEOUT_DEFAULT_S).command(path);
  if (isJson(options)) return await printJson(answer, shell);
  return await printLines([sentenceByPath[path](answer)], shell);
}

export async function remove(asked: Asked, shell: Shell): Promise<ExitCode> {
  const { options } = asked;
  const selection = selectionOf(asked);
  if (selection.names.length + selection.clients.length + selection.tags.length === 0) {
    throw new UsageTrouble("delete needs the names of tabs, or --client or --tag: --regex '.*' means all tabs");
  }
  const api = serverApi(options, shell, TIMEOUT_DEFAULT_S);
  const confirmed = options.yes === true ? "yes" : await confirm(selection, api, shell);
  if (confirmed !== "yes") {
    shell.complain(confirmed === "no" ? "nothing deleted" : "nothing found");
    return 1;
  }
  const answer = await api.command("/delete", searchOf(selection));
  const [tabs, states] = [count(answer, "tabs"), count(answer, "states")];
  if (isJson(options)) await printJson(answer, shell);
  else await printLine(`deleted ${plural(tabs, "tab")}, ${plural(states, "State")}`, shell.write);
  return tabs + states > 0 ? 0 : 1;
}

async function confirm(selection: Selection, api: Api, shell: Shell): Promise<"yes" | "no" | "nothing found"> {
  const { keyboard, show } = shell;
  if (keyboard === undefined || show === undefined) {
    throw new UsageTrouble("delete asks before it deletes, and there is no terminal to ask at: --yes says it is meant");
  }
  const { names: _, clients, ...rest } = selection;
  const found = await api.read("/names", searchOf({ ...rest, names: selection.names, clients: [] }));
  const names = listAt(found).filter((name) => typeof name === "string");
  if (names.length === 0) return "nothing found";
  const named = `${plural(names.length, "tab")} (${names.slice(0, NAMED_MAX).join(", ")}${
    names.length > NAMED_MAX ? ", …" : ""
  })`;
  const what = clients.length === 0
    ? `${named} with all that was sent to ${names.length === 1 ? "it" : "them"}`
    : `what ${clients.join(", ")} sent to ${named}`;
  show(`Delete ${clean(what)}? [y/N] `);
  const line = await keyboard.line();
  if (line === undefined) show("\n"); // after Ctrl-D the cursor is still behind the question
  return /^\s*y(es)?\s*$/i.test(line ?? "") ? "yes" : "no";
}

const PROBLEM_COLUMNS: readonly Column[] = [
  { title: "BUCKET", align: "right", leaveOut: 2 },
  { title: "TAB", widthMin: 12 },
  { title: "CLIENT", widthMin: 8, leaveOut: 1 },
  { title: "PROBLEM", widthMin: 20 },
];

/** Has the server look at all that is stored; 1 where it found problems. */
export async function check({ options }: Asked, shell: Shell): Promise<ExitCode> {
  const { style } = shell;
  const answer = await serverApi(options, shell, TIMEOUT_DEFAULT_S).command("/check");
  const problems = listAt(answer, "problems");
  // The list is bounded.
  const found = problems.length + count(answer, "problemsMore");
  const code = found === 0 ? 0 : 1;
  if (isJson(options)) {
    await printJson(answer, shell);
    return code;
  }
  const rows = problems.map((problem) => [
    String(numberAt(problem, "bucket") ?? ""),
    textAt(problem, "tab") ?? "",
    textAt(problem, "client") ?? "",
    textAt(problem, "problem") ?? "",
  ]);
  const looked = ["buckets", "tabs", "states", "entries"].map((name) => `${formatCount(count(answer, name))} ${name}`);
  const width = widthOfOutput(shell);
  const verdict = code === 0 ? "no problems" : plural(found, "problem");
  const table = code === 0 ? [] : layOutTable(PROBLEM_COLUMNS, rows, { width, style });
  const before = cut(`looked at ${looked.join(", ")}`, Math.max(1, width - verdict.length - 2));
  await printLines([...table, `${before}: ${code === 0 ? style.green(verdict) : style.red(verdict)}`], shell);
  return code;
}

function count(answer: unknown, name: string): number {
  return numberAt(answer, name) ?? 0;
}

function onServers(answer: unknown): string {
  return plural(count(answer, "servers"), "server");
}
