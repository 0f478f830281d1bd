import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import type { Folded } from "../core/folded.ts";
import { Folding } from "../core/folding.ts";
import type { Json } from "../core/event.ts";
import type { Handler } from "../core/handlers/handler.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { writeBatch } from "../core/wire/ndjson.ts";
import { type Part, Sealing } from "./sealing.ts";

/** Keeps the last value as it is, so that a test decides how large an encoded State is. */
const plain: Handler<{ value: Json }, Json> = {
  type: "Plain",
  version: 3,
  create: () => ({ value: null }),
  check: () => undefined,
  fold: (state, _time, value) => {
    state.value = value;
  },
  reduce: (into, from) => {
    into.value = from.value;
  },
  clamp: () => {},
  encode: ({ value }) => typeof value === "number" ? new Uint8Array(value) : [value],
  decode: () => ({ value: null }),
  render: ({ value }) => value,
  renderText: ({ value }) => String(value),
  detail: ({ value }) => value,
  isEmpty: () => false,
};

function folded(values: readonly Json[]): Folding {
  const folding = new Folding(createRegistry([plain]), { statesMax: 1_000_000 });
  for (const [index, value] of values.entries()) {
    const payload = { kind: "json", times: [0, 0], values: [value, value] } as const;
    const added = folding.add({ number: 1, tab: `tab-${index}`, client: "web-1", type: "Plain", payload }, 0);
    assert(added.ok);
  }
  return folding;
}

interface Sealed {
  readonly parts: readonly Part[];
  readonly refused: readonly Folded[];
}

function sealed(
  values: readonly Json[],
  limits: { partBytesMax: number; lineBytesMax: number; partStatesMax?: number },
): Sealed {
  const parts: Part[] = [];
  const refused: Folded[] = [];
  const sealing = new Sealing([...folded(values)], {
    partStatesMax: 100,
    ...limits,
    refuseLine: (each) => refused.push(each),
  });
  for (;;) {
    const [states, events] = [sealing.states, sealing.events];
    const before = refused.length;
    const part = sealing.take();
    if (part === undefined) break;
    parts.push(part);
    assertEquals(sealing.states, states - part.lines.length - (refused.length - before));
    assertEquals(sealing.events, events - part.events - 2 * (refused.length - before));
  }
  assertEquals([sealing.states, sealing.events], [0, 0]);
  return { parts, refused };
}

/** As the parts will be on the wire, a line each. */
function linesOf(part: Part): readonly string[] {
  const chunks = [...writeBatch({}, part.lines)].map((chunk) => new TextDecoder().decode(chunk));
  return chunks.join("").trimEnd().split("\n").slice(1);
}

Deno.test("Sealing: gives every State once, in parts that are as large as they may be", () => {
  const { parts, refused } = sealed([10, "a", 20, { b: 1 }], { partBytesMax: 1e6, lineBytesMax: 1e6 });
  assertEquals(refused, []);
  assertEquals(parts.length, 1);
  assertEquals(parts[0].events, 8);
  assertEquals(parts[0].lines[1], {
    ...{ tab: "tab-1", client: "web-1", type: "Plain", version: 3 },
    ...{ events: 2, encoded: ["a"] },
  });
});

Deno.test("Sealing: a State that no server takes is left out and told of, whatever is around it", () => {
  const long = "x".repeat(3000);
  const { parts, refused } = sealed([long, 10, long, 20, 9000], { partBytesMax: 1e6, lineBytesMax: 3000 });
  assertEquals(parts.map(({ lines }) => lines.map(({ tab }) => tab)), [["tab-1", "tab-3"]]);
  assertEquals(refused.map(({ tab, events }) => [tab, events]), [["tab-0", 2], ["tab-2", 2], ["tab-4", 2]]);
});

Deno.test("Sealing: a text of many bytes a character is measured in bytes", () => {
  const limits = { partBytesMax: 1e6, lineBytesMax: 2000 };
  assertEquals(sealed(["é".repeat(800)], limits).refused.length, 0);
  assertEquals(sealed(["é".repeat(1200)], limits).refused.length, 1);
  assertEquals(sealed(["e".repeat(1500)], limits).refused.length, 0);
});

Deno.test("Sealing: a part has so many States at most", () => {
  const { parts } = sealed([1, 2, 3, 4, 5], { partBytesMax: 1e6, lineBytesMax: 1e6, partStatesMax: 2 });
  assertEquals(parts.map(({ lines }) => lines.length), [2, 2, 1]);
});

Deno.test("Sealing: of no States there is no part", () => {
  assertEquals(sealed([], { partBytesMax: 100, lineBytesMax: 100 }).parts, []);
});

Deno.test("Sealing: lines are no longer than they are said to be, and parts hold to their bound", () => {
  const value = fc.oneof(
    fc.nat({ max: 3000 }),
    fc.string({ maxLength: 900, unit: "grapheme" }),
    fc.jsonValue().map((of) => ({ of })),
  );
  fc.assert(fc.property(
    fc.array(value, { maxLength: 20 }),
    fc.integer({ min: 1, max: 10_000 }),
    fc.integer({ min: 300, max: 3000 }),
    (values, partBytesMax, lineBytesMax) => {
      const { parts, refused } = sealed(JSON.parse(JSON.stringify(values)), { partBytesMax, lineBytesMax });
      const tabs = [...parts.flatMap(({ lines }) => lines), ...refused].map(({ tab }) => tab);
      assertEquals(tabs.toSorted(), values.map((_, index) => `tab-${index}`).toSorted());
      for (const part of parts) {
        const lengths = linesOf(part).map((line) => new TextEncoder().encode(line).length + 1);
        assertEquals(lengths.length, part.lines.length);
        assert(Math.max(...lengths) <= lineBytesMax);
        assert(lengths.reduce((sum, length) => sum + length, 0) <= part.bytes);
        assert(part.bytes <= partBytesMax || part.lines.length === 1);
      }
    },
  ));
});
