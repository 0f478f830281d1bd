// A shell for the commands of taba-cli in process: requests go to a handler of the test's own, what is printed is kept,
// and sleeping takes no time.

import type { ExitCode, Keyboard, Shell, Size } from "../cli/shell.ts";
import { createStyle } from "../cli/terminal/style.ts";

export interface StubShell extends Shell {
  readonly requests: readonly Request[];
  readonly printed: () => string;
  readonly complaints: readonly string[];
  readonly sleptMs: readonly number[];
  /** What was shown on standard error that is no line of its own, such as a question. */
  readonly shown: () => string;
  /** Sends the signal that asks to end with this code. */
  readonly end: (code: ExitCode) => void;
  /** Gives the terminal another size. */
  readonly resize: (size: Size) => void;
}

export interface StubShellOptions {
  /** Stands for the server; what it throws is a failed fetch. */
  readonly answer?: (request: Request) => Response | Promise<Response>;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input, piece by piece; a terminal where left out. */
  readonly input?: readonly string[];
  /** Standard output is a terminal of this size. */
  readonly size?: Size;
  /** At that terminal: keys as they are pressed, or the lines that answer a question. */
  readonly keyboard?: Keyboard;
  readonly now?: () => number;
}

export function stubShell(options: StubShellOptions = {}): StubShell {
  const { answer, env = {}, input, keyboard, now = () => 1_700_000_000 } = options;
  const requests: Request[] = [];
  const complaints: string[] = [];
  const sleptMs: number[] = [];
  const decoder = new TextDecoder();
  let printed = "";
  let shown = "";
  let { size } = options;
  const resized = new Set<() => void>();
  const ended = new Set<(code: ExitCode) => void>();
  return {
    clock: now,
    style: createStyle(false),
    keyboard,
    terminal: size && { size: () => size ?? { columns: 80, rows: 24 }, placesCursor: true, onResize: listen(resized) },
    show: keyboard && ((text) => void (shown += text)),
    onEnd: listen(ended),
    shown: () => shown,
    end: (code) => ended.forEach((listener) => listener(code)),
    resize(changed) {
      size = changed;
      resized.forEach((listener) => listener());
    },
    requests,
    complaints,
    sleptMs,
    printed: () => printed,
    fetch: async (url, init) => {
      const request = new Request(url instanceof Request ? url.url : url, init);
      requests.push(request.clone());
      return await (answer?.(request) ?? new Response("found\n"));
    },
    random: () => 0.5,
    // A limit on silence never passes by itself here; a pause between two tries is over at once.
    sleep: (ms, signal) => {
      if (signal?.aborted) return Promise.resolve();
      if (signal !== undefined) return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      sleptMs.push(ms);
      return Promise.resolve();
    },
    env: (name) => env[name],
    input: input === undefined ? undefined : ReadableStream.from(input.map((piece) => new TextEncoder().encode(piece))),
    write: (bytes) => {
      printed += decoder.decode(bytes, { stream: true });
      return Promise.resolve();
    },
    complain: (line) => complaints.push(line),
  };
}

function listen<Listener>(listeners: Set<Listener>): (listener: Listener) => Disposable {
  return (listener) => {
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  };
}
