// What a document of ours tells its reader to do: its fenced blocks, the commands in them, and what these shall print.
//
//     ```sh                a command a line, or several lines where the shell asks for more
//     ```text              right behind it: what all its commands together print, whatever the numbers
//     ```text exact        the same, to the number
//     ```                  with "$ " before each command: a transcript, with its output between them
//     ```sh root           needs root or systemd; a test says how it verifies these
//     ```ts same=PATH      shows this file of the project, whole
//     ```json file=PATH    the reader saves this, below the project's folder or at its absolute path

/** A fenced block. */
export interface Block {
  /** For messages, e.g. "README.md:40". */
  readonly place: string;
  readonly language: string;
  /** What else stands behind the language, e.g. "root". */
  readonly marks: readonly string[];
  readonly text: string;
}

export type Step =
  | { readonly kind: "command"; readonly place: string; readonly text: string; readonly isRoot: boolean }
  /** What has been printed since the last such step must be this. */
  | { readonly kind: "printed"; readonly place: string; readonly text: string; readonly isExact: boolean }
  | { readonly kind: "shown"; readonly place: string; readonly path: string; readonly text: string }
  | { readonly kind: "file"; readonly place: string; readonly path: string; readonly text: string };

/** In the order of the document. */
export function stepsOf(name: string, markdown: string): readonly Step[] {
  const steps: Step[] = [];
  let isBehindCommands = false;
  for (const { language, marks, place, text } of blocksOf(name, markdown)) {
    const pathOf = (key: string) => marks.find((mark) => mark.startsWith(`${key}=`))?.slice(key.length + 1);
    const [file, shown] = [pathOf("file"), pathOf("same")];
    if (file !== undefined) steps.push({ kind: "file", place, path: file, text });
    else if (shown !== undefined) steps.push({ kind: "shown", place, path: shown, text });
    else if (language === "sh") steps.push(...commandSteps(text, { place, isRoot: marks.includes("root") }));
    else if (language === "text" && isBehindCommands) {
      steps.push({ kind: "printed", place, text, isExact: marks.includes("exact") });
    } else if (language === "" && text.startsWith("$ ")) steps.push(...transcriptSteps(text, place));
    isBehindCommands = language === "sh";
  }
  return steps;
}

function blocksOf(name: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  const fences = markdown.matchAll(/^```([^\n`]*)\n(.*?)^```$/gms);
  for (const { 1: head, 2: text, index } of fences) {
    const [language = "", ...marks] = head.trim().split(/\s+/);
    const line = markdown.slice(0, index).split("\n").length;
    blocks.push({ place: `${name}:${line}`, language, marks, text });
  }
  return blocks;
}

function commandSteps(text: string, about: { readonly place: string; readonly isRoot: boolean }): readonly Step[] {
  return commandsOf(text).map((command) => ({ kind: "command", text: command, ...about }));
}

function transcriptSteps(text: string, place: string): readonly Step[] {
  return text.split(/^\$ /m).slice(1).flatMap((part) => {
    const [command, ...printed] = part.split("\n");
    return [
      { kind: "command", place, text: command, isRoot: false },
      { kind: "printed", place, text: printed.join("\n"), isExact: false },
    ] as const;
  });
}

/** Lines belong together until the shell has a whole command. */
function commandsOf(text: string): readonly string[] {
  const commands: string[] = [];
  let command = "";
  for (const line of text.split("\n")) {
    command += command === "" ? line : `\n${line}`;
    if (!isWhole(command)) continue;
    if (!/^\s*(#.*)?$/.test(command)) commands.push(command);
    command = "";
  }
  if (command !== "") throw new Error(`Not a whole command:\n${command}`);
  return commands;
}

function isWhole(command: string): boolean {
  const [, end] = command.match(/<<-?\s*['"]?(\w+)/) ?? [];
  if (end !== undefined && !command.endsWith(`\n${end}`)) return false;
  if (command.endsWith("\\")) return false;
  return new Deno.Command("bash", { args: ["-n", "-c", command], stderr: "null" }).outputSync().success;
}

/** Whether outputs differ in blanks, and unless it shall be exact in numbers, only; a line "…" stands for any lines. */
export function isAlike(printed: string, expected: string, { isExact }: { readonly isExact: boolean }): boolean {
  const shapeOf = (text: string) => {
    const blanked = text.replaceAll(/[ \t\r]+/g, " ").replaceAll(" \n", "\n").trim();
    return isExact ? blanked : blanked.replaceAll(/[\d.,]*\d\b/g, "0");
  };
  const parts = shapeOf(expected).split(/^…$/m).map((part) => RegExp.escape(part.trim()));
  return new RegExp(`^${parts.join("[^]*")}$`).test(shapeOf(printed));
}
