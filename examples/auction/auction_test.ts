import { assertEquals } from "@std/assert";
import { decide, parseAuction } from "./auction.ts";

Deno.test("decide: the highest bidder pays the second price", () => {
  const bids = [{ bidder: "a", price: 2 }, { bidder: "b", price: 5 }, { bidder: "c", price: 3 }];
  assertEquals(decide({ floor: 1, bids }), { winner: "b", price: 3 });
});

Deno.test("decide: a lone bidder pays the floor, and nobody below the floor wins", () => {
  assertEquals(decide({ floor: 1, bids: [{ bidder: "a", price: 2 }] }), { winner: "a", price: 1 });
  assertEquals(decide({ floor: 3, bids: [{ bidder: "a", price: 2 }] }), undefined);
});

Deno.test("decide: the first of equal bids wins and pays its own price", () => {
  const bids = [{ bidder: "a", price: 2 }, { bidder: "b", price: 2 }];
  assertEquals(decide({ floor: 1, bids }), { winner: "a", price: 2 });
});

Deno.test("parseAuction: a malformed request is answered with the reason", () => {
  assertEquals(parseAuction(null), "the body must be a JSON object");
  assertEquals(parseAuction({ floor: -1, bids: [] }), "floor must be a price");
  assertEquals(parseAuction({ floor: 1, bids: [{ bidder: "a" }] }), "a bid must have a bidder and a price");
});
