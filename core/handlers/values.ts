// Values that are kept as they are (of Gauge, ExpiryGauge, Buffer): how large they may be, how they compare.

import type { Json } from "../event.ts";
import { limits } from "../limits.ts";
import { quote } from "../quote.ts";

/** Why a value is too large to be kept, if it is. Looks at no more than the limit, however large the value is. */
export function sizeProblem(value: Json): string | undefined {
  if (bytesLeft(value, limits.valueBytesMax) >= 0) return undefined;
  return `must have at most ${limits.valueBytesMax} bytes as JSON: ${quote(value)} has more`;
}

/** `left` less the bytes of the value as JSON; something negative as soon as there are too many. */
function bytesLeft(value: Json, left: number): number {
  if (typeof value === "string") return value.length > left ? -1 : left - stringBytes(value);
  if (typeof value !== "object" || value === null) return left - String(value).length;
  let rest = left - 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && rest >= 0; index++) rest = bytesLeft(value[index], rest) - 1;
    return rest + Math.min(value.length, 1);
  }
  const entries = Object.entries(value);
  for (let index = 0; index < entries.length && rest >= 0; index++) {
    const [key, element] = entries[index];
    rest = bytesLeft(key, rest) - 2;
    if (rest >= 0) rest = bytesLeft(element, rest);
  }
  return rest + Math.min(entries.length, 1);
}

/** Its bytes as JSON in UTF-8; two too many for each character outside the basic plane. */
function stringBytes(text: string): number {
  const json = JSON.stringify(text);
  let bytes = json.length;
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1;
  }
  return bytes;
}

/** An order of all values, so that ties are broken alike everywhere: strings first, then the others by their JSON. */
export function compareValues(a: Json, b: Json): number {
  const areStrings = typeof a === "string" && typeof b === "string";
  // The JSON of a string begins with a quotation mark, which stands before all that other JSON begins with.
  const [textA, textB] = areStrings ? [a, b] : [JSON.stringify(a), JSON.stringify(b)];
  return textA < textB ? -1 : textA > textB ? 1 : 0;
}
