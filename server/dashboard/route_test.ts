import { assertEquals } from "@std/assert";
import { readRoute, tabHash, tabsHash } from "./route.js";

Deno.test("readRoute: reads what the hashes are made of", () => {
  const name = "requests;route=/bid?x=1+2";
  assertEquals(readRoute(tabHash(name)), { page: "tab", name });
  const search = { text: "a+b & ?", isPattern: true, isBusiestFirst: true };
  assertEquals(readRoute(tabsHash(search)), { page: "tabs", search });
  assertEquals(tabsHash({}), "#/");
  assertEquals(readRoute("#/cluster"), { page: "cluster" });
  assertEquals(readRoute("#/tab/%"), { page: "tab", name: "%" });
});
