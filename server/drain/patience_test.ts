import { assertEquals } from "@std/assert";
import { Patience } from "./patience.ts";

Deno.test("Patience: waits longer with each failure in a row, up to a bound, and not at all after a success", () => {
  const patience = new Patience(() => 1);
  const waits: number[] = [];
  for (let failures = 0; failures < 8; failures++) {
    patience.failed(1000);
    let waitMs = 0;
    while (patience.isWaiting(1000 + (waitMs + 0.5) / 1000)) waitMs++;
    waits.push(waitMs);
  }
  assertEquals(waits, [100, 200, 400, 800, 1600, 3000, 3000, 3000]);
  patience.succeeded();
  assertEquals(patience.isWaiting(0), false);
  patience.failed(1000);
  assertEquals([patience.isWaiting(1000.09), patience.isWaiting(1000.11)], [true, false]);
});
