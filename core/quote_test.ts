import { assertEquals } from "@std/assert";
import { quote } from "./quote.ts";

Deno.test("quote: shows each kind of value on one short line", () => {
  assertEquals(quote("a\n"), '"a\\n"');
  assertEquals(quote(1.5), "1.5");
  assertEquals(quote(null), "null");
  assertEquals(quote(undefined), "missing");
  assertEquals(quote(true), "true");
  assertEquals(quote([1, [2]]), "an array");
  assertEquals(quote({ toJSON: () => "never called" }), "an object");
  assertEquals(quote(() => 1), "a function");
});

Deno.test("quote: cuts a long text and says how long it was", () => {
  assertEquals(quote("x".repeat(64)), `"${"x".repeat(64)}"`);
  assertEquals(quote("x".repeat(65)), `"${"x".repeat(64)}"... (65 characters)`);
});
