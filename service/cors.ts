// Lets pages of other origins post: answers their browsers' preflights, and marks answers as theirs to read. Only posts:
// what a program says about itself stays hidden from pages.

import type { Fetch, RequestInfo } from "./listen.ts";

const POSTS: readonly string[] = ["/post", "/post_zip"];
/** What the client and others send beside what browsers always allow. */
const HEADERS = "authorization, content-encoding, content-type";
/** Browsers ask again after this long; Chromium's own limit is two hours. */
const PREFLIGHT_S = 7200;

/** What `answer` answers, for pages of these origins as well; "*" stands for all, none changes nothing. */
export function withCors(answer: Fetch, origins: readonly string[]): Fetch {
  if (origins.length === 0) return answer;
  const isOpen = origins.includes("*");
  return async (request: Request, info: RequestInfo) => {
    if (!POSTS.includes(new URL(request.url).pathname)) return await answer(request, info);
    const origin = request.headers.get("origin");
    const isAllowed = origin !== null && (isOpen || origins.includes(origin));
    const response = isAllowed && isPreflight(request) ? preflightAnswer() : await answer(request, info);
    if (isAllowed) {
      response.headers.set("access-control-allow-origin", isOpen ? "*" : origin);
      response.headers.set("access-control-expose-headers", "retry-after");
    }
    // A cache must not give one origin what another was answered.
    if (!isOpen) response.headers.append("vary", "origin");
    return response;
  };
}

function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("access-control-request-method");
}

function preflightAnswer(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": HEADERS,
      "access-control-max-age": String(PREFLIGHT_S),
    },
  });
}
