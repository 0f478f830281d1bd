// How to start Deno again with the configuration that this process runs under: a nested `deno` inherits none.
// Tests, benches, the demo and the other tools start every process of Deno through here.

import { fileURLToPath } from "node:url";

/** What `new Deno.Command(path, { args })` takes. */
export interface DenoCommand {
  readonly path: string;
  readonly args: string[];
}

/** A program of ours, as its task in deno.json starts it. */
export interface TaskProgram {
  readonly module: string;
  readonly flags: readonly string[];
}

/** Path of a file or folder of the project, from its path below the project's folder. */
export function projectPath(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}

/** The configuration of this process: `deno.json`, or `deno.npm.json` where JSR can't be reached. */
export const configPath: string = projectPath(
  import.meta.resolve("@std/assert").startsWith("file:") ? "deno.npm.json" : "deno.json",
);

/** A command of Deno, such as "test", under this process's configuration. */
export function denoCommand(command: string, args: readonly string[] = []): DenoCommand {
  return { path: Deno.execPath(), args: [command, "--config", configPath, ...args] };
}

/** Runs a module, named from the project's folder, e.g. "server/main.ts". */
export function denoRun(
  module: string,
  options: { readonly flags: readonly string[]; readonly args?: readonly string[] },
): DenoCommand {
  return denoCommand("run", [...options.flags, projectPath(module), ...options.args ?? []]);
}

/** The module and Deno's flags in the task "serve", "agent" or "cli": what it has there is what it has to get by with. */
export function taskProgram(task: string): TaskProgram {
  const { tasks } = JSON.parse(Deno.readTextFileSync(projectPath("deno.json")));
  const words: string[] = tasks[task]?.command?.split(" ") ?? [];
  const module = words.at(-1);
  if (!module?.endsWith("main.ts")) throw new Error(`Cannot start "${task}" as deno.json must have such a program`);
  return { module, flags: words.slice(words.lastIndexOf("run") + 1, -1) };
}
