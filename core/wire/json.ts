// Untrusted JSON: told apart by kind, and bounded where it is passed on.

import type { Json } from "../event.ts";
import { limits } from "../limits.ts";

export type JsonObject = { readonly [key: string]: Json };

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text that JSON must be; undefined where it is no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  // A strict decoder takes several times as long, so it is asked only where a replacement character shows up.
  const text = utf8.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value);
}

/** A whole number that a double holds exactly, from 0. */
export function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/**
 * Why a value may not be passed on to handlers: a number out of range, which JSON could not say again, or so deep
 * that recursion over it might overflow the stack. Undefined where it may.
 */
export function jsonProblem(value: Json, depth = 0): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return `must be finite: current value is ${value}`;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === limits.jsonDepthMax) return `must be nested less than ${limits.jsonDepthMax} deep`;
  for (const part of isArray(value) ? value : Object.values(value)) {
    const problem = jsonProblem(part, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
