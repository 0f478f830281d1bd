import { assertEquals } from "@std/assert";
import { countingLog, createLog, describeError, textLine } from "./log.ts";

function fixture() {
  const lines: string[] = [];
  const time = { now: 1763890000 };
  const log = createLog({ clock: () => time.now, write: (line) => lines.push(line), repeatS: 10 });
  return { lines, time, log };
}

Deno.test("log: writes time, level, message and fields on one line", () => {
  const { lines, log } = fixture();
  log.warn("a post\nfailed", { server: "http://a:1", error: 'broken "pipe"\nhere', attempts: 3, why: undefined });
  assertEquals(lines, [
    '2025-11-23T09:26:40.000Z warn  a post failed server=http://a:1 error="broken \\"pipe\\"\\nhere" attempts=3',
  ]);
});

Deno.test("log: repeats within the interval become a count on the next line", () => {
  const { lines, time, log } = fixture();
  for (let index = 0; index < 5; index++) log.error("down", { index });
  log.error("up");
  time.now += 9.9;
  log.error("down");
  time.now += 0.1;
  log.error("down", { index: 6 });
  time.now += 10;
  log.error("down");
  assertEquals(lines.map((line) => line.slice(25)), [
    "error down index=0",
    "error up",
    "error down index=6 repeatsUnsaid=5",
    "error down",
  ]);
});

Deno.test("log: the count of a flood that ended is told with what comes next, or at the end", () => {
  const lines: string[] = [];
  const time = { now: 1763890000 };
  const log = countingLog((entry) => lines.push(textLine(entry).slice(25)), { clock: () => time.now, repeatS: 10 });
  for (let index = 0; index < 1000; index++) log.warn("down", { index });
  time.now += 60;
  log.info("up");
  for (let index = 0; index < 3; index++) log.warn("down", { index });
  log.settle();
  log.settle();
  assertEquals(lines, [
    "warn  down index=0",
    "warn  down repeatsUnsaid=999",
    "info  up",
    "warn  down index=0",
    "warn  down repeatsUnsaid=2",
  ]);
});

Deno.test("log: remembers a bounded number of messages", () => {
  const { lines, log } = fixture();
  for (let index = 0; index <= 1000; index++) log.info(`message ${index}`);
  log.info("message 1000");
  assertEquals(lines.length, 1001);
  log.info("message 0");
  assertEquals(lines.length, 1002);
});

Deno.test("describeError: gives an error and its causes on one line", () => {
  const error = new Error("cannot send", { cause: new TypeError("refused\n  by peer", { cause: "no route" }) });
  assertEquals(describeError(error), "cannot send: TypeError: refused by peer: no route");
  assertEquals(describeError(42), "42");
  const said = new Error("cannot send: refused", { cause: new Error("refused") });
  assertEquals(describeError(said), "cannot send: refused");
});
