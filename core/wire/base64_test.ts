import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Base64Decoder, base64Length, encodeBase64 } from "./base64.ts";

const decoder = new Base64Decoder();

function encoded(bytes: Uint8Array): string {
  const target = new Uint8Array(base64Length(bytes.length) + 2).fill(0x20);
  const end = encodeBase64(bytes, { target, at: 1 });
  assertEquals(end, target.length - 1);
  return new TextDecoder().decode(target).trim();
}

Deno.test("base64: gives the test vectors of RFC 4648", () => {
  const vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
  const expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  assertEquals(vectors.map((text) => encoded(new TextEncoder().encode(text))), expected);
});

Deno.test("encodeBase64: writes what the platform writes, and Base64Decoder reads it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encoded(bytes);
      assertEquals(text, bytes.toBase64());
      assertEquals(decoder.decode(text), bytes);
      assertEquals(decoder.decode(text.replace(/=+$/, "")), bytes);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

Deno.test("Base64Decoder: refuses what is not base64", () => {
  for (
    const text of ["A", "AAAAA", "A===", "====", "AA=A", "AA A", " AAAA", "AAAA\n", "AA-_", "AAé=", "AAAA====", "Zg="]
  ) {
    assertEquals(decoder.decode(text), undefined, JSON.stringify(text));
  }
});

Deno.test("Base64Decoder: has room for bytes of any number", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  assertEquals(new Base64Decoder().decode(bytes.toBase64()), bytes);
});
