// Runs a command of Deno with the configuration for the registries that can be reached: deno.json where JSR can,
// deno.npm.json where only npm can. What it finds and fetches stays in .registry/, which git ignores.
//
//     deno run -A tools/run.ts [--with-cliffy] COMMAND [ARGUMENTS]
//
// TABA_REGISTRY=jsr|npm decides without asking. This file imports nothing from any registry.

import { fileURLToPath } from "node:url";
import { runInForeground } from "./child.ts";
import { ensureCliffy } from "./cliffy.ts";
import { endWith, Stop } from "./stop.ts";

type Registry = "jsr" | "npm";

const probeLimitMs = 3_000; // on a stalled network an import hangs for more than 40 s
const answerLifetimeMs = 24 * 3_600_000;
const folder = new URL("../.registry/", import.meta.url);
const configByRegistry: Record<Registry, string> = { jsr: "deno.json", npm: "deno.npm.json" };

async function main(): Promise<number> {
  const args = [...Deno.args];
  const withCliffy = args[0] === "--with-cliffy" && args.shift() !== undefined;
  const command = args.shift();
  if (command === undefined) throw new Stop("usage: tools/run.ts [--with-cliffy] COMMAND [ARGUMENTS]");
  const registry = await chooseRegistry();
  if (registry === "npm" && withCliffy) await ensureCliffy(folder);
  const config = fileURLToPath(new URL(`../${configByRegistry[registry]}`, import.meta.url));
  return await runInForeground([command, "--config", config, ...args.map(nameDeno)]);
}

/** A program that may start Deno may start this one, which need not be on the path. */
function nameDeno(arg: string): string {
  return arg === "--allow-run=deno" ? `--allow-run=${Deno.execPath()}` : arg;
}

async function chooseRegistry(): Promise<Registry> {
  const wanted = Deno.env.get("TABA_REGISTRY");
  if (wanted === "jsr" || wanted === "npm") return wanted;
  if (wanted) {
    throw new Stop(`Cannot use the registry as TABA_REGISTRY must be jsr or npm: current value is "${wanted}"`);
  }
  const remembered = await readAnswer();
  if (remembered) return remembered;
  await Deno.mkdir(folder, { recursive: true });
  const registry = await probe() ? "jsr" : "npm";
  if (registry === "npm") {
    console.error("JSR can't be reached: using deno.npm.json (TABA_REGISTRY=jsr|npm decides otherwise)");
  }
  await writeWhole("answer.json", JSON.stringify({ registry, time: Date.now() }));
  return registry;
}

async function readAnswer(): Promise<Registry | undefined> {
  try {
    const { registry, time } = JSON.parse(await Deno.readTextFile(new URL("answer.json", folder)));
    const ageMs = Date.now() - time;
    return ageMs >= 0 && ageMs < answerLifetimeMs && registry in configByRegistry ? registry : undefined;
  } catch {
    return undefined; // none yet, or not readable: ask again
  }
}

/** Whether one small module comes from JSR. Names no host: whatever mirror the user's settings name counts. */
async function probe(): Promise<boolean> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  const probeFile = await writeWhole("probe.ts", `import "${imports["@std/assert"]}";\n`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["cache", "-q", "--no-config", "--no-lock", probeFile],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), probeLimitMs);
  const { success } = await child.status;
  clearTimeout(timer);
  return success;
}

/** Writes a file so that nobody ever reads half of it: several commands may start at once. */
async function writeWhole(name: string, text: string): Promise<string> {
  const path = fileURLToPath(new URL(name, folder));
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, path);
  return path;
}

await endWith(main);
