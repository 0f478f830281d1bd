import { assertEquals, assertMatch } from "@std/assert";
import { denoCommand, projectPath } from "./deno_command.ts";

Deno.test("deno task compile: without the runtime stub it says in one line how to point to one, and ends with 1", async () => {
  const { path, args } = denoCommand("run", ["--allow-all", projectPath("tools/compile.ts")]);
  const env = { DENORT_BIN: projectPath("tools/no-such-denort"), NO_COLOR: "1" };
  const { code, stdout, stderr } = await new Deno.Command(path, { args, env }).output();
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stdout)], [1, ""]);
  assertMatch(
    decoder.decode(stderr),
    /^Cannot build dist\/taba-server without Deno's runtime stub \(denort\): [^\n]*; set DENORT_BIN to the path of a denort \d[^\n]*\n$/,
  );
});
