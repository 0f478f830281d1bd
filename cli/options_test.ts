import { assertEquals, assertThrows } from "@std/assert";
import { stubShell } from "../tests/stub_shell.ts";
import { serverApi } from "./options.ts";
import { UsageTrouble } from "./shell.ts";

Deno.test("serverApi: a token that no header carries is refused by its name, and not shown", () => {
  const must = "must be a text of printable ASCII characters without spaces: current value is not shown";
  for (const bad of ["schl\u00fcssel", "two words", "line\n"]) {
    assertEquals(assertThrows(() => serverApi({ token: bad }, stubShell()), UsageTrouble).message, `--token ${must}`);
    const shell = stubShell({ env: { TABA_TOKEN: bad } });
    assertEquals(assertThrows(() => serverApi({}, shell), UsageTrouble).message, `TABA_TOKEN ${must}`);
  }
});

Deno.test("serverApi: an empty variable is no token", async () => {
  const shell = stubShell({ env: { TABA_TOKEN: "" } });
  const asked = await serverApi({}, shell).ask("names", {
    selection: { names: [], clients: [], isRegex: false, tags: [], by: undefined },
    isJson: false,
  });
  for await (const _ of asked);
  assertEquals(shell.requests[0].headers.get("authorization"), null);
});
