import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { BugError } from "./assert.ts";
import type { Json } from "./event.ts";
import { pack, unpack } from "./packing.ts";

Deno.test("unpack: gives what pack was given, bytes as bytes and JSON as JSON", () => {
  const json = fc.json().map((text): Json => JSON.parse(text)).filter((value) => typeof value !== "string");
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), json), (encoded) => {
      assertEquals(unpack(pack(encoded)), encoded);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("pack: marks bytes so that none can be taken for JSON", () => {
  const likeJson = new TextEncoder().encode("[1]");
  assertEquals(unpack(pack(likeJson)), likeJson);
  assertEquals(unpack(pack([1])), [1]);
  assertEquals(pack(new Uint8Array(0)), new Uint8Array(1));
});

Deno.test("pack: holds handlers to encoding to no string", () => {
  assertThrows(() => pack("text"), BugError);
});
