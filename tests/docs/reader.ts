// Does what a document says, as its reader would: in a real shell, in a copy of the project, line by line. What goes on
// running is left running until something else takes its port or the reader is done. Where a line differs from the
// document's (ports that are free here instead of the usual ones), it is printed as it was run.

import { assert, assertEquals } from "@std/assert";
import { configPath, projectPath, taskProgram } from "../../tools/deno_command.ts";
import { freePorts } from "../../tools/free_ports.ts";
import { isAlike, type Step } from "./document.ts";

/** The ports that documents name. */
const PORTS = [8300, 8301, 8279, 8125, 6379, 6380, 26379, 26380, 26381] as const;
/** What is not copied: what is not the project's, and what the copy may use as it is. */
const NOT_COPIED = [".git", ".registry", "dist", "node_modules"];
const COMMAND_MS = 120_000;

/** Programs that run until they are stopped, by what they print once they are at work. */
const services: readonly (readonly [command: RegExp, ready: RegExp])[] = [
  [/^deno task (serve|agent)\b(?!.*--help)/, /listening on http/],
  [/^deno run .*examples\/(auction|statsd|handlers)\/main\.ts/, /listening on http/],
];
/** Commands that show something anew until Ctrl-C: they are stopped once they have shown something. */
const follows = /(taba-cli|deno task cli) (watch|top)\b(?!.*(\||--help|--json))|^curl .*(-N|--no-buffer)\b(?!.*\|)/;

interface Running {
  readonly text: string;
  readonly port: string;
  readonly child: Deno.ChildProcess;
  readonly ended: Promise<unknown>;
}

export class Reader implements AsyncDisposable {
  /** Of the copy. */
  readonly folder: string;
  readonly #home: string;
  readonly #portByUsual: ReadonlyMap<string, number>;
  readonly #running = new Map<string, Running>();
  readonly #onServer: (url: string) => Promise<void>;
  #isCliTold = false;
  /** By the commands of this place. */
  #printed = "";
  #place = "";

  /** `onServer` is called when a server has been started. */
  private constructor(home: string, options: ReaderOptions) {
    this.#home = home;
    this.folder = `${home}/taba`;
    this.#onServer = options.onServer ?? (() => Promise.resolve());
    const free = freePorts(PORTS.length);
    this.#portByUsual = new Map(PORTS.map((usual, index) => [String(usual), options.ports?.[usual] ?? free[index]]));
  }

  static async open(options: ReaderOptions = {}): Promise<Reader> {
    const reader = new Reader(await Deno.makeTempDir({ prefix: "taba-docs-" }), options);
    await reader.#layOut();
    return reader;
  }

  /** The text with ports that are free here. */
  rewritten(text: string): string {
    return text.replaceAll(/\b(?<![.\d])\d{4,5}\b/g, (number) => String(this.#portByUsual.get(number) ?? number));
  }

  /** Makes sure that a server and an agent run, as documents may take for granted. */
  async begin(): Promise<void> {
    for (const task of ["serve", "agent"]) {
      const text = this.#onFreePorts(`deno task ${task}`);
      if (!this.#running.has(this.#portOf(text))) await this.#serve(text, /listening on http/);
    }
  }

  async follow(step: Step): Promise<void> {
    switch (step.kind) {
      case "file":
        return await Deno.writeTextFile(`${this.folder}/${step.path}`, this.rewritten(step.text));
      case "printed":
        assert(
          isAlike(this.#printed, step.text),
          `${step.place} should print\n${step.text}\nand not\n${this.#printed}`,
        );
        this.#printed = "";
        return;
      case "command":
        assert(!step.isRoot, `${step.place}: nobody here knows how to verify what needs root`);
        await this.#do(step.text.replace(/^npx -y deno /, "deno "), step.place);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map((service) => this.#stop(service)));
    await Deno.remove(this.#home, { recursive: true });
  }

  async #do(command: string, place: string): Promise<void> {
    const text = this.#onFreePorts(command);
    if (place !== this.#place) this.#printed = "";
    this.#place = place;
    console.log(`    ${place} $ ${text.split("\n")[0]}`);
    const [, ready] = services.find(([pattern]) => pattern.test(command)) ?? [];
    if (ready !== undefined) return await this.#serve(text, ready);
    if (follows.test(command)) return await this.#watch(text);
    const { code, stdout, stderr } = await this.#output(text);
    assertEquals(code, 0, `${place}: ${text}\nended with ${code}:\n${stdout}${stderr}`);
    this.#printed += stdout;
  }

  /** Ports that are free; where a command names none, it would take the usual one. */
  #onFreePorts(command: string): string {
    const text = this.rewritten(command);
    const [, task] = text.match(/^deno task (serve|agent)\b/) ?? [];
    if (task !== undefined && !/--(port|config)\b/.test(text)) {
      return text.replace(/^deno task \w+/, `$& --port ${this.rewritten(task === "serve" ? "8300" : "8279")}`);
    }
    // The task is run as it stands once: beside the program it takes two more processes of Deno each time.
    if (!/^deno task cli\b/.test(text)) return text;
    if (this.#isCliTold) return text.replace(/^deno task cli\b/, "taba-cli");
    this.#isCliTold = true;
    return text;
  }

  #portOf(text: string): string {
    return text.match(/--port[ =](\d+)/)?.[1] ?? this.rewritten(/\bagent\b/.test(text) ? "8279" : "8300");
  }

  async #serve(text: string, ready: RegExp): Promise<void> {
    const port = this.#portOf(text);
    const before = this.#running.get(port);
    if (before !== undefined) await this.#stop(before);
    const child = this.#spawn(`exec ${text.replace(/\s#.*$/, "")} 2>&1`);
    const { promise: isReady, resolve, reject } = Promise.withResolvers<void>();
    let printed = "";
    const reading = (async () => {
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += part;
        if (ready.test(printed)) resolve();
      }
      reject(new Error(`${text}\nended:\n${printed}`));
    })();
    const limit = setTimeout(() => reject(new Error(`${text}\nis not at work:\n${printed}`)), COMMAND_MS);
    const ended = Promise.all([reading, child.status]);
    this.#running.set(port, { text, port, child, ended });
    try {
      await isReady;
    } finally {
      clearTimeout(limit);
    }
    const [, url] = printed.match(/taba-server listening on (\S+)/) ?? [];
    if (url !== undefined) await this.#onServer(url);
  }

  async #stop({ port, child, ended }: Running): Promise<void> {
    signal(child, "SIGTERM");
    const limit = setTimeout(() => signal(child, "SIGKILL"), COMMAND_MS);
    await ended;
    clearTimeout(limit);
    this.#running.delete(port);
  }

  async #watch(text: string): Promise<void> {
    const child = this.#spawn(`exec ${text}`);
    const limit = setTimeout(() => signal(child, "SIGKILL"), COMMAND_MS);
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assert(value !== undefined, `${text}\nshowed nothing`);
    signal(child, "SIGINT");
    while (!(await reader.read()).done);
    const { code } = await child.status;
    clearTimeout(limit);
    assert([0, 130].includes(code), `${text}\nended with ${code} after Ctrl-C`);
  }

  async #output(text: string) {
    const child = this.#spawn(text, "piped");
    const limit = setTimeout(() => signal(child, "SIGKILL"), COMMAND_MS);
    const { code, stdout, stderr } = await child.output();
    clearTimeout(limit);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  #spawn(text: string, stderr: "piped" | "inherit" = "inherit"): Deno.ChildProcess {
    return new Deno.Command("bash", {
      args: ["-c", `set -o pipefail; ${text}`],
      cwd: this.folder,
      env: {
        HOME: this.#home,
        DENO_DIR: denoFolder(),
        PATH: `${this.#home}/.deno/bin:${this.#home}/bin:${Deno.env.get("PATH")}`,
        NO_COLOR: "1",
        // Where the real one can't be downloaded; what is built with this one can't be run, but all goes into it.
        DENORT_BIN: Deno.env.get("DENORT_BIN") ?? Deno.execPath(),
        TABA_REGISTRY: configPath.endsWith("npm.json") ? "npm" : "jsr",
        TABA_SERVER: this.rewritten("http://127.0.0.1:8300"),
      },
      ...{ stdin: "null", stdout: "piped", stderr },
    }).spawn();
  }

  async #layOut(): Promise<void> {
    await Deno.mkdir(this.folder);
    await Deno.mkdir(`${this.#home}/bin`);
    const names = [...Deno.readDirSync(projectPath("."))].map(({ name }) => name);
    const copied = names.filter((name) => !NOT_COPIED.includes(name)).map((name) => projectPath(name));
    const { success } = await new Deno.Command("cp", { args: ["-R", ...copied, this.folder] }).output();
    assert(success, "the project can be copied");
    if (names.includes(".registry")) await Deno.symlink(projectPath(".registry"), `${this.folder}/.registry`);
    await Deno.symlink(Deno.execPath(), `${this.#home}/bin/deno`);
    await this.#write("bin/taba-cli", cliScript(`${this.folder}/`));
  }

  async #write(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.#home}/${path}`, text, { mode: 0o755 });
  }
}

export interface ReaderOptions {
  readonly onServer?: (url: string) => Promise<void>;
  /** Where something of the usual port listens already. */
  readonly ports?: Readonly<Partial<Record<typeof PORTS[number], number>>>;
}

/** What `deno task cli` runs. */
function cliScript(folder: string): string {
  const { module, permissions } = taskProgram("cli");
  const config = folder + configPath.split("/").at(-1);
  return `#!/bin/sh\nexec deno run ${permissions.join(" ")} --config ${config} ${folder}${module} "$@"\n`;
}

/** Signals a process that may have ended meanwhile. */
function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

function denoFolder(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
