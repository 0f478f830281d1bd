import { assertEquals } from "@std/assert";
import { background } from "./background.ts";

Deno.test("background: a failure reaches the process with the name of the work", async () => {
  const { promise, resolve } = Promise.withResolvers<ErrorEvent>();
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    resolve(event);
  }, { once: true });
  const cause = new Error("broken");
  background("sealing", Promise.reject(cause));
  const { error } = await promise;
  assertEquals(error.message, 'background work "sealing" failed');
  assertEquals(error.cause, cause);
});
