import { assertEquals } from "@std/assert";
import { readPrometheus } from "../tests/prometheus_text.ts";
import { byReason, familyText, labelsText, sampleText } from "./prometheus.ts";

const bids = { name: "taba_bids_total", type: "counter", help: "Bids made" } as const;

Deno.test("familyText: what it is, then its samples; nothing without any", () => {
  assertEquals(
    familyText(bids, 3),
    "# HELP taba_bids_total Bids made.\n# TYPE taba_bids_total counter\ntaba_bids_total 3\n",
  );
  assertEquals(familyText(bids, []), "");
  const read = readPrometheus(familyText(bids, byReason({ late: 1, early: 2 })));
  assertEquals([...read.get("taba_bids_total")?.values ?? []], [['reason="late"', 1], ['reason="early"', 2]]);
});

Deno.test("labelsText: escapes what would end a value, and nothing else", () => {
  assertEquals(
    labelsText([["a", 'x"y'], ["b", "back\\slash"], ["c", "two\nlines"], ["d", "{ü=1,}"]]),
    [
      'a="x\\"y"',
      'b="back\\\\slash"',
      'c="two\\nlines"',
      'd="{ü=1,}"',
    ].join(","),
  );
});

Deno.test("sampleText: any number", () => {
  const of = (value: number) => sampleText("x", "", value).trim();
  assertEquals([0.1, -1e300, 12, 1e21, NaN, Infinity, -Infinity].map(of), [
    ...["x 0.1", "x -1e+300", "x 12", "x 1e+21", "x NaN", "x +Inf", "x -Inf"],
  ]);
});
