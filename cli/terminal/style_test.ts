import { assertEquals } from "@std/assert";
import { createStyle, wantsColors } from "./style.ts";

Deno.test("wantsColors: a terminal has them, unless NO_COLOR says not; FORCE_COLOR asks for them elsewhere", () => {
  const cases: [Record<string, string>, boolean, boolean][] = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
    [{ TERM: "dumb" }, true, false],
  ];
  for (const [env, isTerminal, wanted] of cases) {
    assertEquals(wantsColors((name) => env[name], isTerminal), wanted, JSON.stringify(env));
  }
});

Deno.test("createStyle: paints what there is, or leaves it as it is", () => {
  assertEquals(createStyle(true).red("bad"), "\x1b[31mbad\x1b[39m");
  assertEquals(createStyle(true).red(""), "");
  assertEquals(createStyle(false).red("bad"), "bad");
});
