// One program as several processes that share a port: starts them, starts again what dies, and stops them together.

import { backoffMs } from "../core/backoff.ts";
import type { Clock, Random, Sleep } from "../core/world.ts";
import { background } from "./background.ts";
import { type Running, StartTrouble, SUPERVISED } from "./lifecycle.ts";
import { reservePort } from "./listen.ts";
import type { Log } from "./log.ts";

export interface SupervisorOptions {
  readonly workers: number;
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** How this program is started, without its own arguments; undefined where nobody knows. See `launchOf`. */
  readonly launch: readonly string[] | undefined;
  /** This program's own arguments: a worker gets them, and further ones that make it a worker. */
  readonly args: readonly string[];
  readonly stopMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** A worker that dies soon after its start is started again after a pause that grows. */
const BACKOFF = { firstMs: 100, maxMs: 5000 } as const;
/** A worker that has lived so long was well. */
const WELL_S = 10;

/**
 * How to start this program again, before its own arguments: a compiled program is started by its path alone, and what
 * runs a module says in TABA_RUN with which arguments of Deno it did.
 */
export function launchOf(taskRun: string | undefined): readonly string[] | undefined {
  if (Deno.build.standalone) return [Deno.execPath()];
  return taskRun === undefined ? undefined : [Deno.execPath(), ...taskRun.split("\n")];
}

/**
 * Starts the workers, and resolves once the first of them listens.
 * @throws {StartTrouble | ListenTrouble} the latter from listen.ts
 */
export async function supervise(options: SupervisorOptions): Promise<Running> {
  const { workers, launch, hostname, stopMs } = options;
  if (launch === undefined) {
    throw new StartTrouble("cannot start workers as it must be known how: start it by its task, or compile it");
  }
  const port = reservePort({ hostname, port: options.port });
  const stopping = new AbortController();
  const first = { ...Promise.withResolvers<string>(), hasListened: false };
  const lives = Array.from({ length: workers }, () => {
    const worker = new Worker(launch, { ...options, port });
    return live(worker, { ...options, signal: stopping.signal, first });
  });
  background("supervising", Promise.all(lives));
  const url = await first.promise;
  return {
    url,
    stopMs,
    async stop() {
      stopping.abort();
      await Promise.all(lives);
    },
  };
}

/** Runs one worker again and again until `signal` aborts, then ends it. */
async function live(
  worker: Worker,
  options: SupervisorOptions & {
    readonly signal: AbortSignal;
    /** Of all workers, the first that listens. */
    readonly first: { hasListened: boolean; resolve(url: string): void; reject(trouble: StartTrouble): void };
  },
): Promise<void> {
  const { signal, clock, random, sleep, log, first } = options;
  signal.addEventListener("abort", () => worker.end());
  for (let failures = 0; !signal.aborted;) {
    const started = clock();
    const code = await worker.run((url) => {
      first.hasListened = true;
      first.resolve(url);
    });
    if (signal.aborted) return;
    // Wrong usage, which all share, does not mend itself; the worker has said what is wrong.
    if (!first.hasListened) return first.reject(new StartTrouble(`cannot start as a worker ended with code ${code}`));
    failures = clock() - started > WELL_S ? 1 : failures + 1;
    log.error("a worker ended and is started again", { pid: worker.pid, code });
    await sleep(backoffMs(failures, BACKOFF, random), signal);
  }
}

/** One process, over all its lives. */
class Worker {
  readonly #command: Deno.Command;
  #child: Deno.ChildProcess | undefined;
  #isRunning = false;

  constructor(
    [path, ...launchArgs]: readonly string[],
    { args, port }: { readonly args: readonly string[]; readonly port: number },
  ) {
    // Of a setting given twice the last counts.
    const asWorker = ["--workers", "1", "--shared-port", "--port", String(port)];
    this.#command = new Deno.Command(path, {
      args: [...launchArgs, ...args, ...asWorker],
      env: { [SUPERVISED]: "true" },
      // Never written to: it ends with this process, however that ends, and then the worker stops by itself.
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
  }

  /** Of its life now, or the last one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and answers its exit code; says where it listens once it does. */
  async run(onListening: (url: string) => void): Promise<number> {
    const child = this.#command.spawn();
    this.#child = child;
    this.#isRunning = true;
    let printed = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (printed.includes("\n")) continue;
      printed += text;
      const [, url] = printed.match(/ listening on (\S+)\n/) ?? [];
      if (url !== undefined) onListening(url);
    }
    // What has closed its output is about to end: nothing need be sent to it any more.
    this.#isRunning = false;
    const { code } = await child.status;
    await child.stdin.close();
    return code;
  }

  /** Asks it to stop, which it does within its own bound. */
  end(): void {
    if (this.#isRunning) this.#child?.kill("SIGTERM");
  }
}
