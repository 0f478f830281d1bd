import { assertEquals } from "@std/assert";
import { preferredType } from "./negotiation.ts";

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
