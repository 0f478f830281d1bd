import { assert, assertEquals, assertRejects } from "@std/assert";
import { until } from "../../tests/cluster/waiting.ts";
import { stubShell } from "../../tests/stub_shell.ts";
import { fullScreen, type View } from "./full_screen.ts";
import { ReaderGone } from "../output.ts";

const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";

function open(view: Partial<View>, keyboard?: { keys: (signal: AbortSignal) => AsyncIterable<string> }) {
  const line = () => Promise.resolve(undefined);
  const shell = stubShell({ size: { columns: 20, rows: 3 }, ...(keyboard ? { keyboard: { ...keyboard, line } } : {}) });
  const { terminal } = shell;
  assert(terminal);
  const whole: View = { lines: () => ["one"], press: () => "nothing", run: () => new Promise(() => {}), ...view };
  return { shell, ended: fullScreen(whole, { ...shell, terminal }) };
}

Deno.test("full screen: the terminal is as it was, though the view fails", async () => {
  const { shell, ended } = open({ run: () => Promise.reject(new TypeError("a bug")) });
  await assertRejects(() => ended, TypeError, "a bug");
  assert(shell.printed().startsWith("\x1b[?1049h") && shell.printed().endsWith(LEAVE));

  const unpaintable = open({
    lines: () => {
      throw new TypeError("a bug");
    },
  });
  await assertRejects(() => unpaintable.ended, TypeError, "a bug");
  assert(unpaintable.shell.printed().endsWith(LEAVE));
});

Deno.test("full screen: keys stop being read when a signal ends it", async () => {
  let wasAborted = false;
  const { shell, ended } = open({}, {
    async *keys(signal) {
      yield "x";
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      wasAborted = true;
    },
  });
  await until(() => shell.printed().includes("one"), { what: "it is on the screen" });
  shell.end(130);
  assertEquals(await ended, 130);
  await Promise.resolve();
  assertEquals(wasAborted, true);
});

Deno.test("full screen: shows as many lines as there are rows, and only after the last frame is out the next", async () => {
  const written: string[] = [];
  let release = () => {};
  const shell = stubShell({ size: { columns: 20, rows: 2 } });
  const { terminal } = shell;
  assert(terminal);
  let changed = () => {};
  let frame = 0;
  const view: View = {
    lines: () => [`frame ${++frame}`, "two", "three"],
    press: () => "nothing",
    run(tell) {
      changed = tell;
      return new Promise(() => {});
    },
  };
  const write = async (bytes: Uint8Array) => {
    written.push(new TextDecoder().decode(bytes));
    if (written.length === 2) await new Promise<void>((resolve) => release = resolve);
  };
  const ended = fullScreen(view, { ...shell, terminal, write });
  await until(() => written.length >= 2, { what: "it is painted" });
  for (let times = 0; times < 5; times++) changed();
  release();
  await until(() => written.length >= 3, { what: "it is painted" });
  shell.end(143);
  await ended;
  assertEquals(written.slice(1), [
    "\x1b[H\x1b[Kframe 1\r\n\x1b[Jtwo",
    "\x1b[H\x1b[Kframe 2\r\n\x1b[Jtwo",
    LEAVE,
  ]);
});

Deno.test("full screen: a terminal that has gone is an end", async () => {
  const shell = stubShell({ size: { columns: 20, rows: 3 } });
  const { terminal } = shell;
  assert(terminal);
  const write = (bytes: Uint8Array) => bytes.length > 30 ? Promise.reject(new ReaderGone("gone")) : Promise.resolve();
  const view: View = { lines: () => ["x".repeat(40)], press: () => "nothing", run: () => new Promise(() => {}) };
  assertEquals(await fullScreen(view, { ...shell, terminal, write }), 129);
});
