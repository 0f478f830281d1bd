import { assertEquals } from "@std/assert";
import { formatTab } from "../../core/names.ts";
import { parseTab } from "./tab_name.js";

Deno.test("parseTab: takes tags apart as the server puts them together", () => {
  const tags = { route: "/bid;x=1", note: "ä ~41 %41" };
  const parsed = parseTab(formatTab("requests", tags));
  assertEquals(parsed.base, "requests");
  assertEquals(Object.fromEntries(parsed.tags.map(({ key, value }) => [key, value])), tags);
  assertEquals(parseTab("odd;~FF=1").tags[0].key, "~FF");
});
