// Cliffy for networks without JSR: it is published there only, but one package on npm carries its compiled modules.
// Fetches that package with npm once, checks it, and keeps those modules in .registry/.

import { fileURLToPath } from "node:url";
import { Stop } from "./stop.ts";

const source = "windmill-cli@1.596.0";
const sha512 = "5aFVNTOEaGyTKyQlyjFI1FAZ8fTIQ2vGSmnqL3FfZuKpKWdqGXh8p9Azdp8N2MkIwyP1vYtOK9nfQk6jr6tRTw==";

/** Where deno.npm.json expects the modules, below .registry/. */
const folderName = "cliffy-1.0.0-rc.5";

/** The modules it depends on, in one folder that is named for the place they come from. */
const dependencies = "package/esm/deps";

/** The package's own shims reach for an npm package; in Deno nothing needs shimming. */
const shims = "export const dntGlobalThis = globalThis;\nexport const Deno = globalThis.Deno;\n";

/** Puts Cliffy's modules into the folder unless they are there. Any number of processes may call this at once. */
export async function ensureCliffy(registry: URL): Promise<void> {
  const target = new URL(`${folderName}/`, registry);
  if (await exists(target)) return;
  console.error(`Fetching Cliffy (inside ${source}) with npm, once`);
  await Deno.mkdir(registry, { recursive: true });
  const work = await Deno.makeTempDir({ dir: fileURLToPath(registry), prefix: "fetch-" });
  try {
    const tarball = await pack(work);
    await check(tarball);
    await run("tar", ["-xzf", tarball, dependencies], work);
    const [{ name }] = Deno.readDirSync(`${work}/${dependencies}`);
    await Deno.rename(`${work}/${dependencies}/${name}`, `${work}/${dependencies}/modules`);
    await Deno.writeTextFile(`${work}/package/esm/_dnt.shims.js`, shims);
    await moveTo(target, `${work}/package/esm`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function pack(work: string): Promise<string> {
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  await run(npm, ["pack", source, "--silent", "--ignore-scripts", "--pack-destination", work], work);
  return `${work}/${source.replace("@", "-")}.tgz`;
}

async function check(tarball: string): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", await Deno.readFile(tarball)));
  if (digest.toBase64() !== sha512) throw new Stop(`Cannot use ${source} as its SHA-512 is not the one we know`);
}

async function moveTo(target: URL, from: string): Promise<void> {
  try {
    await Deno.rename(from, fileURLToPath(target));
  } catch (error) {
    if (!await exists(target)) throw error; // else another process was first
  }
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  const failed = (why: string) => new Stop(`Cannot fetch Cliffy as \`${command} ${args[0]}\` failed: ${why}`);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, { args, cwd, stdin: "null", stdout: "piped", stderr: "piped" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw failed(`no ${command} on this machine (it comes with Node)`);
    throw error;
  }
  const errors = new TextDecoder().decode(output.stderr).trim();
  if (!output.success) throw failed(errors.split("\n").findLast((line) => line !== "") ?? `exit code ${output.code}`);
}

async function exists(url: URL): Promise<boolean> {
  try {
    await Deno.stat(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
