import { assertEquals } from "@std/assert";
import { json, refused, statusOf, text } from "./answers.ts";

Deno.test("json and text: end in one newline and say what they are", async () => {
  const answer = json({ a: 1 });
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "application/json");
  assertEquals(await answer.text(), '{"a":1}\n');
  assertEquals(await text("x\n", 404).text(), "x\n");
});

Deno.test("refused: answers the refusal with the status of its code", async () => {
  const answer = refused({ code: "body_too_large", message: "too much" });
  assertEquals(answer.status, 413);
  assertEquals(await answer.json(), { error: "too much", code: "body_too_large" });
  assertEquals(answer.headers.get("retry-after"), null);
  const rejected = [{ line: 2, error: "bad" }];
  const listed = { code: "body_malformed", message: "no line counts", rejected } as const;
  assertEquals(await refused(listed).json(), { error: "no line counts", code: "body_malformed", rejected });
});

Deno.test("refused: says when to come back, which methods there are, and what authorises", () => {
  const message = "no";
  assertEquals(refused({ code: "over_capacity", message }).headers.get("retry-after"), "1");
  assertEquals(refused({ code: "store_unavailable", message }, { retryAfterS: 7 }).headers.get("retry-after"), "7");
  assertEquals(refused({ code: "stopping", message }).headers.get("connection"), "close");
  assertEquals(refused({ code: "method_not_allowed", message }, { allow: "POST" }).headers.get("allow"), "POST");
  assertEquals(refused({ code: "token_wrong", message }).headers.get("www-authenticate"), "Bearer");
});

Deno.test("statusOf: a sender repeats what may pass later and drops what never will", () => {
  const repeated = Object.entries(statusOf).filter(([, status]) => status === 429 || status >= 500);
  assertEquals(repeated.map(([code]) => code), [
    "over_capacity",
    "store_unavailable",
    "order_unfinished",
    "journal_full",
    "journal_failed",
    "stopping",
  ]);
});
