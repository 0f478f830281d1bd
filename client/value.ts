// A recorded value as JSON of our own: what the caller does with its object afterwards must not change it.

import type { Json } from "../core/event.ts";
import { jsonProblem } from "../core/wire/json.ts";

/** The value as JSON; undefined where JSON can't say it, or no receiver would take it. */
export function toJson(value: unknown): Json | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "object":
      return value === null ? value : copy(value);
    default:
      return undefined;
  }
}

function copy(value: object): Json | undefined {
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) return undefined;
    const json: Json = JSON.parse(text);
    return jsonProblem(json) === undefined ? json : undefined;
  } catch {
    return undefined; // cyclic, a BigInt in it, or a toJSON of its own that throws: no JSON in any case
  }
}

/** What an event takes beside the text in it: its time, its value's number and the objects that hold them. */
const EVENT_BYTES = 96;

/** About how many bytes an event of this value takes in memory: no less than on the wire. */
export function eventBytesOf(value: Json): number {
  if (typeof value === "string") return EVENT_BYTES + 3 * value.length;
  if (typeof value === "object" && value !== null) return EVENT_BYTES + 3 * JSON.stringify(value).length;
  return EVENT_BYTES;
}
