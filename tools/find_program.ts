// Finds programs that tests and tools need beside Deno, and installs Debian's package where one is missing and this user
// may. Leaves no service running.

import { projectPath } from "./deno_command.ts";
import { Stop } from "./stop.ts";

/** Debian's packages start their service when installed, unless this program says 101: "not allowed". */
const POLICY = "/usr/sbin/policy-rc.d";

export interface Wanted {
  /** As messages name it, e.g. "Redis". */
  readonly what: string;
  /** Its names on PATH; the first that is found is taken. */
  readonly programs: readonly string[];
  /** Debian's package. */
  readonly debian: string;
  /** What to install elsewhere, e.g. "Redis 3.0 or later". */
  readonly install: string;
  /** The variable that names another program than the one on PATH. */
  readonly variable: string;
}

/** Its path. @throws {Stop} saying what to install. */
export async function findProgram(wanted: Wanted): Promise<string> {
  const named = Deno.env.get(wanted.variable);
  if (named !== undefined) return named;
  const found = await onPath(wanted.programs);
  if (found !== undefined) return found;
  await install(wanted);
  return await onPath(wanted.programs) ?? missing(wanted, "apt-get installed it, but it is not on PATH");
}

async function install(wanted: Wanted): Promise<void> {
  if (Deno.uid() !== 0) missing(wanted, "only root may install it");
  if (await onPath(["apt-get"]) === undefined) missing(wanted, "this system has no apt-get");
  // Tests that run beside each other may want something each; the file matters only as one that they all have.
  using turn = await Deno.open(projectPath("deno.json"));
  await turn.lock(true);
  if (await onPath(wanted.programs) !== undefined) return;
  console.log(`Installing ${wanted.what} from Debian's packages, once ...`);
  const isMuted = await forbidServices();
  try {
    await aptGet(["update"], wanted);
    await aptGet(["install", "--yes", "--no-install-recommends", wanted.debian], wanted);
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

async function aptGet(args: readonly string[], wanted: Wanted): Promise<void> {
  const command = new Deno.Command("apt-get", {
    args: ["--quiet=2", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) {
    missing(wanted, `apt-get ${args[0]} failed: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  }
}

async function onPath(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
      const path = `${folder}/${program}`;
      const file = await Deno.stat(path).catch(() => undefined); // a folder of PATH need not exist
      if (file?.isFile) return path;
    }
  }
  return undefined;
}

function missing({ what, programs, install, debian }: Wanted, why: string): never {
  throw new Stop(
    `Cannot start ${what} as there is no ${
      programs[0]
    }: ${why}; install ${install} (Debian: apt-get install ${debian})`,
  );
}
