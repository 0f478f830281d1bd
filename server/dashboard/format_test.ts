import { assertEquals } from "@std/assert";
import { bytes, count, counted, duration, number } from "./format.js";

Deno.test("format: numbers as people read them", () => {
  assertEquals([count(123456), count(1234567)], ["123,456", "1.235M"]);
  assertEquals([0, 1, 2000].map((value) => counted(value, "event")), ["0 events", "1 event", "2,000 events"]);
  assertEquals([number(0.123456), number(12345.6), number(1e20), number(null)], ["0.1235", "12,346", "1.000e+20", "–"]);
  assertEquals([bytes(512), bytes(2048), bytes(3 * 2 ** 30)], ["512 B", "2 KiB", "3 GiB"]);
  assertEquals([0, 0.0000123, 0.25, 2.44, 90, 7260, 200_000].map(duration), [
    ...["0 s", "12.3 µs", "250 ms", "2.4 s", "1 min", "2 h 1 min", "2 d 7 h"],
  ]);
});
