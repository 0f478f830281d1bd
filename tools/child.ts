// A command of Deno in the foreground: it has our terminal and our signals, and its exit code becomes ours.

/** Runs Deno with these arguments to its end, and answers its exit code. */
export async function runInForeground(args: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "inherit", stdout: "inherit", stderr: "inherit" })
    .spawn();
  // A terminal gives Ctrl-C to the child itself; a signal sent to this process alone has to be passed on.
  const isAtTerminal = Deno.stdin.isTerminal() || Deno.stdout.isTerminal() || Deno.stderr.isTerminal();
  for (const signal of signals()) {
    const isShared = isAtTerminal && signal === "SIGINT";
    Deno.addSignalListener(signal, () => isShared || pass(child, signal));
  }
  return (await child.status).code;
}

function signals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

function pass(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError says that it has ended already
  }
}
