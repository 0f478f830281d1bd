import { assertEquals } from "@std/assert";
import { formatMember, parseMember } from "./member.ts";
import type { Member } from "./store.ts";

Deno.test("parseMember: reads what formatMember wrote, and of other versions what it knows", () => {
  const member: Member = { id: "s1", url: "http://10.0.0.1:8300", roles: ["fe", "be"], started: 1763890000.5 };
  assertEquals(parseMember(formatMember(member)), member);
  const newer = { ...member, roles: ["fe", "be", "new"], zone: "b" };
  assertEquals(parseMember(JSON.stringify(newer)), member);
});

Deno.test("parseMember: reads orders and what was done of them, and leaves out what it does not know", () => {
  const member: Member = {
    ...{ id: "s1", url: "http://10.0.0.1:8300", roles: ["be"], started: 1 },
    orders: [{ id: "s1 0", kind: "gc" }],
    finished: [{ id: "s2 7", drainers: "123", count: 4 }],
  };
  assertEquals(parseMember(formatMember(member)), member);
  const strange = { orders: [7, { id: "x", kind: "dance" }, ...member.orders ?? []], finished: [null, { id: 1 }] };
  const { finished: _, ...rest } = member;
  assertEquals(parseMember(JSON.stringify({ ...member, ...strange })), rest);
});

Deno.test("parseMember: what is no announcement is nobody", () => {
  for (const text of ["", "{", "null", "7", "[]", "{}", '{"id":1,"url":"u","roles":[],"started":1}', '{"id":"s1"}']) {
    assertEquals(parseMember(text), undefined, text);
  }
});
