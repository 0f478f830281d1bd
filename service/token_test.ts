import { assertEquals } from "@std/assert";
import { tokenRefusal } from "./token.ts";

function codeOf(authorization: string | undefined, token: string | undefined): string | undefined {
  const headers = new Headers(authorization === undefined ? {} : { authorization });
  return tokenRefusal(new Request("http://taba/", { headers }), token)?.code;
}

Deno.test("tokenRefusal: lets all pass where no token is set", () => {
  assertEquals(codeOf(undefined, undefined), undefined);
  assertEquals(codeOf("Bearer any", undefined), undefined);
});

Deno.test("tokenRefusal: lets only the right token pass", () => {
  assertEquals(codeOf("Bearer secret", "secret"), undefined);
  assertEquals(codeOf("bearer secret", "secret"), undefined);
  for (
    const wrong of [undefined, "", "Bearer", "Bearer ", "secret", "Basic secret", "Bearer secre", "Bearer secrets"]
  ) {
    assertEquals(codeOf(wrong, "secret"), "token_wrong", wrong);
  }
  assertEquals(codeOf("Bearer aa", "a"), "token_wrong");
});
