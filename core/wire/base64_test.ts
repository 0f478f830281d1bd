import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { base64Length, decodeBase64, encodeBase64 } from "./base64.ts";

function encoded(bytes: Uint8Array): string {
  const target = new Uint8Array(base64Length(bytes.length) + 2).fill(0x20);
  const end = encodeBase64(bytes, target, 1);
  assertEquals(end, target.length - 1);
  return new TextDecoder().decode(target).trim();
}

Deno.test("base64: gives the test vectors of RFC 4648", () => {
  const vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
  const expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  assertEquals(vectors.map((text) => encoded(new TextEncoder().encode(text))), expected);
});

Deno.test("encodeBase64: writes what the platform writes, and decodeBase64 reads it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encoded(bytes);
      assertEquals(text, bytes.toBase64());
      assertEquals(decodeBase64(text), bytes);
      assertEquals(decodeBase64(text.replace(/=+$/, "")), bytes);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

Deno.test("decodeBase64: refuses what is not base64", () => {
  for (
    const text of ["A", "AAAAA", "A===", "====", "AA=A", "AA A", " AAAA", "AAAA\n", "AA-_", "AAé=", "AAAA====", "Zg="]
  ) {
    assertEquals(decodeBase64(text), undefined, JSON.stringify(text));
  }
});
