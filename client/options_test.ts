import { assertEquals, assertThrows } from "@std/assert";
import { noop } from "../core/handlers/noop.ts";
import { checkOptions, type TabaClientOptions } from "./options.ts";

Deno.test("checkOptions: the path of the agent's URL is kept", () => {
  const urls: [string, string][] = [
    ["http://127.0.0.1:8279", "http://127.0.0.1:8279/post"],
    ["http://127.0.0.1:8279/", "http://127.0.0.1:8279/post"],
    ["https://example.com/taba", "https://example.com/taba/post"],
    ["HTTP://[::1]:80/a/b/", "http://[::1]/a/b/post"],
  ];
  for (const [agent, url] of urls) assertEquals(checkOptions({ agent }).url, url);
  assertEquals(checkOptions({}).url, "http://127.0.0.1:8279/post");
});

Deno.test("checkOptions: a token becomes a header", () => {
  assertEquals(checkOptions({ token: "secret" }).headers, {
    "content-type": "application/x-ndjson",
    authorization: "Bearer secret",
  });
  assertEquals(checkOptions({}).headers, { "content-type": "application/x-ndjson" });
});

Deno.test("checkOptions: what can't be followed is refused by name, in one line", () => {
  const outside: readonly [string, unknown][] = [
    ["client", ""],
    ["client", "with space"],
    ["client", 17],
    ["agent", "127.0.0.1:8279"],
    ["agent", "ftp://127.0.0.1"],
    ["agent", "http://"],
    ["agent", "http://user:secret@127.0.0.1"],
    ["agent", "http://127.0.0.1?x=1"],
    ["agent", 8279],
    ["token", "two words"],
    ["token", "ü"],
    ["token", ""],
    ["flushPeriodMs", 0],
    ["gatherMs", 0],
    ["flushPeriodMs", "1000"],
    ["flushPeriodMs", 2 ** 31],
    ["requestTimeoutMs", 1.5],
    ["stopTimeoutMs", NaN],
    ["tabsMax", -1],
    ["eventsMax", Infinity],
    ["bytesMax", "1 MiB"],
    ["fold", "no"],
    ["clock", 12],
    ["fetch", "fetch"],
    ["handlers", [noop]],
    ["handlers", [{}]],
    ["handlers", 1],
  ];
  for (const [option, value] of outside) {
    const options: TabaClientOptions = JSON.parse("{}");
    Object.assign(options, { [option]: value });
    const error = assertThrows(() => checkOptions(options), TypeError, `option "${option}"`);
    assertEquals(error.message.includes("\n"), false);
    assertEquals(error.message.includes("secret"), false);
  }
});

Deno.test("checkOptions: undefined means the default", () => {
  const { client, url } = checkOptions({ client: undefined, agent: undefined, token: undefined });
  assertEquals({ client, url }, { client: "unknown", url: "http://127.0.0.1:8279/post" });
});

Deno.test("checkOptions: one's own clock rules all that is measured", () => {
  assertEquals(checkOptions({ clock: () => 7 }).stopwatch(), 7);
});
