import { assert, assertEquals } from "@std/assert";
import { BurstClock } from "./burst_clock.ts";

class Watched {
  time = 1000;
  looks = 0;
  readonly clock = new BurstClock(() => {
    this.looks++;
    return this.time;
  });

  /** What whoever records does first. */
  record(count: number, stepS = 0): void {
    for (let index = 0; index < count; index++) {
      if (--this.clock.credit < 0) this.clock.read();
      this.time += stepS;
    }
  }
}

Deno.test("BurstClock: looks for every record where they come slowly", () => {
  const watched = new Watched();
  watched.record(100, 0.002);
  assertEquals(watched.looks, 100);
});

Deno.test("BurstClock: looks ever more rarely in a burst, for every 64th record in the end", () => {
  const watched = new Watched();
  watched.record(200);
  const looks = watched.looks;
  assert(looks < 16, `${looks} looks`);
  watched.record(6400);
  assertEquals(watched.looks, looks + 100);
});

Deno.test("BurstClock: looks in each turn of the event loop, whatever the last one was like", async () => {
  const watched = new Watched();
  for (let turn = 0; turn < 10; turn++) {
    watched.record(1000);
    watched.time += 5;
    await Promise.resolve();
    watched.record(1);
    assertEquals(watched.clock.second, 1005 + 5 * turn);
  }
});

Deno.test("BurstClock: a record is behind by what 64 of them take in one turn, at most", () => {
  const watched = new Watched();
  watched.record(1000);
  let behind = 0;
  for (let index = 0; index < 1000; index++) {
    watched.record(1, 0.5);
    behind = Math.max(behind, watched.time - 0.5 - watched.clock.second);
  }
  assert(behind <= 64 * 0.5 + 1, `${behind} s`);
  const looks = watched.looks;
  watched.record(100, 0.5);
  assertEquals(watched.looks, looks + 100);
});

Deno.test("BurstClock: the epoch changes with the second, forwards and backwards", () => {
  const watched = new Watched();
  const epochs = [1000, 1000.9, 1001, 1001.5, 999, 999.1].map((time) => {
    watched.time = time;
    watched.clock.now();
    return watched.clock.epoch;
  });
  const [first] = epochs;
  assertEquals(epochs, [first, first, first + 1, first + 1, first + 2, first + 2]);
});
