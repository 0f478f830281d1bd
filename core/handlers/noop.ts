// Noop: takes any event and keeps nothing, for tabs that are posted but not wanted.

import type { Handler } from "./handler.ts";
import { DecodeError } from "./handler.ts";

export const noop: Handler<null> = {
  type: "Noop",
  version: 0,
  create: () => null,
  check: () => undefined,
  fold() {},
  foldNumbers() {},
  reduce() {},
  clamp: () => false,
  encode: () => null,
  decode(encoded, version) {
    if (version !== 0 || encoded !== null) throw new DecodeError("it must be null and of version 0");
    return null;
  },
  render: () => null,
  renderText: () => "null",
  detail: () => null,
  isEmpty: () => true,
};
