// Runs all tests, those in the examples of the documentation too, or those named by the arguments (as of `deno test`),
// and ends with one plain line that machines can read: "12 passed, 0 failed". Types are checked by `deno task check`.

import { runInForeground } from "./child.ts";
import { denoCommand } from "./deno_command.ts";
import { endWith } from "./stop.ts";

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "taba-test-" });
  try {
    const report = `${folder}/junit.xml`;
    const options = ["--allow-all", "--no-check", "--doc", `--junit-path=${report}`];
    const exitCode = await runInForeground(denoCommand("test", [...options, ...Deno.args]).args);
    console.log(summary(await readReport(report), exitCode));
    return exitCode;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The runner's report; empty where it came to no end, e.g. because a module does not load. */
async function readReport(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Counts as the runner's report has them. A run that failed outside of any test counts as one failure. */
function summary(report: string, exitCode: number): string {
  const total = (attribute: string) =>
    [...report.matchAll(new RegExp(`<testsuite .*?\\b${attribute}="(\\d+)"`, "g"))]
      .reduce((sum, [, count]) => sum + Number(count), 0);
  const failed = total("failures") + total("errors");
  const passed = total("tests") - failed - total("disabled");
  return `${passed} passed, ${exitCode === 0 ? failed : Math.max(failed, 1)} failed`;
}

await endWith(main);
