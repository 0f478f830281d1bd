// The life of a program: settings, log, start, one line that says where it listens, a signal, a stop within a bound. The
// only place that exits: 0 after a stop, 2 where the user can set it right, 1 for a bug.

import { background } from "./background.ts";
import { ListenTrouble } from "./listen.ts";
import { describeError } from "./log.ts";
import { configureLog, log, logSettings } from "./process_log.ts";
import { type About, readSettings, type Settings, type SettingTable } from "./settings.ts";
import { systemSleep } from "./world.ts";

/** A program that has started. */
export interface Running {
  readonly url: string;
  /** Ends the work in good order. Called once. */
  stop(): Promise<void>;
  /** How long `stop` may take at most, by its own word. */
  readonly stopMs: number;
}

export interface LifecycleOptions<Table extends SettingTable> {
  readonly about: About;
  readonly table: Table;
  /** @throws {StartTrouble | ListenTrouble} with one line for the user */
  start(settings: Settings<Table>): Promise<Running>;
}

/** What the user asked for can't be started. Its message is one line that says what to change. */
export class StartTrouble extends Error {
  override readonly name = "StartTrouble";
}

/** Set by a supervisor for its workers (service/supervisor.ts). */
export const SUPERVISED = "TABA_SUPERVISED";

const EXIT_BUG = 1;
const EXIT_USAGE = 2;
/** What a stop may take beyond its own word before the process ends all the same. */
const STOP_GRACE_MS = 1000;

/** Runs a program to its end. Never returns. */
export async function runUntilStopped<const Table extends SettingTable>(
  options: LifecycleOptions<Table>,
): Promise<never> {
  const { about } = options;
  configureLog({ logLevel: "info", logFormat: "text" });
  endOnBugs();
  const signalled = firstSignal();
  const sources = {
    args: Deno.args,
    env: (name: string) => Deno.env.get(name),
    readFile: (path: string) => Deno.readTextFileSync(path),
  };
  const read = readSettings({ ...options.table, ...logSettings }, { about, sources });
  switch (read.kind) {
    case "told":
      console.log(read.text);
      return Deno.exit(0);
    case "problem":
      console.error(`${about.name}: ${read.message}`);
      return Deno.exit(EXIT_USAGE);
    case "settings":
      break;
  }
  configureLog(read.settings);
  const running = await startOrExit(options, read.settings);
  console.log(`${about.name} listening on ${running.url}`);
  log.info("started", { program: about.name, version: about.version, url: running.url, pid: Deno.pid });
  log.info("stopping", { signal: await signalled });
  const isDone = await Promise.race([
    running.stop().then(() => true),
    systemSleep(running.stopMs + STOP_GRACE_MS).then(() => false),
  ]);
  log.settle();
  if (isDone) log.info("stopped");
  else log.error("did not stop in time", { stopMs: running.stopMs });
  return Deno.exit(isDone ? 0 : EXIT_BUG);
}

async function startOrExit<Table extends SettingTable>(
  options: LifecycleOptions<Table>,
  settings: Settings<Table>,
): Promise<Running> {
  try {
    return await options.start(settings);
  } catch (error) {
    if (!(error instanceof StartTrouble) && !(error instanceof ListenTrouble)) throw error;
    console.error(`${options.about.name}: ${error.message}`);
    return Deno.exit(EXIT_USAGE);
  }
}

/**
 * The first signal to stop. A terminal and `deno task` may both deliver one, so further ones change nothing: the stop
 * is bounded anyway.
 */
function firstSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => resolve(signal));
  if (Deno.env.get(SUPERVISED) !== undefined) {
    background("watching the supervisor", untilInputEnds().then(() => resolve("the supervisor has gone")));
  }
  return promise;
}

/** A supervisor holds our standard input open as long as it lives, even if it is killed. */
async function untilInputEnds(): Promise<void> {
  const reader = Deno.stdin.readable.getReader();
  while (!(await reader.read()).done);
}

/** What nobody caught is a bug: it is logged with its stack, and a supervisor starts the process again. */
function endOnBugs(): void {
  const end = (error: unknown) => {
    log.error("ends by a bug", {
      error: describeError(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
    Deno.exit(EXIT_BUG);
  };
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    end(event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    end(event.reason);
  });
}
