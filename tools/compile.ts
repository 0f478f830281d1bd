// Builds dist/taba-server, dist/taba-agent and dist/taba-cli: programs that need no Deno, with the permissions of their
// tasks inside.

import { runInForeground } from "./child.ts";
import { denoCommand, projectPath, taskProgram } from "./deno_command.ts";
import { endWith, Stop } from "./stop.ts";

const taskByProgram = { "taba-server": "serve", "taba-agent": "agent", "taba-cli": "cli" };

async function main(): Promise<number> {
  const programs = Object.entries(taskByProgram).map(([name, task]) => ({ name, ...taskProgram(task) }));
  // Types first: what fails after that is the build itself.
  const exitCode = await runInForeground(denoCommand("check", programs.map(({ module }) => projectPath(module))).args);
  if (exitCode !== 0) return exitCode;
  for (const { name, module, permissions } of programs) {
    const output = projectPath(`dist/${name}`);
    await build(["--quiet", "--no-check", ...permissions, "--output", output, projectPath(module)], `dist/${name}`);
    console.log(`Built dist/${name}`);
  }
  return 0;
}

async function build(args: readonly string[], name: string): Promise<void> {
  const { path, args: denoArgs } = denoCommand("compile", args);
  const { success, stderr } = await new Deno.Command(path, { args: denoArgs, stdout: "inherit", stderr: "piped" })
    .output();
  if (success) return;
  // Deno lists the causes as numbered lines, the deepest last; a backtrace may follow.
  const [causes] = new TextDecoder().decode(stderr).split("Stack backtrace");
  const cause = causes.match(/(?<=^ +\d+: ).*$/gm)?.at(-1);
  const advice = `set DENORT_BIN to the path of a denort ${Deno.version.deno}, where it can't be downloaded`;
  throw new Stop(
    `Cannot build ${name} without Deno's runtime stub (denort): ${cause ?? "it could not be had"}; ${advice}`,
    1,
  );
}

await endWith(main);
