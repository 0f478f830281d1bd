import { assertEquals } from "@std/assert";
import { compressed, preferredType } from "./negotiation.ts";

Deno.test("preferredType: what the request prefers among what there is, or the first", () => {
  const of = (accept?: string) =>
    preferredType(new Request("http://taba/", { headers: accept === undefined ? {} : { accept } }), [
      "text/plain",
      "application/json",
    ]);
  assertEquals(of(), "text/plain");
  assertEquals(of("*/*"), "text/plain");
  assertEquals(of("application/json"), "application/json");
  assertEquals(of("application/*"), "application/json");
  assertEquals(of("text/plain;q=0.5, application/json"), "application/json");
  assertEquals(of("image/png"), "text/plain");
  assertEquals(of("text/html, application/xhtml+xml, */*;q=0.8"), "text/plain");
  assertEquals(of(",;=q"), "text/plain");
});

Deno.test("compressed: as gzip for those who say that they take it", async () => {
  const text = "the same again and again\n".repeat(1000);
  const of = (encodings?: string) => {
    const request = new Request("http://taba/", {
      headers: encodings === undefined ? {} : { "accept-encoding": encodings },
    });
    return compressed(new Response(text, { headers: { "content-type": "text/plain" } }), request);
  };
  for (const encodings of [undefined, "identity", "br", "gzip;q=0", ""]) {
    const response = of(encodings);
    assertEquals([response.headers.get("content-encoding"), await response.text()], [null, text], encodings);
  }
  for (const encodings of ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8"]) {
    const { headers, body } = of(encodings);
    assertEquals([headers.get("content-encoding"), headers.get("content-type")], ["gzip", "text/plain"], encodings);
    assertEquals(headers.get("vary"), "accept-encoding");
    assertEquals(await new Response(body?.pipeThrough(new DecompressionStream("gzip"))).text(), text);
  }
});
