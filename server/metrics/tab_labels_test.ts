import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { formatTab } from "../../core/names.ts";
import { tabLabels } from "./tab_labels.ts";

function labelsOf(name: string): Record<string, string> {
  const labels = tabLabels(name);
  assertEquals(new Set(labels.map(([label]) => label)).size, labels.length, `${name} has no label twice`);
  return Object.fromEntries(labels);
}

Deno.test("tabLabels: the base name as tab, and the tags as they are", () => {
  assertEquals(labelsOf("bids"), { tab: "bids" });
  assertEquals(labelsOf("requests;route=/bid;status=200"), { tab: "requests", route: "/bid", status: "200" });
  assertEquals(labelsOf(formatTab("r", { path: "a b;c=d\n" })), { tab: "r", path: "a b;c=d\n" });
});

Deno.test("tabLabels: keys that can't be labels are changed, and the whole name is added", () => {
  const cases = {
    "r;http.status=200": { http_status: "200" },
    "r;2xx=1": { tag_2xx: "1" },
    "r;window=1": { tag_window: "1" },
    "r;tab=x": { tag_tab: "x" },
    "r;full_name=x": { tag_full_name: "x" },
    "r;tab_type=x": { tag_tab_type: "x" },
    "r;__name__=x": { tag___name__: "x" },
    "r;=x": { tag_: "x" },
    "r;a-b=1;a.b=2;a_b=3": { a_b: "3", a_b_2: "1", a_b_3: "2" },
    "r;tag_value=1;value=2": { tag_value: "1", tag_value_2: "2" },
  };
  for (const [name, tags] of Object.entries(cases)) {
    assertEquals(labelsOf(name), { tab: "r", full_name: name, ...tags });
  }
});

Deno.test("tabLabels: the type of a group that shares its name, beside its tags as they are", () => {
  assertEquals(Object.fromEntries(tabLabels("latency;route=/bid;type=x", "CounterGroup")), {
    ...{ tab: "latency", tab_type: "CounterGroup" },
    ...{ route: "/bid", type: "x" },
  });
});

Deno.test("tabLabels: a name that its labels don't tell is added", () => {
  for (const name of ["r;a=", "r;junk", "r;b=1;a=2", "r;a=~41", "r;a=1;a=2"]) {
    assertEquals(labelsOf(name).full_name, name);
  }
});

Deno.test("tabLabels: no two tabs have the same labels, and all are legal", () => {
  const key = fc.constantFrom(
    "a",
    "a.b",
    "a-b",
    "a_b",
    "a_b_2",
    "tab",
    "tag_tab",
    "1",
    "",
    "~41",
    "__x",
    "full_name",
    "tab_type",
  );
  const value = fc.constantFrom("", "1", "~31", "x=y");
  const name = fc.tuple(
    fc.constantFrom("r", "s"),
    fc.array(fc.oneof(fc.tuple(key, value), fc.tuple(fc.constant("junk"))), { maxLength: 4 }),
  )
    .map(([base, tags]) => [base, ...tags.map((tag) => tag.join("="))].join(";"));
  const groupByLabels = new Map<string, string>();
  const check = (name: string, type: string | undefined) => {
    const labels = tabLabels(name, type);
    const group = `${name} ${type}`;
    for (const [label] of labels) assertMatch(label, /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/);
    // To Prometheus order does not matter, and a label without a value is none.
    const seen = JSON.stringify(labels.filter(([, value]) => value !== "").sort());
    const other = groupByLabels.get(seen) ?? group;
    assert(other === group, `${group} and ${other} have the same labels`);
    groupByLabels.set(seen, group);
  };
  fc.assert(fc.property(name, fc.constantFrom(undefined, "1", "x=y"), check), { numRuns: 5000 });
});
