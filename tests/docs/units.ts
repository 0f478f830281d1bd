// Stands in for systemd where a test follows a guide: runs the guide's own units as processes of this user, and starts
// again what dies, as they say. Knows of them what the guide uses.

import { passSignal } from "../../tools/child.ts";
import { until } from "../cluster/waiting.ts";

interface Unit {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly restartMs: number | undefined;
}

interface Started {
  child: Deno.ChildProcess;
  isStopping: boolean;
  over: Promise<void>;
}

const STOP_MS = 30_000;

export class Units implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #startedByName = new Map<string, Started>();
  /** What all units have printed. */
  output = "";

  /** `folder` holds the files of the units; `env` is what every process has. */
  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#env = env;
  }

  /** Does what `systemctl` with these arguments does. */
  async systemctl(args: readonly string[]): Promise<void> {
    const [verb, ...rest] = args;
    const names = rest.filter((word) => !word.startsWith("--"));
    switch (verb) {
      case "daemon-reload":
        return;
      case "enable":
      case "start":
        return names.forEach((name) => this.#start(name));
      case "restart":
        for (const name of names) {
          await this.#stop(name);
          this.#start(name);
        }
        return;
      case "stop":
        for (const name of names) await this.#stop(name);
        return;
      case "kill":
        for (const name of names) passSignal(this.#started(name).child, "SIGKILL");
        return;
      default:
        throw new Error(`systemctl ${verb} is not known here`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#startedByName.values()];
    for (const started of all) {
      started.isStopping = true;
      passSignal(started.child, "SIGKILL");
    }
    await Promise.all(all.map(({ over }) => over));
  }

  #started(name: string): Started {
    const started = this.#startedByName.get(name);
    if (started === undefined) throw new Error(`${name} is not running`);
    return started;
  }

  #start(name: string): void {
    if (this.#startedByName.has(name)) return;
    const unit = this.#read(name);
    const started: Started = { child: this.#spawn(unit), isStopping: false, over: Promise.resolve() };
    this.#startedByName.set(name, started);
    started.over = this.#keepRunning(started, unit).finally(() => this.#startedByName.delete(name));
  }

  async #keepRunning(started: Started, unit: Unit): Promise<void> {
    for (;;) {
      await this.#untilEnded(started.child);
      if (unit.restartMs === undefined) return;
      await pauseUnless(unit.restartMs, started);
      if (started.isStopping) return;
      started.child = this.#spawn(unit);
    }
  }

  async #stop(name: string): Promise<void> {
    const started = this.#started(name);
    started.isStopping = true;
    passSignal(started.child, "SIGTERM");
    const limit = setTimeout(() => passSignal(started.child, "SIGKILL"), STOP_MS);
    await started.over;
    clearTimeout(limit);
  }

  #read(name: string): Unit {
    const [template, instance] = name.split("@");
    const file = `${this.#folder}/${template}${instance === undefined ? "" : "@"}.service`;
    const text = Deno.readTextFileSync(file).replaceAll("%i", instance ?? "");
    const value = (key: string) => text.match(new RegExp(`^${key}=(.*)$`, "m"))?.[1];
    const envFile = value("EnvironmentFile");
    const own = readEnvironment([...text.matchAll(/^Environment=(.*)$/gm)].map(([, line]) => line));
    return {
      words: (value("ExecStart") ?? "").split(" "),
      env: envFile === undefined ? own : { ...own, ...readEnvironment(Deno.readTextFileSync(envFile).split("\n")) },
      restartMs: value("Restart") === "always" ? 1000 * Number(value("RestartSec") ?? 0.1) : undefined,
    };
  }

  #spawn({ words: [path, ...args], env }: Unit): Deno.ChildProcess {
    return new Deno.Command(path, {
      args,
      env: { ...this.#env, ...env },
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
    }).spawn();
  }

  async #untilEnded(child: Deno.ChildProcess): Promise<void> {
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.output += text;
    };
    await Promise.all([read(child.stdout), read(child.stderr), child.status]);
  }
}

/** Of lines such as NAME=value. */
function readEnvironment(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => line.match(/^(\w+)=(.*)$/)).filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
}

async function pauseUnless(ms: number, started: { readonly isStopping: boolean }): Promise<void> {
  const end = performance.now() + ms;
  await until(() => started.isStopping || performance.now() > end, { ms: 2 * ms + STOP_MS, what: "it starts again" });
}
