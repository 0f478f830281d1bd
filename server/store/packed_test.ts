import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BugError } from "../../core/assert.ts";
import { limits } from "../../core/limits.ts";
import { packedBytes, packEntries, packState, unpackEntries, unpackState } from "./packed.ts";

const name = fc.oneof(fc.stringMatching(/^[ -~]{1,30}$/), fc.constant("x".repeat(limits.nameCharactersMax)));
const state = fc.record({
  tab: name,
  client: fc.oneof(name, fc.constant("")),
  type: name,
  version: fc.nat(),
  bytes: fc.uint8Array({ maxLength: 300 }),
});
const entry = fc.tuple(state, fc.nat(2 ** 53 - 1), fc.double({ noNaN: true })).map(([state, events, enqueued]) => ({
  ...state,
  events,
  enqueued,
}));

Deno.test("packEntries: unpackEntries gives back what was packed, from anywhere in memory", () => {
  fc.assert(fc.property(fc.array(entry, { maxLength: 20 }), fc.nat(9), (entries, offset) => {
    const packed = packEntries(entries);
    assertEquals(packed.length, entries.reduce((sum, entry) => sum + packedBytes(entry), 0));
    const elsewhere = new Uint8Array(offset + packed.length + 3);
    elsewhere.set(packed, offset);
    assertEquals([...unpackEntries(elsewhere.subarray(offset, offset + packed.length))], entries);
  }));
});

Deno.test("packState: unpackState gives back what was packed", () => {
  fc.assert(fc.property(state, (state) => {
    assertEquals(unpackState({ tab: state.tab, client: state.client }, packState(state)), state);
  }));
});

Deno.test("packEntries: a name that is not ASCII is a bug, not another name", () => {
  const entry = {
    tab: "ta\u00fcb",
    client: "c",
    type: "t",
    version: 0,
    bytes: new Uint8Array(),
    events: 1,
    enqueued: 0,
  };
  assertThrows(() => packEntries([entry]), BugError, "ASCII");
});
