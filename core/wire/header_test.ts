import { assert, assertEquals, assertMatch } from "@std/assert";
import type { BatchHeader, Json } from "../event.ts";
import { formatHeader, isBrokenHeader, isHeader, parseHeader } from "./header.ts";
import type { JsonObject } from "./json.ts";

function refusalOf(line: JsonObject): string {
  const header = parseHeader(line);
  assert(!header.ok, JSON.stringify(line));
  assertEquals(header.refusal.code, "body_malformed");
  return header.refusal.message;
}

Deno.test("isHeader: takes an object with a field of a header and none of a line", () => {
  for (const key of ["taba", "client", "sender", "seq", "low", "sent"]) assert(isHeader({ [key]: 1 }), key);
  for (const key of ["tab", "events", "state"]) assert(!isHeader({ client: "web-1", [key]: 1 }), key);
  assert(!isHeader({}));
  assert(!isHeader({ type: "Gauge" }));
});

Deno.test("isBrokenHeader: takes text that names what identifies a batch, and no tab", () => {
  assert(isBrokenHeader('{"taba":2,"client":"web-1"'));
  assert(isBrokenHeader('{"sender":"a","seq":1,'));
  assert(!isBrokenHeader("nonsense"));
  assert(!isBrokenHeader('{"tab":"a","seq":1,'));
});

Deno.test("parseHeader: takes each field alone, and an id with and without low", () => {
  assertEquals(parseHeader({ taba: 2 }), { ok: true, value: {} });
  assertEquals(parseHeader({ client: "web-1" }), { ok: true, value: { client: "web-1" } });
  assertEquals(parseHeader({ sent: 1.5 }), { ok: true, value: { sent: 1.5 } });
  assertEquals(parseHeader({ sender: "a", seq: 0 }), { ok: true, value: { id: { sender: "a", seq: 0, low: 0 } } });
  assertEquals(parseHeader({ sender: "a", seq: 7, low: 7 }), {
    ok: true,
    value: { id: { sender: "a", seq: 7, low: 7 } },
  });
});

Deno.test("parseHeader: refuses what can't be relied on, and says what it found", () => {
  assertMatch(refusalOf({ taba: 3 }), /"taba":2: current value is 3/);
  assertMatch(refusalOf({ taba: null }), /"taba":2: current value is null/);
  assertMatch(refusalOf({ taba: 2, cleint: "web-1" }), /current keys include "cleint"/);
  assertMatch(refusalOf({ sender: "a" }), /"seq" is missing/);
  assertMatch(refusalOf({ seq: 1 }), /"sender" is missing/);
  assertMatch(refusalOf({ low: 1 }), /"sender" is missing/);
  assertMatch(refusalOf({ sender: "a b", seq: 1 }), /"sender" may hold only/);
  assertMatch(refusalOf({ client: "" }), /"client" must have 1 to 256 characters/);
  assertMatch(refusalOf({ client: null }), /"client" must be a string/);
  assertMatch(refusalOf({ sent: "now" }), /"sent" must be seconds/);
  for (const seq of [-1, 1.5, "1", null, 2 ** 53]) {
    assertMatch(refusalOf({ sender: "a", seq }), /"seq" must be a whole number/);
  }
  const lows: Json[] = [-1, 0.5, "0", null, 8];
  for (const low of lows) assertMatch(refusalOf({ sender: "a", seq: 7, low }), /"low" must be a whole number/);
});

Deno.test("formatHeader: writes what parseHeader reads", () => {
  const headers: BatchHeader[] = [
    {},
    { client: "web-1" },
    { id: { sender: "agent-1", seq: 1207, low: 1204 }, sent: 1763890000.5 },
    { client: "web-1", id: { sender: "agent-1", seq: 0, low: 0 } },
  ];
  for (const header of headers) {
    assertEquals(parseHeader(JSON.parse(formatHeader(header))), { ok: true, value: header });
  }
  assertEquals(
    formatHeader({ client: "web-17", id: { sender: "agent-5f0c", seq: 1207, low: 1204 }, sent: 1763890000.5 }),
    '{"taba":2,"client":"web-17","sender":"agent-5f0c","seq":1207,"low":1204,"sent":1763890000.5}',
  );
});
