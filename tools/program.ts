// Starts programs of this project as processes of their own, for the demo, the tests and the benchmarks: waits for
// the line that says where they listen, keeps what they print, and always ends what it started.

import { runEnvironment } from "./child.ts";
import { denoRun } from "./deno_command.ts";

export interface ProgramOptions {
  /** How messages name it, e.g. "server-1". */
  readonly name: string;
  /** The module to run, from the project's folder, e.g. "server/main.ts". */
  readonly module: string;
  readonly args?: readonly string[];
  /** Deno's flags; by default one that allows all. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: "null" | "piped";
  /** How long it may take to say where it listens. The first start of all compiles. */
  readonly startMs?: number;
}

/** A process under our hand. Disposing of it ends it. */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #drained: Promise<unknown>;
  readonly #lines: string[] = [];
  #waiting: { readonly pattern: RegExp; readonly found: (match: RegExpMatchArray) => void }[] = [];
  #ended = false;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    const command = denoRun(options.module, {
      flags: options.flags ?? ["--allow-all"],
      args: options.args ?? [],
    });
    this.#child = new Deno.Command(command.path, {
      args: [...command.args],
      stdin: options.stdin ?? "null",
      stdout: "piped",
      stderr: "piped",
      // Tabs of their own would stand among those that tests and the demo count.
      env: { NO_COLOR: "1", TABA_OWN_TABS: "false", ...runEnvironment(command.args), ...options.env },
    }).spawn();
    this.#drained = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    this.#child.status.then(() => this.#ended = true);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** All it has printed so far, both streams in the order of arrival. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Resolves with the first line, printed already or later, that matches. Rejects when the process ends or the time is up. */
  async line(pattern: RegExp, ms: number): Promise<RegExpMatchArray> {
    for (const line of this.#lines) {
      const match = line.match(pattern);
      if (match !== null) return match;
    }
    const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
    this.#waiting.push({ pattern, found: resolve });
    const timer = setTimeout(() => reject(this.#trouble(`did not print ${pattern} within ${ms} ms`)), ms);
    this.exit().then((code) => reject(this.#trouble(`ended with code ${code} before it printed ${pattern}`)));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The exit code, once it has ended and all it printed has been read. */
  async exit(): Promise<number> {
    const status = await this.#child.status;
    await this.#drained;
    return status.code;
  }

  /** Writes to its standard input and closes it. */
  async feed(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  }

  signal(signal: Deno.Signal): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** Asks it to end, and answers its exit code; kills it where that takes longer than `ms`. */
  async stop(ms = 10_000): Promise<number> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), ms);
    try {
      return await this.exit();
    } finally {
      clearTimeout(timer);
    }
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#note(line);
    }
    if (rest !== "") this.#note(rest);
  }

  #note(line: string): void {
    this.#lines.push(line);
    this.#waiting = this.#waiting.filter(({ pattern, found }) => {
      const match = line.match(pattern);
      if (match !== null) found(match);
      return match === null;
    });
  }

  #trouble(what: string): Error {
    return new Error(`${this.name} ${what}; it printed:\n${this.output}`);
  }
}

/** A program that serves HTTP, and where. */
export interface Service extends AsyncDisposable {
  readonly program: Program;
  readonly url: string;
}

/** Starts a program and waits until it says "listening on <url>". */
export async function startService(options: ProgramOptions): Promise<Service> {
  const program = new Program(options);
  try {
    const [, url = ""] = await program.line(/listening on (http\S+)/, options.startMs ?? 60_000);
    return { program, url, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
  } catch (error) {
    await program.kill();
    throw error;
  }
}

/** Runs a program to its end: what it printed and its exit code. */
export async function runProgram(
  options: ProgramOptions & { readonly input?: string },
): Promise<{ readonly code: number; readonly output: string }> {
  await using program = new Program({ ...options, stdin: options.input === undefined ? "null" : "piped" });
  if (options.input !== undefined) await program.feed(options.input);
  const code = await program.exit();
  return { code, output: program.output };
}
