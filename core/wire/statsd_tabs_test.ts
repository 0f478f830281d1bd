import { assertEquals } from "@std/assert";
import { StatsdTabs, type TabKey } from "./statsd_tabs.ts";

/** A table, and keys written for it one at a time. */
function open(entriesMax: number) {
  const bytes = new Uint8Array(1024);
  const tabs = new StatsdTabs(bytes, entriesMax);
  const find = (name: string, tags = "", kind = 0) => {
    const nameStart = 3;
    const nameEnd = nameStart + new TextEncoder().encodeInto(name, bytes.subarray(nameStart)).written;
    const tagsStart = nameEnd + 4;
    const tagsEnd = tagsStart + new TextEncoder().encodeInto(tags, bytes.subarray(tagsStart)).written;
    const key: TabKey = { nameStart, nameEnd, tagsStart, tagsEnd, kind };
    return tabs.find(key);
  };
  return { tabs, find };
}

Deno.test("StatsdTabs: numbers each name, tags and kind once", () => {
  const { tabs, find } = open(16);
  const keys = [["a", "", 0], ["a", "", 1], ["a", "b:1", 0], ["ab", ":1", 0], ["ab:1", "", 0], [
    "",
    "ab:1",
    0,
  ]] as const;
  for (let round = 0; round < 2; round++) {
    assertEquals(keys.map(([name, tags, kind]) => find(name, tags, kind)), [0, 1, 2, 3, 4, 5]);
  }
  assertEquals(tabs.tabs, ["a", "a", "a;b=1", "ab;=1", "ab:1", ""]);
  assertEquals([...tabs.kinds.subarray(0, 6)], [0, 1, 0, 0, 0, 0]);
});

Deno.test("StatsdTabs: tells keys apart whose hashes are the same, as some of 300,000 are", () => {
  const { tabs, find } = open(1 << 19);
  const names = Array.from(
    { length: 300_000 },
    (_, index) => (index * 7919 + 10_000_000).toString(36).padStart(8, "x"),
  );
  names.forEach((name, index) => {
    if (find(name) !== index || tabs.tabs[index] !== name) throw new Error(`${name} must be entry ${index}`);
  });
  names.forEach((name, index) => {
    if (find(name) !== index) throw new Error(`${name} must still be entry ${index}`);
  });
});

Deno.test("StatsdTabs: says when it is full, and begins anew when it is cleared", () => {
  const { tabs, find } = open(16);
  const names = Array.from({ length: 17 }, (_, index) => `tab-${index}`);
  assertEquals(names.map((name) => find(name)).at(-1), -1);
  assertEquals(find("tab-3"), 3);
  tabs.clear();
  assertEquals([find("tab-16"), find("tab-3"), tabs.tabs], [0, 1, ["tab-16", "tab-3"]]);
});

Deno.test("StatsdTabs: is full as well when its keys are too long", () => {
  const { tabs, find } = open(16);
  const long = "x".repeat(500);
  assertEquals([find(`${long}1`), find(`${long}2`), find(`${long}3`)], [0, 1, -1]);
  tabs.clear();
  assertEquals(find(`${long}3`), 0);
});
