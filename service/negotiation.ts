// What a request would rather have of what we can answer with: media types, and whether compressed.

import { accepts, acceptsEncodings } from "@std/http/negotiation";

/** The first of `types` where the request has no preference, or wants none of them. */
export function preferredType<Type extends string>(request: Request, types: readonly [Type, ...Type[]]): Type {
  const wanted = accepts(request, ...types);
  return types.find((type) => type === wanted) ?? types[0];
}

/** `response` as gzip where the request would have that, made while it is read. */
export function compressed(response: Response, request: Request): Response {
  // Who says nothing is said to take anything.
  const given = request.headers.get("accept-encoding") ?? "";
  const isWanted = given !== "" && acceptsEncodings(request, "gzip") === "gzip";
  const headers = new Headers(response.headers);
  headers.append("vary", "accept-encoding");
  if (!isWanted || response.body === null) return new Response(response.body, { headers });
  headers.set("content-encoding", "gzip");
  return new Response(response.body.pipeThrough(new CompressionStream("gzip")), { headers });
}
