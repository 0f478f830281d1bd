// The terminal that taba-cli runs at, as Deno has it: size, keys, lines, and the signals that ask to end.

import type { ExitCode, Keyboard, Shell, Size, Terminal } from "../shell.ts";
import { placesCursor } from "./style.ts";

/** What a terminal is taken for that does not tell its size. */
const SIZE_DEFAULT: Size = { columns: 80, rows: 24 };
const NEWLINE = 0x0a;
/** What one key sends: a character, or a sequence behind Escape (ECMA-48), whose last letter is no key. */
// deno-lint-ignore no-control-regex
const KEY = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|[^]/gu;
const codeBySignal = { SIGINT: 130, SIGQUIT: 131, SIGTERM: 143, SIGHUP: 129 } as const satisfies Partial<
  Record<Deno.Signal, ExitCode>
>;

export function openTerminal(): Terminal | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  return {
    size: sizeOfTerminal,
    placesCursor: placesCursor((name) => Deno.env.get(name)),
    onResize: (listener) => onSignals(["SIGWINCH"], listener),
  };
}

export function openKeyboard(): Keyboard | undefined {
  return Deno.stdin.isTerminal() ? { keys, line } : undefined;
}

export const onEnd: Shell["onEnd"] = (listener) => {
  const stack = new DisposableStack();
  stack.use(onSignals(["SIGINT"], () => listener(codeBySignal.SIGINT)));
  stack.use(onSignals(["SIGQUIT"], () => listener(codeBySignal.SIGQUIT)));
  stack.use(onSignals(["SIGTERM"], () => listener(codeBySignal.SIGTERM)));
  stack.use(onSignals(["SIGHUP"], () => listener(codeBySignal.SIGHUP)));
  return stack;
};

function onSignals(signals: readonly Deno.Signal[], listener: () => void): Disposable {
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    },
  };
}

function sizeOfTerminal(): Size {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || SIZE_DEFAULT.columns, rows: rows || SIZE_DEFAULT.rows };
  } catch {
    return SIZE_DEFAULT; // it went away
  }
}

/** Ctrl-C and Ctrl-\ stay signals. A stop by Ctrl-Z would leave the shell with our screen, so that does nothing. */
async function* keys(signal: AbortSignal): AsyncGenerator<string> {
  using _ignored = onSignals(["SIGTSTP"], () => {});
  const ended = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }));
  const bytes = new Uint8Array(64);
  const decoder = new TextDecoder();
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    while (!signal.aborted) {
      const count = await Promise.race([Deno.stdin.read(bytes), ended]);
      if (count === null) return;
      yield* decoder.decode(bytes.subarray(0, count), { stream: true }).match(KEY) ?? [];
    }
  } finally {
    Deno.stdin.setRaw(false);
  }
}

async function line(): Promise<string | undefined> {
  const read: number[] = [];
  const byte = new Uint8Array(1);
  while (true) {
    const count = await Deno.stdin.read(byte);
    if (count === null && read.length === 0) return undefined;
    if (count === null || byte[0] === NEWLINE) return new TextDecoder().decode(Uint8Array.from(read));
    read.push(byte[0]);
  }
}
