import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Json } from "../event.ts";
import { limits } from "../limits.ts";
import { buffer, type BufferState } from "./buffer.ts";
import { DecodeError } from "./handler.ts";

const NOW = 1_763_890_000;
const MAX = limits.bufferValuesMax;

function folded(events: readonly (readonly [time: number, value: Json, expires: number])[]): BufferState {
  const state = buffer.create("web-1");
  for (const [time, value, expires] of events) buffer.fold(state, time, [value, expires]);
  return state;
}

Deno.test("Buffer: shows unexpired values with their times, the last to expire first, equal ones as often as they came", () => {
  const state = folded([
    [NOW, "a", NOW + 60],
    [NOW - 1, { b: [1, null] }, NOW + 90],
    [NOW, "a", NOW + 60],
    [NOW - 2, "gone", NOW + 1],
  ]);
  assertEquals(buffer.render(state, NOW + 1), [[{ b: [1, null] }, NOW - 1], ["a", NOW], ["a", NOW]]);
  assertEquals(buffer.renderText(state, NOW + 60), `[\n[{"b":[1,null]},${NOW - 1}]]`);
  assertEquals(buffer.renderText(state, NOW + 90), "[]");
  assert(!buffer.isEmpty(state, NOW + 89) && buffer.isEmpty(state, NOW + 90));
});

Deno.test("Buffer: keeps the 1,000 values with the latest expiry, however it comes by them", () => {
  const events = Array.from({ length: 2500 }, (_, index) => [NOW, index, NOW + 100 + (index * 7919) % 2500] as const);
  const whole = folded(events);
  const reduced = buffer.create("");
  for (let from = 0; from < events.length; from += 300) buffer.reduce(reduced, folded(events.slice(from, from + 300)));
  const expected = events.toSorted((a, b) => b[2] - a[2]).slice(0, MAX).map(([time, value]) => [value, time]);
  assertEquals(buffer.render(whole, NOW), expected);
  assertEquals(buffer.render(reduced, NOW), expected);
  assertEquals(buffer.encode(reduced), buffer.encode(whole));
});

Deno.test("Buffer: a full one of the largest values fits into a line", () => {
  const largest = "ü".repeat((limits.valueBytesMax - 2) / 2);
  assertEquals(buffer.check([largest, NOW + 60]), undefined);
  assert(buffer.check([`${largest}x`, NOW + 60])?.startsWith("must have at most 960 bytes"));
  const state = folded(
    Array.from({ length: MAX }, (_, index) => [NOW + 0.123456 + index * 1e-5, largest, NOW + 60.123456]),
  );
  const line = JSON.stringify({
    tab: "x".repeat(limits.nameCharactersMax),
    client: "x".repeat(limits.nameCharactersMax),
    type: "Buffer",
    state: buffer.encode(state),
  });
  assert(new TextEncoder().encode(line).length < limits.lineBytesMax);
});

Deno.test("Buffer: takes any JSON of limited size, and looks no further than the limit", () => {
  for (const value of [null, true, 0, "", [], {}, [[[]]], { a: { b: [1, "2", null] } }]) {
    assertEquals(buffer.check([value, NOW]), undefined);
    const text = JSON.stringify(value);
    const padding = "x".repeat(limits.valueBytesMax - text.length - 5);
    assertEquals(buffer.check([[value, padding], NOW]), undefined, text);
    assert(buffer.check([[value, `${padding}x`], NOW]) !== undefined, text);
  }
  let deep: Json = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  assert(buffer.check([deep, NOW])?.endsWith("an array has more"));
  for (const bad of ["v", [1], [1, "soon"], [1, 2, 3], { 0: 1, 1: 2 }]) {
    assert(buffer.check(bad)?.startsWith("must be [value, expiry time]"));
  }
});

Deno.test("Buffer: what had expired at the newest time is not sent on", () => {
  const state = folded([[NOW, "a", NOW + 10], [NOW + 20, "b", NOW + 60]]);
  assertEquals(buffer.encode(state), [NOW + 20, ["b", NOW + 20, NOW + 60]]);
});

Deno.test("Buffer: decode names what is wrong", () => {
  for (
    const bad of [
      {},
      ["now"],
      [NOW, 1],
      [NOW, ["a", NOW]],
      [NOW, ["a", null, NOW]],
      [NOW, ["a", NOW, "soon"]],
      [NOW, ["x".repeat(limits.valueBytesMax), NOW, NOW + 1]],
      [NOW, ...Array.from({ length: MAX + 1 }, () => ["a", NOW, NOW + 1])],
    ]
  ) {
    assertThrows(() => buffer.decode(bad, 0), DecodeError);
  }
});
