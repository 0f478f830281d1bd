import { assertEquals, assertNotStrictEquals } from "@std/assert";
import fc from "fast-check";
import type { Json } from "../core/event.ts";
import { eventBytesOf, toJson } from "./value.ts";

Deno.test("toJson: any JSON comes out as it went in, and is a copy", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assertEquals(toJson(value), JSON.parse(JSON.stringify(value)));
    }),
    { seed: 1 },
  );
  const list = [1, [2]];
  assertNotStrictEquals(toJson(list), list);
});

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

Deno.test("toJson: what JSON can't say is undefined, and never an exception", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const hostile = {
    toJSON() {
      throw new Error("no");
    },
  };
  const values = [
    undefined,
    NaN,
    Infinity,
    -Infinity,
    1n,
    Symbol("s"),
    () => 1,
    cyclic,
    { deep: 1n },
    hostile,
    nested(33),
  ];
  for (const value of values) assertEquals(toJson(value), undefined);
  assertEquals(toJson(nested(32)), nested(32));
  fc.assert(
    fc.property(fc.anything(), (value) => {
      toJson(value);
    }),
    { seed: 2 },
  );
});

Deno.test("eventBytesOf: at least what the event takes on the wire", () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = toJson(value);
      if (json === undefined) return;
      const line = JSON.stringify([1763890000.123456, json]);
      // A control character takes twice what is allowed for it here.
      if (/\\u00/.test(line)) return;
      const bytes = encoder.encode(line).length;
      assertEquals(eventBytesOf(json) >= bytes, true, `${eventBytesOf(json)} bytes for ${line}`);
    }),
    { seed: 3 },
  );
});
