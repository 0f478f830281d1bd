import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import * as fc from "fast-check";
import { escapeBase, formatTab, nameProblem, parseTab } from "./names.ts";

const LEGAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:/?@!$()*+;=-";

Deno.test("nameProblem: takes each legal character, and of ASCII no other", () => {
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    assertEquals(nameProblem(character) === undefined, LEGAL.includes(character), JSON.stringify(character));
  }
  for (const name of ["é", "\u2028", "😀", "a b", "a\n"]) assertMatch(nameProblem(name) ?? "", /may hold only/);
});

Deno.test("nameProblem: takes 1 to 256 characters", () => {
  assertEquals(nameProblem("x".repeat(256)), undefined);
  assertMatch(nameProblem("x".repeat(257)) ?? "", /1 to 256 characters.*257 characters/);
  assertMatch(nameProblem("") ?? "", /1 to 256 characters: current value is ""/);
});

Deno.test("nameProblem: takes nothing but strings", () => {
  for (const name of [undefined, null, 3, ["a"], { toString: () => "a" }]) {
    assertMatch(nameProblem(name) ?? "", /must be a string/);
  }
});

Deno.test("formatTab: sorts the tags by key", () => {
  assertEquals(formatTab("requests", { status: 200, route: "/bid" }), "requests;route=/bid;status=200");
  assertEquals(formatTab("requests", new Map([["b", true], ["a", false]])), "requests;a=false;b=true");
  assertEquals(formatTab("requests", {}), "requests");
});

Deno.test("formatTab: escapes what a name can't hold and what has a meaning in it", () => {
  assertEquals(formatTab("t", { "a=b;c": "d e~;é" }), "t;a~3Db~3Bc=d~20e~7E~3B~C3~A9");
});

Deno.test("escapeBase: leaves a legal base as it is, and makes any other one", () => {
  const base = LEGAL.replace(";", "");
  assertEquals(escapeBase(base), base);
  assertEquals(escapeBase("a b;c%\u00e9"), "a~20b~3Bc~25~C3~A9");
  assertEquals(parseTab(formatTab(escapeBase("a;b=c"), { d: 1 })).base, "a~3Bb=c");
});

Deno.test("parseTab: takes the example of the design apart", () => {
  const { base, tags } = parseTab("requests;route=/bid;status=200");
  assertEquals(base, "requests");
  assertEquals([...tags], [["route", "/bid"], ["status", "200"]]);
});

Deno.test("parseTab: takes names that others made as they are", () => {
  assertEquals(parseTab("plain~41").base, "plain~41");
  assertEquals([...parseTab("t;nothing;=empty;a=b=c;b=~;c=~4;d=~zz").tags], [
    ["", "empty"],
    ["a", "b=c"],
    ["b", "~"],
    ["c", "~4"],
    ["d", "~zz"],
  ]);
  assertEquals(parseTab("t;a=~c3~a9").tags.get("a"), "é");
});

Deno.test("formatTab: gives a legal name from which parseTab gives the same tags back, whatever they hold", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 6 });
  const tags = fc.dictionary(text, text, { maxKeys: 4 });
  fc.assert(
    fc.property(tags, (given) => {
      const tab = formatTab("base", given);
      if (tab.length <= 256) assertEquals(nameProblem(tab), undefined);
      const parts = parseTab(tab);
      assertEquals(parts.base, "base");
      assertEquals(Object.fromEntries(parts.tags), { ...given });
      assertEquals(formatTab(parts.base, parts.tags), tab);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

Deno.test("formatTab: gives different names for different tags", () => {
  const tag = fc.tuple(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(tag, tag, ([keyA, valueA], [keyB, valueB]) => {
      fc.pre(keyA !== keyB || valueA !== valueB);
      assertNotEquals(formatTab("t", { [keyA]: valueA }), formatTab("t", { [keyB]: valueB }));
    }),
    { seed: 2, numRuns: 1000 },
  );
});

Deno.test("parseTab: never fails", () => {
  fc.assert(fc.property(fc.string(), (tab) => assert(tab.startsWith(parseTab(tab).base))), { seed: 3 });
});
