import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { limits } from "../../core/limits.ts";
import { packedBytes } from "./packed.ts";
import { divide, isTooLarge, itemsOf, namesArgument, type Placed, ShardBatch } from "./redis_batch.ts";
import type { Entry } from "./store.ts";

function placed(entries: readonly (Pick<Entry, "tab" | "client"> & Partial<Entry>)[]): readonly Placed[] {
  const rest = { type: "TotalsCounter", version: 0, bytes: new Uint8Array(10), events: 1 };
  return entries.map((entry, index) => ({ index, bucket: 0, entry: { ...rest, ...entry } }));
}

Deno.test("divide: an entry's part does not depend on what else is in the batch, nor on its State", () => {
  const key = fc.record({ tab: fc.stringMatching(/^[a-z]{1,8}$/), client: fc.stringMatching(/^[a-z]{1,8}$/) });
  fc.assert(fc.property(fc.array(key, { minLength: 1, maxLength: 30 }), fc.nat(), (keys, chosen) => {
    const partOf = (entries: readonly Placed[], { tab, client }: typeof keys[number]) =>
      [...divide(entries)].find(([_, part]) => part.some(({ entry }) => entry.tab === tab && entry.client === client))
        ?.[0];
    const one = keys[chosen % keys.length];
    const alone = placed([{ ...one, bytes: new Uint8Array(99), events: 7 }]);
    assertEquals(partOf(placed(keys), one), partOf(alone, one));
  }));
});

Deno.test("isTooLarge: a batch is divided for its entries or for its bytes", () => {
  const many = Array.from({ length: 10_001 }, (_, index) => ({ tab: `tab-${index}`, client: "c" }));
  assertEquals(isTooLarge(placed(many)), true);
  assertEquals(isTooLarge(placed(many.slice(1))), false);
  const large = { tab: "tab", client: "c", bytes: new Uint8Array(2_100_000) };
  assertEquals(isTooLarge(placed([large, large])), true);
  assertEquals(isTooLarge(placed([large])), false);
});

Deno.test("itemsOf: items hold all entries in order, few entries and few bytes each", () => {
  const entries = fc.array(fc.nat(200_000), { maxLength: 300 }).map((sizes) =>
    sizes.map((size, index) => ({
      tab: `tab-${index}`,
      client: "c",
      type: "t",
      version: 0,
      bytes: new Uint8Array(size % 2 === 0 ? size : size % 500),
      events: 1,
      enqueued: 1,
    }))
  );
  fc.assert(
    fc.property(entries, (entries) => {
      const items = itemsOf(entries);
      assertEquals(items.flat(), entries);
      for (const item of items) {
        assert(item.length >= 1 && item.length <= limits.readEntriesMax / 4, "an item has few entries");
        const bytes = item.reduce((sum, entry) => sum + packedBytes(entry), 0);
        assert(item.length === 1 || bytes <= 128 * 1024, "an item of several entries is small");
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("ShardBatch: what is refused is left out by name, and of a new tab the first entry sets the type", () => {
  const batch = new ShardBatch(placed([
    { tab: "a", client: "c", type: "Gauge" },
    { tab: "a", client: "c" },
    { tab: "b", client: "late" },
    { tab: "b", client: "c", type: "Gauge" },
    { tab: "full", client: "c" },
  ]));
  const taken = () => batch.sort().taken.map(({ index }) => index);
  assertEquals(taken(), [0, 2, 4]);
  assertEquals(batch.sort().left.conflicts, [{ index: 1, type: "Gauge" }, { index: 3, type: "TotalsCounter" }]);
  // The tab is known to be of the other type, and who set the type of b is not let in.
  batch.refuse({ conflicts: ["a", "TotalsCounter"], tabsFull: ["full"], clientsFull: ["late"] });
  assertEquals(taken(), [1, 3]);
  assertEquals(batch.sort().left, {
    conflicts: [{ index: 0, type: "TotalsCounter" }],
    full: [{ index: 2, of: "clients" }, { index: 4, of: "tabs" }],
  });
});

Deno.test("namesArgument: an empty name is a name too", () => {
  assertEquals(namesArgument(["a", "", "b"]), "a  b ");
});
