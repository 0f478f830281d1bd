import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { testLaws } from "../../tests/laws/handler_laws.ts";
import { distinct } from "./distinct.ts";

testLaws("texts and numbers", distinct, { values: fc.oneof(fc.string(), fc.double(), fc.nat(5)), isExact: true });

for (const count of [0, 1, 10, 1000, 100_000]) {
  Deno.test(`Distinct: ${count} values, each seen three times, are about ${count}`, () => {
    const state = distinct.create("web-1");
    for (let index = 0; index < 3 * count; index++) distinct.fold(state, 0, `visitor-${index % count}`);
    const shown = Number(distinct.render(state, 0));
    assert(Math.abs(shown - count) <= 0.08 * count, `${shown} for ${count}`);
    assertEquals(distinct.isEmpty(state, 0), count === 0);
  });
}
