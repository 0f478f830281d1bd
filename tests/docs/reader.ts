// Does what a document says, as its reader would: in a real shell, in a copy of the project, line by line. What goes on
// running is left running until something else takes its port or the reader is done. Ports are others than the usual
// ones, which may be taken, and files of the system lie in a folder of our own: each line is printed as it was run.

import { assert, assertEquals } from "@std/assert";
import { passSignal } from "../../tools/child.ts";
import { configPath, projectPath, taskProgram } from "../../tools/deno_command.ts";
import { freePorts } from "../../tools/free_ports.ts";
import { pass, until } from "../cluster/waiting.ts";
import { isAlike, type Step } from "./document.ts";

/** The ports that documents name. */
const PORTS = [8300, 8301, 8279, 8125, 6379, 6380, 26379, 26380, 26381] as const;
/** What is not copied: what is not the project's, and what the copy may use as it is. */
const NOT_COPIED = [".git", ".registry", "dist", "node_modules"];
const COMMAND_MS = 120_000;
/** Between two looks of who asks too early. */
const AGAIN_MS = 200;

/** Programs that run until they are stopped, by what they print once they are at work. */
const services: readonly (readonly [command: RegExp, ready: RegExp])[] = [
  [/^deno (task (serve|agent)\b|run .* server\/main\.ts)(?!.*--help)/, /listening on http/],
];
/** Programs that end by themselves, some time: they run in another terminal. */
const runsLong = /^deno task demo\b/;
/** Commands that show something anew until Ctrl-C: they are stopped once they have shown something. */
const follows = /^(taba-cli|deno task cli) (watch|top)\b(?!.*(\||--help|--json))|^curl .*(-N|--no-buffer)\b(?!.*\|)/;
/** Commands that ask: who asks too early asks again. */
const asks =
  /^(DENO_CERT=\S+ )?(taba-cli|deno task cli) (?!record)|^(for .*; do )?redis-cli |^curl (?!.*(--data|-d |-X|--request))/;
const systemPath = /(?<=^|[\s=">{])\/(?=(etc|var\/lib|usr\/local)\/)/gm;

export interface ReaderOptions {
  /** Called when a server has been started. */
  readonly onServer?: (url: string) => Promise<void>;
  /** Does what needs root, in another way. The command is as it was rewritten. */
  readonly onRoot?: (command: string) => Promise<void>;
  /** Where something of the usual port listens already. */
  readonly ports?: Readonly<Partial<Record<typeof PORTS[number], number>>>;
}

interface Running {
  readonly port: string;
  readonly child: Deno.ChildProcess;
  readonly ended: Promise<unknown>;
}

export class Reader implements AsyncDisposable {
  /** The copy of the project. */
  readonly folder: string;
  /** Where files of the system are. */
  readonly root: string;
  readonly #home: string;
  readonly #denoFolder = denoFolder();
  readonly #options: ReaderOptions;
  readonly #portByUsual: ReadonlyMap<string, number>;
  readonly #running = new Map<string, Running>();
  readonly #longRuns: Promise<void>[] = [];
  /** What the commands of this place have printed: the last one apart, with what it asked if it did. */
  #printed = { place: "", before: "", last: "", asked: "" };
  #isCliTaskRun = false;

  private constructor(home: string, options: ReaderOptions) {
    this.#home = home;
    this.folder = `${home}/taba`;
    this.root = `${home}/root`;
    this.#options = options;
    const free = freePorts(PORTS.length);
    this.#portByUsual = new Map(PORTS.map((usual, index) => [String(usual), options.ports?.[usual] ?? free[index]]));
  }

  static async open(options: ReaderOptions = {}): Promise<Reader> {
    const reader = new Reader(await Deno.makeTempDir({ prefix: "taba-docs-" }), options);
    await reader.#layOut();
    return reader;
  }

  /** The text with other ports and paths. */
  rewritten(text: string): string {
    return text.replaceAll(/(?<![\w.])\d{4,5}\b/g, (number) => String(this.#portByUsual.get(number) ?? number))
      .replaceAll(systemPath, `${this.root}/`);
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
        return await this.save(step.path, step.text);
      case "shown":
        return assertEquals(step.text, await Deno.readTextFile(`${this.folder}/${step.path}`), step.place);
      case "printed":
        return await this.#compare(step);
      case "command":
        return await this.#do(step);
    }
  }

  /** What its programs find in their environment. */
  get env(): Readonly<Record<string, string>> {
    return {
      HOME: this.#home,
      DENO_DIR: this.#denoFolder,
      DENO_INSTALL_ROOT: `${this.#home}/.deno`,
      PATH: [`${this.#home}/.deno/bin`, `${this.#home}/bin`, Deno.env.get("PATH")].join(":"),
      NO_COLOR: "1",
      TABA_REGISTRY: configPath.endsWith("npm.json") ? "npm" : "jsr",
      // Where the real one can't be downloaded; what is built with this one can't be run, but all goes into it.
      DENORT_BIN: Deno.env.get("DENORT_BIN") ?? Deno.execPath(),
    };
  }

  /** Runs a command to its end. */
  async run(text: string) {
    const child = this.#spawn(text, "piped");
    const limit = setTimeout(() => passSignal(child, "SIGKILL"), COMMAND_MS);
    const { code, stdout, stderr } = await child.output();
    clearTimeout(limit);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async save(path: string, text: string, mode = 0o644): Promise<void> {
    const rewritten = this.rewritten(path);
    const place = rewritten.startsWith("/") ? rewritten : `${this.folder}/${rewritten}`;
    assert(place.startsWith(this.#home), `${path} is no path of ours`);
    await Deno.mkdir(place.slice(0, place.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(place, this.rewritten(text), { mode });
  }

  /** Waits for what runs long. */
  async end(): Promise<void> {
    await Promise.all(this.#longRuns);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#longRuns);
    await Promise.all([...this.#running.values()].map((service) => this.#stop(service)));
    await Deno.remove(this.#home, { recursive: true });
  }

  async #do({ place, text: told, isRoot }: Step & { readonly kind: "command" }): Promise<void> {
    const text = this.#onFreePorts(told.replace(/^npx -y deno /, "deno "));
    console.log(
      `    ${place} ${isRoot ? "#" : "$"} ${text.replaceAll(this.#home, "").split("\n")[0]}`,
    );
    if (isRoot) {
      assert(this.#options.onRoot, `${place}: nobody here knows how to verify what needs root`);
      return await this.#options.onRoot(text);
    }
    const [, ready] = services.find(([pattern]) => pattern.test(told)) ?? [];
    if (ready !== undefined) return await this.#serve(text, ready);
    if (follows.test(told)) return await this.#watch(text);
    if (runsLong.test(told)) return this.#runLong(text, place);
    let ended = await this.run(text);
    const isAsking = asks.test(told);
    if (isAsking && ended.code !== 0) {
      const again = async () => {
        await pass(AGAIN_MS);
        ended = await this.run(text);
        return ended.code === 0;
      };
      await until(again, { what: `${text} succeeds: ${ended.stderr}` });
    }
    assertEquals(ended.code, 0, `${place}: ${text}\nended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
    const before = this.#printed.place === place ? this.#printed.before + this.#printed.last : "";
    this.#printed = { place, before, last: ended.stdout, asked: isAsking ? text : "" };
  }

  #runLong(text: string, place: string): void {
    const done = this.run(text).then(({ code, stdout, stderr }) => {
      assertEquals(code, 0, `${place}: ${text}\nended with ${code}:\n${stdout}${stderr}`);
    });
    done.catch(() => {}); // `end` tells
    this.#longRuns.push(done);
  }

  async #compare({ place, text, isExact }: Step & { readonly kind: "printed" }): Promise<void> {
    const isAsExpected = () => isAlike(this.#printed.before + this.#printed.last, this.rewritten(text), { isExact });
    if (!isAsExpected() && this.#printed.asked !== "") {
      const again = async () => {
        await pass(AGAIN_MS);
        this.#printed.last = (await this.run(this.#printed.asked)).stdout;
        return isAsExpected();
      };
      await until(again, { what: `${place} is printed` }).catch(() => {}); // what is printed instead is told below
    }
    const { before, last } = this.#printed;
    assert(isAsExpected(), `${place} should print\n${text}\nand not\n${before}${last}`);
    this.#printed = { place: "", before: "", last: "", asked: "" };
  }

  #onFreePorts(command: string): string {
    const text = this.rewritten(command);
    const [, task] = text.match(/^deno task (serve|agent)\b/) ?? [];
    if (task !== undefined && !/--(port|config)\b/.test(text)) {
      return text.replace(/^deno task \w+/, `$& --port ${this.#portOf(text)}`);
    }
    // Run as it stands once: beside the program the task takes two more processes of Deno each time.
    if (!/^deno task cli\b/.test(text)) return text;
    if (this.#isCliTaskRun) return text.replace(/^deno task cli\b/, "taba-cli");
    this.#isCliTaskRun = true;
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
    this.#running.set(port, { port, child, ended: Promise.all([reading, child.status]) });
    try {
      await isReady;
    } finally {
      clearTimeout(limit);
    }
    const [, url] = printed.match(/taba-server listening on (\S+)/) ?? [];
    if (url !== undefined) await this.#options.onServer?.(url);
  }

  async #stop({ port, child, ended }: Running): Promise<void> {
    passSignal(child, "SIGTERM");
    const limit = setTimeout(() => passSignal(child, "SIGKILL"), COMMAND_MS);
    await ended;
    clearTimeout(limit);
    this.#running.delete(port);
  }

  async #watch(text: string): Promise<void> {
    const child = this.#spawn(`exec ${text}`);
    const limit = setTimeout(() => passSignal(child, "SIGKILL"), COMMAND_MS);
    const shown = child.stdout.getReader();
    const { value } = await shown.read();
    assert(value !== undefined, `${text}\nshowed nothing`);
    passSignal(child, "SIGINT");
    while (!(await shown.read()).done);
    const { code } = await child.status;
    clearTimeout(limit);
    assert([0, 130].includes(code), `${text}\nended with ${code} after Ctrl-C`);
  }

  #spawn(text: string, stderr: "piped" | "inherit" = "inherit"): Deno.ChildProcess {
    return new Deno.Command("bash", {
      args: ["-c", `set -o pipefail; ${text}`],
      cwd: this.folder,
      env: {
        ...this.env,
        TABA_SERVER: this.rewritten("http://127.0.0.1:8300"),
        TABA_AGENT: this.rewritten("http://127.0.0.1:8279"),
      },
      ...{ stdin: "null", stdout: "piped", stderr },
    }).spawn();
  }

  async #layOut(): Promise<void> {
    await Deno.mkdir(this.folder);
    const names = [...Deno.readDirSync(projectPath("."))].map(({ name }) => name);
    const copied = names.filter((name) => !NOT_COPIED.includes(name)).map((name) => projectPath(name));
    const { success } = await new Deno.Command("cp", { args: ["-R", ...copied, this.folder] }).output();
    assert(success, "the project can be copied");
    if (names.includes(".registry")) await Deno.symlink(projectPath(".registry"), `${this.folder}/.registry`);
    await this.save(`${this.#home}/bin/taba-cli`, this.scriptOf("cli"), 0o755);
    await Deno.symlink(Deno.execPath(), `${this.#home}/bin/deno`);
  }

  /** A script that runs a task's program as the task does. */
  scriptOf(task: string): string {
    const { module, flags } = taskProgram(task);
    const config = `${this.folder}/${configPath.split("/").at(-1)}`;
    const run = ["deno", "run", ...flags, "--config", config, `${this.folder}/${module}`];
    return `#!/bin/sh\nexec ${run.map((word) => `'${word}'`).join(" ")} "$@"\n`;
  }
}

function denoFolder(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
