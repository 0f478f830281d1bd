import { assert, assertEquals } from "@std/assert";
import { limits } from "../core/limits.ts";
import { Places } from "./places.ts";

function enter(places: Places) {
  const entered = places.enter();
  assert(entered.ok);
  return entered.value;
}

Deno.test("Places: lets so many in, and others once they have left", () => {
  const places = new Places();
  const taken = Array.from({ length: limits.postsMax }, () => enter(places));
  const refused = places.enter();
  assert(!refused.ok);
  assertEquals(refused.refusal.code, "over_capacity");
  taken[0][Symbol.dispose]();
  using _ = enter(places);
  assert(!places.enter().ok);
});

Deno.test("Places: gives all of them so many bytes together, and takes back what one leaves", () => {
  const places = new Places();
  const half = limits.postsBytesMax / 2;
  const [first, second] = [enter(places), enter(places)];
  assert(first.reserve(half) && second.reserve(half));
  assertEquals(second.reserve(1), false);
  first[Symbol.dispose]();
  assert(second.reserve(half));
  assertEquals(second.reserve(1), false);
});
