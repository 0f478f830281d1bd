// A newcomer follows docs/deployment.md line by line and ends with a running cluster: with the guide's own files, units
// and commands, real Redis and Sentinels, servers and agent; the master is killed, and all is counted to the event.
// What needs root is done as the present user in a folder that stands for the system's; nothing is installed.

import { assert } from "@std/assert";
import { projectPath } from "../../tools/deno_command.ts";
import { until } from "../cluster/waiting.ts";
import { stepsOf } from "./document.ts";
import { Reader } from "./reader.ts";
import { Units } from "./units.ts";

export const GUIDE = "docs/deployment.md";
const UNITS = "/etc/systemd/system";

/** Of what needs root, what is not done, and why. */
const notDone: readonly (readonly [command: RegExp, why: string])[] = [
  [/^apt-get /, "Redis is found, or installed, by tools/install_redis.ts"],
  [/^systemctl disable /, "no instance of Debian's is touched"],
  [/^useradd |^chown /, "all runs as the present user"],
];

/** Follows the guide to its end. `redis` is the path of redis-server. */
export async function followDeployment(redis: string): Promise<void> {
  await using reader = await Reader.open({ onRoot: asRoot });
  await using units = new Units(reader.rewritten(UNITS), reader.env);

  async function asRoot(command: string): Promise<void> {
    const [, why] = notDone.find(([pattern]) => pattern.test(command)) ?? [];
    if (why !== undefined) return console.log(`        not done: ${why}`);
    if (/^systemctl /.test(command)) return await units.systemctl(command.replace(/\s*#.*/, "").split(/\s+/).slice(1));
    if (/^install dist\//.test(command)) return await installPrograms();
    const isDone = async () => {
      const { code, stderr } = await reader.run(command.replaceAll(" -o taba -g taba", ""));
      if (code !== 0) throw new Error(`${command}\n${stderr}`);
      return true;
    };
    // Upkeep may be repeated until all servers have done it.
    await (command.includes("taba-cli") ? until(isDone, { what: `${command} succeeds` }) : isDone());
  }

  /** The programs as their tasks run them: compiled ones run only where Deno's runtime stub is at hand. */
  async function installPrograms(): Promise<void> {
    console.log("        done with what the tasks run, as compiled programs need Deno's runtime stub");
    for (const [name, task] of [["server", "serve"], ["agent", "agent"], ["cli", "cli"]]) {
      await reader.save(`/usr/local/bin/taba-${name}`, reader.scriptOf(task), 0o755);
    }
  }

  const steps = stepsOf(GUIDE, await Deno.readTextFile(projectPath(GUIDE)));
  try {
    for (const step of steps) {
      if (step.kind === "command" && /^deno task compile/.test(step.text)) {
        console.log(`    ${step.place} $ ${step.text}    (verified by the test of README.md)`);
      } else if (step.kind === "file" && step.path.startsWith(UNITS)) {
        await reader.save(step.path, step.text.replace("/usr/bin/redis-server", redis));
      } else {
        await reader.follow(step);
      }
    }
    await verifyUnits(reader.rewritten(UNITS));
  } catch (error) {
    console.log(units.output);
    throw error;
  }
}

/** What systemd itself says of the units, where it is at hand. */
async function verifyUnits(folder: string): Promise<void> {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);
  const command = new Deno.Command("systemd-analyze", { args: ["verify", "--man=no", ...files] });
  const verified = await command.output().catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (verified === undefined) {
    return console.log("    no systemd-analyze here, so that units are verified by running them");
  }
  const told = new TextDecoder().decode(verified.stderr);
  assert(verified.success && !told.includes(folder), told);
}
