// Builds dist/taba-server, dist/taba-agent and dist/taba-cli: programs that need no Deno, with the permissions of their
// tasks inside. Types are checked by `deno task check`.

import { denoCommand, projectPath, taskProgram } from "./deno_command.ts";
import { endWith, Stop } from "./stop.ts";

const taskByProgram = { "taba-server": "serve", "taba-agent": "agent", "taba-cli": "cli" };

async function main(): Promise<number> {
  for (const [name, task] of Object.entries(taskByProgram)) {
    const { module, flags } = taskProgram(task);
    // Threads are not found by following imports.
    const threads = task === "agent" ? ["--include", projectPath("service/datagram_thread.ts")] : [];
    const output = projectPath(`dist/${name}`);
    // A compiled program starts itself, wherever it will be: that path can't be known now.
    const inside = flags.map((flag) => flag.startsWith("--allow-run") ? "--allow-run" : flag);
    await build(["--quiet", "--no-check", ...inside, ...threads, "--output", output, projectPath(module)], name);
    console.log(`Built dist/${name}`);
  }
  return 0;
}

async function build(args: readonly string[], name: string): Promise<void> {
  const { path, args: denoArgs } = denoCommand("compile", args);
  const { success, stderr } = await new Deno.Command(path, { args: denoArgs, stdout: "inherit", stderr: "piped" })
    .output();
  if (success) return;
  const [trouble] = new TextDecoder().decode(stderr).split("\n\nStack backtrace");
  // Modules that can't be loaded are told at once; what fails after them has its causes numbered, the deepest last.
  const cause = trouble.match(/(?<=^ +\d+: ).*$/gm)?.at(-1);
  if (cause === undefined) throw new Stop(`Cannot build dist/${name}: ${trouble}`, 1);
  const advice = `set DENORT_BIN to the path of a denort ${Deno.version.deno}, where it can't be downloaded`;
  throw new Stop(`Cannot build dist/${name} without Deno's runtime stub (denort): ${cause}; ${advice}`, 1);
}

await endWith(main);
