// Who may post or tend: a bearer token, where one is set.

import type { RequestRefusal } from "../core/refusal.ts";

/** Why the request may not pass: undefined where no token is set or it carries the right one. */
export function tokenRefusal(request: Request, token: string | undefined): RequestRefusal | undefined {
  if (token === undefined) return undefined;
  const [scheme, given = ""] = request.headers.get("authorization")?.split(" ") ?? [];
  if (scheme?.toLowerCase() === "bearer" && isSame(given, token)) return undefined;
  return {
    code: "token_wrong",
    message: "cannot let the request pass as its authorization must be this program's token: send it as " +
      `"authorization: Bearer TOKEN"`,
  };
}

/** Takes as long wherever the two differ, so that a token can't be guessed letter by letter. */
function isSame(given: string, token: string): boolean {
  let difference = given.length ^ token.length;
  for (let index = 0; index < given.length; index++) {
    difference |= given.charCodeAt(index) ^ token.charCodeAt(index % token.length);
  }
  return difference === 0;
}
