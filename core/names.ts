// Which names of tabs, clients and senders are legal, and the tags that a tab's name may carry in Graphite's form:
// `requests;route=/bid;status=200`, keys sorted.

import { limits } from "./limits.ts";
import { quote } from "./quote.ts";

const LEGAL = /^[A-Za-z0-9._~:/?@!$()*+;=-]+$/;
const CHARACTERS = "A-Z a-z 0-9 . _ ~ : / ? @ ! $ ( ) * + ; = -";

/** What a legal name is made of. */
export const NAME_RULE = `1 to ${limits.nameCharactersMax} characters ${CHARACTERS}`;

/** Why `name` is no legal name, to follow "as the name ..." in a message; undefined where it is one. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `must be a string: current value is ${quote(name)}`;
  if (name.length === 0 || name.length > limits.nameCharactersMax) {
    return `must have 1 to ${limits.nameCharactersMax} characters: current value is ${quote(name)}`;
  }
  if (!LEGAL.test(name)) return `may hold only ${CHARACTERS}: current value is ${quote(name)}`;
  return undefined;
}

/** A tab's name taken apart. */
export interface TabParts {
  /** All before the first `;`, as it stands. */
  readonly base: string;
  /** Unescaped, in the order of the name. */
  readonly tags: ReadonlyMap<string, string>;
}

/** Takes a tab's name apart. Any name will do: what follows a `;` and has no `=` is no tag and is passed over. */
export function parseTab(tab: string): TabParts {
  const [base, ...pairs] = tab.split(";");
  const tags = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals >= 0) tags.set(unescape(pair.slice(0, equals)), unescape(pair.slice(equals + 1)));
  }
  return { base, tags };
}

export type TagValue = string | number | boolean;

/**
 * The name of the tab `base` with these tags, sorted by key so that equal tags make equal names. The base stands as
 * it is; the result may be too long for a name, which `nameProblem` says.
 */
export function formatTab(
  base: string,
  tags: Readonly<Record<string, TagValue>> | ReadonlyMap<string, TagValue>,
): string {
  const pairs: [string, TagValue][] = tags instanceof Map ? [...tags] : Object.entries(tags);
  pairs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return base + pairs.map(([key, value]) => `;${escape(key)}=${escape(String(value))}`).join("");
}

/**
 * Any text as the base of a tab's name, for protocols that allow more there. What can stand there does, `~` too, so
 * that a legal base means the same tab in every protocol.
 */
export function escapeBase(text: string): string {
  return escape(text, PLAIN_IN_BASE);
}

/** What can stand in a tag as it is: a name's characters but those that have a meaning there. */
const PLAIN = /^[A-Za-z0-9._:/?@!$()*+-]*$/;
const PLAIN_IN_BASE = /^[A-Za-z0-9._:/?@!$()*+=~-]*$/;

/** Other characters as `~` and two hex digits for each byte of their UTF-8. */
function escape(text: string, plain = PLAIN): string {
  if (plain.test(text)) return text;
  let escaped = "";
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    escaped += plain.test(character) ? character : `~${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

/** A `~` without two hex digits, which others may have written, stands for itself. */
function unescape(text: string): string {
  if (!text.includes("~")) return text;
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    const hex = String.fromCharCode(bytes[index + 1], bytes[index + 2]);
    const isEscape = bytes[index] === 0x7e && /^[0-9A-Fa-f]{2}$/.test(hex);
    bytes[length++] = isEscape ? parseInt(hex, 16) : bytes[index];
    if (isEscape) index += 2;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}
