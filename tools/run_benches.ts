// Runs the benchmarks one after another, each in a process of its own: all, or those named ("wire" is
// bench/wire_bench.ts). Goes on after one that fails, and says so by its exit code.

import { runInForeground } from "./child.ts";
import { denoRun, projectPath } from "./deno_command.ts";
import { endWith, Stop } from "./stop.ts";

const ending = "_bench.ts";

async function main(): Promise<number> {
  let exitCode = 0;
  for (const name of chosen(Deno.args)) {
    console.log(`\n# ${name}`);
    const { args } = denoRun(`bench/${name}${ending}`, { flags: ["--allow-all"] });
    exitCode = Math.max(exitCode, await runInForeground(args));
  }
  return exitCode;
}

function chosen(names: readonly string[]): readonly string[] {
  const existing = [...Deno.readDirSync(projectPath("bench"))]
    .filter((entry) => entry.name.endsWith(ending))
    .map((entry) => entry.name.slice(0, -ending.length))
    .sort();
  const unknown = names.find((name) => !existing.includes(name));
  if (unknown !== undefined) throw new Stop(`There is no benchmark "${unknown}": there are ${existing.join(", ")}`);
  return names.length === 0 ? existing : names;
}

await endWith(main);
