import { assert, assertEquals, assertMatch } from "@std/assert";
import { limits } from "../core/limits.ts";
import { createLog } from "../service/log.ts";
import { entry } from "../tests/laws/store_fixtures.ts";
import { Overload } from "./overload.ts";
import { MemoryStore } from "./store/memory_store.ts";

function open(random: () => number = () => 0.5) {
  let now = 1000;
  const store = new MemoryStore({ buckets: 1, clock: () => now });
  const logged: string[] = [];
  const log = createLog({ clock: () => now, write: (line) => logged.push(line.slice(25)), repeatS: 0 });
  const overload = new Overload({ store, clock: () => now, random, log, queueBytesSoft: 1000, queueBytesHard: 2000 });
  const fill = (bytes: number) => store.enqueue(undefined, [entry("a", "b", { bytes: new Uint8Array(bytes - 202) })]);
  return { store, overload, logged, fill, pass: (s: number) => now += s };
}

Deno.test("Overload: lets all in up to the soft limit, some up to the hard one, and none above", async () => {
  for (
    const [bytes, random, isIn] of [
      [500, 0, true],
      [1000, 0, true],
      [1250, 0.2, false],
      [1250, 0.3, true],
      [1750, 0.7, false],
      [1750, 0.8, true],
      [2000, 0.999, false],
      [5000, 0.999, false],
    ] as const
  ) {
    const { overload, fill } = open(() => random);
    await fill(bytes);
    assertEquals((await overload.enter()).ok, isIn, `${bytes} bytes, random ${random}`);
  }
});

Deno.test("Overload: says how much waits, and to come back the later the fuller the queues are", async () => {
  const { overload, fill } = open(() => 0);
  await fill(1500);
  const some = await overload.enter();
  assert(!some.ok);
  assertMatch(some.refusal.message, /cannot enqueue more while 1500 bytes wait/);
  assertEquals([some.refusal.code, some.refusal.retryAfterS], ["over_capacity", 3]);
  const { overload: full, fill: fillFull } = open(() => 0);
  await fillFull(9000);
  const all = await full.enter();
  assertEquals(all.ok ? 0 : all.refusal.retryAfterS, 5);
});

Deno.test("Overload: looks at the queues now and then, and counts what is added in between", async () => {
  const { overload, fill, pass } = open(() => 0);
  assert((await overload.enter()).ok);
  overload.added(1500);
  assert(!(await overload.enter()).ok, "what this server added it knows at once");
  pass(0.6);
  assert((await overload.enter()).ok, "it has looked again, and nothing waits");
  await fill(5000);
  assert((await overload.enter()).ok, "it has looked just before");
  pass(0.6);
  assert(!(await overload.enter()).ok, "it has looked again");
});

Deno.test("Overload: tells when refusing begins and when it is over", async () => {
  const { overload, logged, pass } = open(() => 0);
  overload.added(1500);
  await overload.enter(); // looks, and finds nothing
  overload.added(1500);
  for (let post = 0; post < 3; post++) assert(!(await overload.enter()).ok);
  pass(2);
  assert((await overload.enter()).ok);
  assertEquals(logged, [
    "warn  refuses posts as too much waits to be drained queueBytes=1500 queueBytesSoft=1000 queueBytesHard=2000",
    "info  takes all posts again refused=3 afterS=2 queueBytes=0",
  ]);
});

Deno.test("Overload: bounds the posts that are read at once and the bytes that they hold", async () => {
  const { overload } = open();
  const entered = await overload.enter();
  assert(entered.ok);
  assert(entered.value.reserve(limits.postsBytesMax - 10));
  const second = await overload.enter();
  assert(second.ok);
  assertEquals([second.value.reserve(11), second.value.reserve(10)], [false, true]);
  entered.value[Symbol.dispose]();
  assert(second.value.reserve(1000), "there is room again");
  second.value[Symbol.dispose]();

  const places = [];
  for (let posts = 0; posts < limits.postsMax; posts++) {
    const place = await overload.enter();
    assert(place.ok);
    places.push(place.value);
  }
  const more = await overload.enter();
  assertMatch(more.ok ? "" : more.refusal.message, /cannot read more than \d+ posts at once/);
  places[0][Symbol.dispose]();
  assert((await overload.enter()).ok);
});
