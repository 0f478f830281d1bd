// A command of Deno in the foreground: it has our terminal and our signals, and its exit code becomes ours.

/** Runs Deno with these arguments to its end, and answers its exit code. */
export async function runInForeground(args: string[]): Promise<number> {
  const env = runEnvironment(args);
  const child = new Deno.Command(Deno.execPath(), { args, env, stdin: "inherit", stdout: "inherit", stderr: "inherit" })
    .spawn();
  // A terminal gives Ctrl-C to the child itself; a signal sent to this process alone has to be passed on.
  const isAtTerminal = Deno.stdin.isTerminal() || Deno.stdout.isTerminal() || Deno.stderr.isTerminal();
  for (const signal of signals()) {
    const isShared = isAtTerminal && signal === "SIGINT";
    Deno.addSignalListener(signal, () => isShared || passSignal(child, signal));
  }
  return (await child.status).code;
}

/** What a program that starts itself again has to know: Deno's arguments up to its module (see service/supervisor.ts). */
export function runEnvironment(args: readonly string[]): Record<string, string> {
  const module = args.findIndex((arg) => arg.endsWith(".ts"));
  return args[0] === "run" && module > 0 ? { TABA_RUN: args.slice(0, module + 1).join("\n") } : {};
}

function signals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/** Signals a process that may have ended meanwhile. */
export function passSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError says that it has ended already
  }
}
