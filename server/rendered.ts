// Looking into what handlers render, whose shapes are theirs.

import type { Json } from "../core/event.ts";

/** A member of an object; undefined where there is none, or no object. */
export function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
