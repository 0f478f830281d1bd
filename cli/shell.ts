// What the commands of taba-cli may touch, and what they answer. Knows nothing of the library that reads the command
// line, and nothing of Deno: main.ts hands in the real things.

import type { Clock, Random, Sleep } from "../core/world.ts";
import type { Write } from "./output.ts";
import type { Style } from "./terminal/style.ts";

/**
 * 0: something was found or done, and all is well; 1: nothing was, or a check failed; 2: wrong usage, no server that
 * answers, or nowhere to write; above 128: ended by that signal, less 128.
 */
export type ExitCode = 0 | 1 | 2 | 129 | 130 | 131 | 143;

export interface Shell {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly env: (name: string) => string | undefined;
  /** Standard input; undefined where it is a terminal, at which nobody types events. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
  /** Standard input where it is a terminal. */
  readonly keyboard: Keyboard | undefined;
  readonly write: Write;
  /** Standard output where it is a terminal. */
  readonly terminal: Terminal | undefined;
  /** For standard output: plain unless that is a terminal, or colours were asked for. */
  readonly style: Style;
  /** Takes one line for standard error. */
  readonly complain: (line: string) => void;
  /** Takes a text for standard error as it is, where that is a terminal. */
  readonly show: ((text: string) => void) | undefined;
  /** Calls `listener` with the exit code for each signal that asks to end, in place of ending, until disposed of. */
  readonly onEnd: (listener: (code: ExitCode) => void) => Disposable;
}

export interface Keyboard {
  /** Keys as they are pressed, without Enter, until the signal aborts. The terminal is then as it was before. */
  keys(signal: AbortSignal): AsyncIterable<string>;
  /** One line, without its end; undefined where the input ends. */
  line(): Promise<string | undefined>;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Terminal {
  size(): Size;
  /** False for one that only prints, line after line. */
  readonly placesCursor: boolean;
  onResize(listener: () => void): Disposable;
}

/** Options by their long names in camelCase, as they were given. */
export type Options = Readonly<Record<string, unknown>>;

/** What was typed. */
export interface Asked {
  readonly names: readonly string[];
  readonly options: Options;
}

/** What was typed makes no sense. Its message is one line. */
export class UsageTrouble extends Error {
  override readonly name = "UsageTrouble";
}

/** How wide a table may be: as wide as it likes where no terminal shows it. */
export function widthOfOutput(shell: Shell): number {
  return shell.terminal?.size().columns ?? Infinity;
}
