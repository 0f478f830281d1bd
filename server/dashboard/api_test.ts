import { assert, assertEquals } from "@std/assert";
import { askable, nameParameter } from "./api.js";

Deno.test("askable: keeps a question short enough for an address, whatever the names", () => {
  const names = Array.from({ length: 1000 }, (_, index) => `${index};`.padEnd(256, ";="));
  const asked = askable(names);
  assertEquals(asked, names.slice(0, asked.length));
  assert(asked.length > 50 && nameParameter(asked).length < 60_000);
  assertEquals(askable(["bids_won", "bids_lost"]), ["bids_won", "bids_lost"]);
});
