import { assertEquals } from "@std/assert";
import { createLog } from "../service/log.ts";
import { Servers } from "./servers.ts";

function open(...urls: readonly string[]) {
  const lines: string[] = [];
  const log = createLog({ clock: () => 0, write: (line) => lines.push(line.slice(25)) });
  return { servers: new Servers(urls, log), lines };
}

Deno.test("Servers: stay with one until it fails, then go to the next, round and round", () => {
  const { servers } = open("http://a", "http://b");
  assertEquals([servers.choose(), servers.choose()], ["http://a", "http://a"]);
  servers.failed("http://a", "broken");
  assertEquals(servers.choose(), "http://b");
  servers.failed("http://b", "broken");
  assertEquals(servers.choose(), "http://a");
});

Deno.test("Servers: of several batches that fail at one server only the first moves on", () => {
  const { servers } = open("http://a", "http://b", "http://c");
  for (let batch = 0; batch < 5; batch++) servers.failed("http://a", "broken");
  assertEquals(servers.choose(), "http://b");
});

Deno.test("Servers: show what failed until it answers again", () => {
  const { servers, lines } = open("http://a", "http://b");
  servers.failed("http://a", "broken");
  servers.failed("http://a", "gone");
  assertEquals(servers.status(), [
    { url: "http://a", failures: 2, lastError: "gone", isChosen: false },
    { url: "http://b", failures: 0, isChosen: true },
  ]);
  servers.succeeded("http://a");
  servers.succeeded("http://b");
  assertEquals(servers.status().map(({ failures }) => failures), [0, 0]);
  assertEquals(lines, [
    "warn  server http://a failed error=broken failures=1",
    "info  server http://a answers again failures=2",
  ]);
});
