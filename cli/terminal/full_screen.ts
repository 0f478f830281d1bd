// A view that has the terminal for itself, like top or less: on the terminal's second screen, so that the first is as
// it was when the view ends, however it ends but by SIGKILL.

import { ReaderGone, type Write } from "../output.ts";
import type { ExitCode, Keyboard, Shell, Size, Terminal } from "../shell.ts";

/** The second screen, no cursor, and no new line where one is too long. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const REST_OF_LINE = "\x1b[K";
const REST_OF_SCREEN = "\x1b[J";

export interface View {
  /** What a screen of this size shows: lines that fit its columns. Those beyond its rows are not seen. */
  readonly lines: (size: Size) => readonly string[];
  /** What a key does. */
  readonly press: (key: string) => "quit" | "changed" | "nothing";
  /** Keeps what is shown up to date, and tells each change, until the signal aborts. */
  readonly run: (changed: () => void, signal: AbortSignal) => Promise<void>;
}

type Parts = Pick<Shell, "onEnd" | "write"> & { readonly terminal: Terminal; readonly keyboard: Keyboard | undefined };

/** Shows the view until a key or a signal ends it, or it fails. */
export async function fullScreen(view: View, parts: Parts): Promise<ExitCode> {
  const { terminal, keyboard, onEnd, write } = parts;
  const ending = new AbortController();
  const ended = Promise.withResolvers<ExitCode>();
  using stack = new DisposableStack();
  const painter = new Painter(view, terminal, write);
  const changed = () => void painter.paint().catch(ended.reject);
  stack.use(onEnd(ended.resolve));
  stack.use(terminal.onResize(changed));
  const press = async () => {
    for await (const key of keyboard?.keys(ending.signal) ?? []) {
      const done = view.press(key);
      if (done === "quit") return ended.resolve(0);
      if (done === "changed") changed();
    }
  };
  let pressing = Promise.resolve();
  try {
    await write(encode(ENTER));
    changed();
    pressing = press().catch(ended.reject);
    view.run(changed, ending.signal).catch(ended.reject);
    return await ended.promise;
  } catch (error) {
    if (error instanceof ReaderGone) return 129; // the terminal has hung up
    throw error;
  } finally {
    painter.stop();
    ending.abort();
    await pressing; // the keyboard is as it was
    await write(encode(LEAVE)).catch(() => undefined); // nothing is left to restore where that fails
  }
}

/** Paints one frame after another; what changes while one is written is in the next. */
class Painter {
  readonly #view: View;
  readonly #terminal: Terminal;
  readonly #write: Write;
  #state: "idle" | "painting" | "dirty" | "stopped" = "idle";

  constructor(view: View, terminal: Terminal, write: Write) {
    this.#view = view;
    this.#terminal = terminal;
    this.#write = write;
  }

  async paint(): Promise<void> {
    if (this.#state !== "idle") {
      if (this.#state === "painting") this.#state = "dirty";
      return;
    }
    do {
      this.#state = "painting";
      const size = this.#terminal.size();
      const lines = this.#view.lines(size).slice(0, size.rows);
      // Erased before it is written: after a line that reaches the last column that column would be erased with it.
      const erase = (index: number) => index === lines.length - 1 ? REST_OF_SCREEN : REST_OF_LINE;
      await this.#write(encode(HOME + lines.map((line, index) => erase(index) + line).join("\r\n")));
    } while (this.#isDirty());
    if (this.#state === "painting") this.#state = "idle";
  }

  stop(): void {
    this.#state = "stopped";
  }

  #isDirty(): boolean {
    return this.#state === "dirty";
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
