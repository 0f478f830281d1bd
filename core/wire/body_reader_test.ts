import { assertEquals } from "@std/assert";
import { BodyReader } from "./body_reader.ts";
import type { Read } from "./ndjson.ts";

const utf8 = new TextEncoder();

/** What a body comes to, cut at every byte position. */
function readAllWays(text: string): Read[][] {
  const bytes = utf8.encode(text);
  return Array.from({ length: bytes.length + 1 }, (_, cut) => {
    const reader = new BodyReader({ isNumeric: () => true });
    return [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut)), ...reader.end()];
  });
}

Deno.test("BodyReader: a body that does not begin with the line 1 is NDJSON", () => {
  const line = '{"tab":"t","events":[["a"]]}\n';
  for (const first of ["", "\n", "12\n", "1 \n", "1{\n", "\n1\n"]) {
    for (const reads of readAllWays(first + line)) {
      const lines = reads.flatMap((read) => read.kind === "line" ? [read.line.payload] : []);
      assertEquals(lines, [{ kind: "json", times: [NaN], values: ["a"] }], first);
    }
  }
});

Deno.test("BodyReader: a body whose first line is 1 is the original protocol's", () => {
  for (const end of ["\n", "\r\n"]) {
    for (const reads of readAllWays(["1", "", "c", "", "t", '["Gauge", 1, "\\"a\\""]', ""].join(end))) {
      const lines = reads.flatMap((read) => read.kind === "line" ? [read.line.payload] : []);
      assertEquals(lines, [{ kind: "json", times: [1], values: ["a"] }]);
    }
  }
});

Deno.test("BodyReader: a body that is the version alone has no events, an empty one not even a header", () => {
  for (const text of ["1", "1\n", "1\r\n\r\n"]) {
    for (const reads of readAllWays(text)) assertEquals(reads, [{ kind: "header", header: {} }]);
  }
  for (const reads of readAllWays("")) assertEquals(reads, []);
});
