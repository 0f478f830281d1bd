import { assert, assertEquals } from "@std/assert";
import { DatagramRing } from "./datagram_ring.ts";

/** A small generator, so that a failing seed replays. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

Deno.test("DatagramRing: gives what was put in, in its order, and counts what found no room", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const below = seeded(seed);
    const size = 8 << below(6);
    const first = new DatagramRing(size);
    // Positions wrap around after 4 GiB: some begin shortly before.
    if (below(2) === 0) new Int32Array(first.buffer).fill(-4 * below(100), 0, 2);
    const [from, to] = [new DatagramRing(first.buffer), new DatagramRing(first.buffer)];
    const model: Uint8Array[] = [];
    let [put, taken, dropped] = [0, 0, 0];
    for (let step = 0; step < 200; step++) {
      for (let count = below(6); count > 0; count--) {
        const datagram = Uint8Array.from({ length: below(Math.min(40, size)) }, () => put & 0xff);
        put++;
        from.put(datagram);
        if (from.dropped === dropped) model.push(datagram);
        else {
          dropped++;
          const held = model.reduce((sum, each) => sum + each.length + 8, 0);
          assert(held + datagram.length + 8 + 40 > size, `seed ${seed}: there was room for ${datagram.length} bytes`);
        }
      }
      const max = below(8);
      const expected = model.splice(0, max);
      const found: Uint8Array[] = [];
      assertEquals(to.take((datagram) => found.push(datagram.slice()), max), expected.length);
      assertEquals(found, expected, `seed ${seed}`);
      taken += found.length;
    }
    assertEquals(taken + model.length + to.dropped, put);
  }
});

Deno.test("DatagramRing: takes the largest datagram, and refuses one that never fits", () => {
  const ring = new DatagramRing(131_072);
  for (let round = 0; round < 5; round++) {
    ring.put(new Uint8Array(65_535).fill(round));
    let length = 0;
    ring.take((datagram) => length = datagram.length, 9);
    assertEquals(length, 65_535);
  }
  const small = new DatagramRing(64);
  small.put(new Uint8Array(61));
  assertEquals([small.dropped, small.take(() => {}, 9)], [1, 0]);
});
