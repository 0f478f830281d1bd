// Which of the media types that we can answer with a request would rather have.

import { accepts } from "@std/http/negotiation";

/** The first of `types` where the request has no preference, or wants none of them. */
export function preferredType<Type extends string>(request: Request, types: readonly [Type, ...Type[]]): Type {
  const wanted = accepts(request, ...types);
  return types.find((type) => type === wanted) ?? types[0];
}
