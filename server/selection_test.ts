import { assert, assertEquals, assertMatch } from "@std/assert";
import { groupOf, isSelected, type Parameter, readSelection, type Selection } from "./selection.ts";

const ALL: readonly Parameter[] = ["name", "client", "re", "tag", "by"];

function selected(search: string): Selection {
  const selection = readSelection(new URLSearchParams(search), ALL);
  assert(selection.ok, JSON.stringify(selection));
  return selection.value;
}

function refusal(search: string, known = ALL): string {
  const selection = readSelection(new URLSearchParams(search), known);
  assert(!selection.ok, search);
  assertEquals(selection.refusal.code, "query_illegal");
  return selection.refusal.message;
}

const TABS = ["bids", "bids_won", "bids;route=/a", "bids;route=/b;status=200", "errors", "q;k=~3B"];
const tabsOf = (search: string) => TABS.filter((tab) => isSelected(selected(search).tabs, tab));

Deno.test("readSelection: all tabs and clients where nothing is asked for", () => {
  assertEquals(selected(""), { tabs: { kind: "all" }, clients: { kind: "all" }, by: [] });
  assertEquals(tabsOf(""), TABS);
});

Deno.test("readSelection: names with commas between them or given several times, whole and exact", () => {
  assertEquals(tabsOf("name=bids,errors"), ["bids", "errors"]);
  assertEquals(tabsOf("name=errors&name=bids"), ["bids", "errors"]);
  assertEquals(tabsOf("name=bid"), []);
  assertEquals(tabsOf("name=bids.*"), []);
  const { tabs } = selected("name=b,a,b");
  assertEquals(tabs.kind === "exact" ? [...tabs.names] : tabs.kind, ["a", "b"]);
});

Deno.test("readSelection: with re=1 patterns that must match the whole name", () => {
  assertEquals(tabsOf("re=1&name=bids"), ["bids"]);
  assertEquals(tabsOf("re=1&name=bids.%2B"), ["bids_won", "bids;route=/a", "bids;route=/b;status=200"]);
  assertEquals(tabsOf("re=1&name=b[a-z]{1,3}&name=err.*"), ["bids", "errors"]);
  assertEquals(tabsOf("re=0&name=bids.*"), []);
  assertEquals(isSelected(selected("re=1&client=web-\\d").clients, "web-1"), true);
  assertEquals(isSelected(selected("re=1&client=web-\\d").clients, "web-12"), false);
});

Deno.test("readSelection: tags must all hold, and with them names are base names", () => {
  assertEquals(tabsOf("tag=route=/a"), ["bids;route=/a"]);
  assertEquals(tabsOf("tag=route=/b&tag=status=200"), ["bids;route=/b;status=200"]);
  assertEquals(tabsOf("tag=route=/a&tag=status=200"), []);
  assertEquals(tabsOf("tag=route=/a&name=bids"), ["bids;route=/a"]);
  assertEquals(tabsOf("tag=route=/a&name=errors"), []);
  assertEquals(tabsOf("tag=route=/a&re=1&name=b.*"), ["bids;route=/a"]);
  assertEquals(tabsOf("tag=k=;"), ["q;k=~3B"]);
  assertEquals(tabsOf("by=route&name=bids"), ["bids", "bids;route=/a", "bids;route=/b;status=200"]);
});

Deno.test("readSelection: unknown parameters are refused by name, with those that there are", () => {
  assertMatch(refusal("foo=1&name=a&bar=2"), /"foo", "bar" is not; there is name, client, re, tag, by here/);
  assertMatch(refusal("tag=a=b", []), /"tag" is not; there is none here/);
});

Deno.test("readSelection: bad values are refused with what must hold", () => {
  assertMatch(refusal("re=yes"), /re must be 0 or 1: current value is "yes"/);
  assertMatch(refusal("name=a,,b"), /name must not be empty/);
  assertMatch(refusal("client="), /client must not be empty/);
  assertMatch(refusal("tag=route"), /tag must be key=value: current value is "route"/);
  assertMatch(refusal("tag==x"), /tag must be key=value/);
  assertMatch(refusal("by=a,"), /by must name tags/);
  assertMatch(refusal("re=1&name=("), /cannot match "\(": .*missing closing/);
  assertMatch(refusal("re=1&client=(?=a)"), /cannot match/);
});

Deno.test("readSelection: patterns are bounded together, however many there are and of what, before any is compiled", () => {
  const tooLong = (length: number) => new RegExp(`may have 1000 characters together: current length is ${length};`);
  assertMatch(refusal(`re=1&name=${"a".repeat(1001)}`), tooLong(1001));
  assertMatch(refusal(`re=1&name=(${"&name=a".repeat(1000)}`), tooLong(1001));
  assertMatch(refusal(`re=1&name=${"a".repeat(600)}&client=${"b".repeat(401)}`), tooLong(1001));
  const classes = `(?i)[${"\\pL\\PL".repeat(160)}]`;
  assertMatch(refusal(`re=1&name=${classes}&client=${classes}`), tooLong(1932));
  selected(`re=1&name=${"a".repeat(600)}&client=${"b".repeat(400)}`);
  selected(`name=${"a,".repeat(600)}a`);
});

Deno.test("readSelection: patterns that repeat too much to be tried with many names are refused", () => {
  const of = (...patterns: readonly string[]) => patterns.map((one) => `name=${encodeURIComponent(one)}`).join("&");
  const tooMuch = /repeats too much/;
  assertMatch(refusal(`re=1&${of("(.{0,999})?".repeat(80))}`), tooMuch);
  assertMatch(refusal(`re=1&${of("((abcdefghijklmnopqrstuvwxyz{10}){10}){10}")}`), tooMuch);
  assertMatch(refusal(`re=1&${of("(.{0,50})?", "x{1000}", "y{1000}")}`), tooMuch);
  for (const usual of ["[a-z]{1,30}\\.[a-z]{1,30}", ".*", "web-\\d{1,3}(\\..*)?", "x{1000}"]) {
    selected(`re=1&${of(usual)}`);
  }
});

Deno.test("readSelection: a pattern that would take other matchers for ever takes no time", () => {
  const { tabs } = selected("re=1&name=" + encodeURIComponent("(a+)+b"));
  assertEquals(isSelected(tabs, "a".repeat(256)), false);
});

Deno.test("groupOf: the base name with those of the tags that are asked for", () => {
  assertEquals(groupOf("bids;route=/b;status=200", ["status"]), "bids;status=200");
  assertEquals(groupOf("bids;route=/b;status=200", ["status", "route"]), "bids;route=/b;status=200");
  assertEquals(groupOf("bids;route=/b", ["status"]), "bids");
  assertEquals(groupOf("bids", ["status"]), "bids");
});
