import { assert, assertEquals, assertThrows } from "@std/assert";
import { isAlike, stepsOf } from "./document.ts";

Deno.test("stepsOf: finds commands, what they print, and files to save", () => {
  const markdown = [
    "Start it:",
    "```sh",
    "# a comment",
    "deno task serve   # runs on",
    "",
    "curl -d 'two",
    "lines' \\",
    "  http://127.0.0.1:8300/post",
    "cat > a.txt <<'END'",
    "it's text",
    "END",
    "```",
    "```text",
    '{"lines": 1}',
    "```",
    "```ts",
    "notAsked();",
    "```",
    "```json file=taba.json",
    "{}",
    "```",
    "```sh root",
    "systemctl start taba",
    "```",
    "```",
    "$ taba-cli names",
    "bids_won",
    "$ taba-cli clients",
    "web-1",
    "```",
  ].join("\n");
  const steps = stepsOf("README.md", markdown).map((step) => [
    step.kind,
    step.place.replace("README.md:", ""),
    step.text,
    ...(step.kind === "command" && step.isRoot ? ["root"] : []),
    ...(step.kind === "file" ? [step.path] : []),
  ]);
  assertEquals(steps, [
    ["command", "2", "deno task serve   # runs on"],
    ["command", "2", "curl -d 'two\nlines' \\\n  http://127.0.0.1:8300/post"],
    ["command", "2", "cat > a.txt <<'END'\nit's text\nEND"],
    ["printed", "13", '{"lines": 1}\n'],
    ["file", "19", "{}\n", "taba.json"],
    ["command", "22", "systemctl start taba", "root"],
    ["command", "25", "taba-cli names"],
    ["printed", "25", "bids_won\n"],
    ["command", "25", "taba-cli clients"],
    ["printed", "25", "web-1\n"],
  ]);
});

Deno.test("stepsOf: refuses a command without an end", () => {
  assertThrows(() => stepsOf("a.md", "```sh\necho 'open\n```\n"), Error, "Not a whole command");
});

Deno.test("isAlike: blanks may differ, numbers unless it shall be exact, and … stands for lines", () => {
  const alike = (printed: string, expected: string) => isAlike(printed, expected, { isExact: false });
  assert(alike('bids: {"1m": {"count": 2,  "total": 3.50}}\n', 'bids: {"1m": {"count": 436, "total": 571.64}}'));
  assert(alike("a 1\nb 2\nc 3\nd 4", "a 9\n…\nd 9"));
  assert(!alike('bids: {"1m": {"count": 2}}', 'bids: {"10m": {"count": 2}}'));
  assert(!alike("a 1\nb 2", "a 1"));
  assert(!alike("b 1", "a 1"));
  assert(isAlike("a  1\nb 2\n", "a 1\n…", { isExact: true }));
  assert(!isAlike("a 2\nb 2\n", "a 1\n…", { isExact: true }));
});
