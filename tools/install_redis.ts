// Finds redis-server, and installs Debian's package where it is missing and this user may. Leaves no service running.

import { Stop } from "./stop.ts";

/** Names another redis-server than the one on PATH, e.g. an older version to test with. */
const VARIABLE = "TABA_REDIS_SERVER";
/** Debian's packages start their service when installed, unless this program says 101: "not allowed". */
const POLICY = "/usr/sbin/policy-rc.d";

/** The path of a redis-server, which serves as Sentinel too. @throws {Stop} saying what to install. */
export async function findRedis(): Promise<string> {
  const named = Deno.env.get(VARIABLE);
  if (named !== undefined) return named;
  const found = await onPath("redis-server");
  if (found !== undefined) return found;
  await installRedis();
  return await onPath("redis-server") ?? missing("apt-get installed it, but it is not on PATH");
}

async function installRedis(): Promise<void> {
  if (Deno.uid() !== 0) missing("only root may install it");
  if (await onPath("apt-get") === undefined) missing("this system has no apt-get");
  console.log("Installing Redis from Debian's packages, once ...");
  const isMuted = await forbidServices();
  try {
    await aptGet(["update"]);
    await aptGet(["install", "--yes", "--no-install-recommends", "redis-server"]);
  } finally {
    if (isMuted) await Deno.remove(POLICY);
  }
}

/** Answers false where the system has a policy of its own, which stands. */
async function forbidServices(): Promise<boolean> {
  try {
    await Deno.writeTextFile(POLICY, "#!/bin/sh\nexit 101\n", { createNew: true, mode: 0o755 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

async function aptGet(args: readonly string[]): Promise<void> {
  const command = new Deno.Command("apt-get", {
    args: ["--quiet=2", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) missing(`apt-get ${args[0]} failed: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
}

async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/${program}`;
    const file = await Deno.stat(path).catch(() => undefined); // a folder of PATH need not exist
    if (file?.isFile) return path;
  }
  return undefined;
}

function missing(why: string): never {
  throw new Stop(
    `Cannot start Redis as there is no redis-server: ${why}; install Redis 3.0 or later (Debian: apt-get install redis-server)`,
  );
}
