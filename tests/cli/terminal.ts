// taba-cli as a process at a real terminal: a pseudo-terminal that `script` of util-linux opens, on Debian always there.

import { runEnvironment } from "../../tools/child.ts";
import { denoRun, taskProgram } from "../../tools/deno_command.ts";
import { until } from "../cluster/waiting.ts";

export interface TerminalOptions {
  readonly args: readonly string[];
  readonly server: string;
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What is printed around the program, to be found again in all that the terminal showed. */
const [BEFORE, AFTER] = ["modes before:", "modes after:"];

/** Why no test can have a terminal here; undefined where it can. */
export async function whyNoTerminal(): Promise<string | undefined> {
  try {
    const { success } = await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output();
    return success ? undefined : "script (util-linux) does not run here";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "script (util-linux, package bsdutils on Debian) is not here";
    throw error;
  }
}

/** Disposing of it ends it. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  #shown = "";

  constructor({ args, server, columns, rows, env }: TerminalOptions) {
    const { module, flags } = taskProgram("cli");
    const command = denoRun(module, { flags: ["--quiet", ...flags], args });
    const line = [command.path, ...command.args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    // The shell outlives the program to tell how it ended, so Ctrl-C and Ctrl-\ must not end it; its child has the
    // default again.
    const story = [
      "trap : INT QUIT",
      `stty cols ${columns} rows ${rows}`,
      `echo "tty $(tty)"`,
      `echo "${BEFORE} $(stty -g)"`,
      `sh -c 'echo pid $$; exec "$@"' - ${line}`,
      String.raw`printf '\ncode %s\n' $?`,
      `echo "${AFTER} $(stty -g)"`,
    ].join("\n");
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--command", story, "/dev/null"],
      env: { ...runEnvironment(command.args), TABA_SERVER: server, TERM: "xterm", SHELL: "/bin/sh", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** All that it was sent, the program's colours and movements too. */
  get shown(): string {
    return this.#shown;
  }

  /** The lines of the last frame whose last line has begun, without colours. */
  get frame(): readonly string[] {
    const frames = this.#shown.split("\x1b[H").slice(1).filter((frame) => frame.includes("\x1b[J"));
    // deno-lint-ignore no-control-regex
    return (frames.at(-1) ?? "").split(/\r*\n/).map((line) => line.replaceAll(/\x1b\[[\d;]*[JKm]/g, ""));
  }

  async shows(pattern: RegExp): Promise<void> {
    try {
      await until(() => pattern.test(this.#shown), { what: `the terminal shows ${pattern}` });
    } catch (error) {
      throw new Error(`it shows ${JSON.stringify(this.#shown)}`, { cause: error });
    }
  }

  async press(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** To the program itself, not to its terminal. */
  async signal(signal: Deno.Signal): Promise<void> {
    Deno.kill(Number(await this.#find(/^pid (\d+)/m)), signal);
  }

  async resize(columns: number, rows: number): Promise<void> {
    const tty = await this.#find(/^tty (\S+)/m);
    const args = ["-F", tty, "cols", String(columns), "rows", String(rows)];
    const { success } = await new Deno.Command("stty", { args }).output();
    if (!success) throw new Error(`stty ${args.join(" ")} failed`);
  }

  /** The program's exit code, once it has ended; and that it left the terminal as it was. */
  async end(): Promise<{ readonly code: number; readonly isRestored: boolean }> {
    const code = Number(await this.#find(/^code (\d+)/m));
    const after = await this.#find(new RegExp(`^${AFTER} (\\S+)`, "m"));
    const before = await this.#find(new RegExp(`^${BEFORE} (\\S+)`, "m"));
    const isOnFirstScreen = this.#shown.lastIndexOf("\x1b[?1049l") >= this.#shown.lastIndexOf("\x1b[?1049h");
    const isCursorShown = this.#shown.lastIndexOf("\x1b[?25h") >= this.#shown.lastIndexOf("\x1b[?25l");
    return { code, isRestored: before === after && isOnFirstScreen && isCursorShown };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keys.close().catch(() => undefined); // it has ended already
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the same
    }
    await this.#child.status;
    await this.#reading;
  }

  async #find(pattern: RegExp): Promise<string> {
    await this.shows(pattern);
    return this.#shown.match(pattern)?.[1] ?? "";
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.#shown += text;
  }
}
