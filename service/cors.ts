// Which web pages may post: refuses those of other origins unless they were allowed to, answers the preflights of their
// browsers, and marks answers as theirs to read. Only posts: what a program says about itself stays hidden from pages.

import type { RequestRefusal } from "../core/refusal.ts";
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
    const isAllowed = origin !== null && isNamed(origin, origins);
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

/**
 * Why a page may not post: undefined where no page asks, or one of this program's own host, or of one of the `origins`.
 * Browsers ask no leave for posts of plain text, so that any page could else post to whatever listens on its visitor's
 * machine. A proxy may have taken TLS off, so that schemes say nothing.
 */
export function originRefusal(request: Request, origins: readonly string[] = []): RequestRefusal | undefined {
  const origin = request.headers.get("origin");
  if (origin === null || isNamed(origin, origins)) return undefined;
  if (URL.parse(origin)?.host === new URL(request.url).host) return undefined;
  const message =
    "cannot take a post of a web page as its origin must be this program's own, or allowed by a setting " +
    `where it has one: current value is ${JSON.stringify(origin)}`;
  return { code: "origin_foreign", message };
}

function isNamed(origin: string, origins: readonly string[]): boolean {
  return origins.includes("*") || origins.includes(origin);
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
