import { assertEquals } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { denialsOf } from "./denials.ts";
import { readPost } from "./post.ts";
import { pattern, readText } from "./setting_kinds.ts";

Deno.test("denialsOf: a line whose tab or client matches as a whole is refused, and the others count", async () => {
  const denialOf = denialsOf({ denyTabs: ["debug_.*", "x"], denyClients: ["test-.*"] });
  const lines = ["debug_a web-1", "my_debug_a web-1", "x web-1", "xx web-1", "bids test-1", "bids web-1"];
  const body = lines.map((line) => line.split(" ")).map(([tab, client]) => {
    return JSON.stringify({ tab, client, events: [[1]] });
  }).join("\n");
  const request = new Request("http://taba/post", { method: "POST", body });
  const { clock, sleep } = new VirtualTime();
  const read = await readPost(request, { registry: createRegistry(), now: clock, sleep, denialOf });
  assertEquals(read.ok && [...read.value.folding].map(({ tab, client }) => `${tab} ${client}`), [
    "my_debug_a web-1",
    "xx web-1",
    "bids web-1",
  ]);
  const why = (what: string) => `cannot take the line as its ${what}`;
  assertEquals(read.ok && read.value.rejected, [
    { line: 1, code: "denied", error: why('tab must not be one of those denied: current value is "debug_a"') },
    { line: 3, code: "denied", error: why('tab must not be one of those denied: current value is "x"') },
    { line: 5, code: "denied", error: why('client must not be one of those denied: current value is "test-1"') },
  ]);
});

Deno.test("denialsOf: asks nothing where nothing is denied", () => {
  assertEquals(denialsOf({ denyTabs: [], denyClients: [] }), undefined);
});

Deno.test("pattern: takes what can match a name, and nothing else", () => {
  assertEquals(["debug_.*", "(a+)+$"].map((text) => readText(pattern(), text)), ["debug_.*", "(a+)+$"]);
  assertEquals(["", "(", "a(?=b)"].map((text) => readText(pattern(), text)), [undefined, undefined, undefined]);
});
