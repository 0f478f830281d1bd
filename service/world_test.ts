import { assert, assertEquals } from "@std/assert";
import { systemClock, systemSleep } from "./world.ts";

Deno.test("systemClock: tells seconds since the epoch", () => {
  assert(Math.abs(systemClock() - Date.now() / 1000) < 60);
});

Deno.test("systemSleep: resolves after its time, or at once when aborted, and leaves no timer behind", async () => {
  await systemSleep(0);
  const controller = new AbortController();
  const slept = systemSleep(3_600_000, controller.signal);
  controller.abort();
  await slept;
  assertEquals(await systemSleep(3_600_000, controller.signal), undefined);
});
