// Tabs and clients of which a program takes nothing, by patterns of their names. What was found out about a name is
// remembered, since the same ones come with every post.

import { RE2JS } from "re2js";
import type { DenialOf } from "../core/folding.ts";
import { quote } from "../core/quote.ts";
import { refuse } from "../core/refusal.ts";
import { listOf, pattern } from "./setting_kinds.ts";
import { setting } from "./settings.ts";

/** Names remembered: about as many as one program hears of; beyond it begins anew. */
const NAMES_MAX = 100_000;

/** What a program that takes posts can be told. */
export const denialSettings = {
  denyTabs: setting(listOf(pattern()), {
    default: [],
    help: "tabs whose whole name matches one of these are refused; a pattern with a comma needs the file",
  }),
  denyClients: setting(listOf(pattern()), { default: [], help: "the same of clients" }),
};

/** Regular expressions (RE2) that match whole names. */
interface Denials {
  readonly denyTabs: readonly string[];
  readonly denyClients: readonly string[];
}

/** Undefined where nothing is denied, so that nothing is asked. */
export function denialsOf({ denyTabs, denyClients }: Denials): DenialOf | undefined {
  if (denyTabs.length === 0 && denyClients.length === 0) return undefined;
  const isTabDenied = matcher(denyTabs);
  const isClientDenied = matcher(denyClients);
  return (tab, client) => {
    if (isTabDenied(tab)) return denial("tab", tab);
    return isClientDenied(client) ? denial("client", client) : undefined;
  };
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const compiled = patterns.map((pattern) => RE2JS.compile(pattern));
  const isDeniedByName = new Map<string, boolean>();
  return (name) => {
    const known = isDeniedByName.get(name);
    if (known !== undefined) return known;
    const isDenied = compiled.some((pattern) => pattern.matches(name));
    if (isDeniedByName.size >= NAMES_MAX) isDeniedByName.clear();
    isDeniedByName.set(name, isDenied);
    return isDenied;
  };
}

function denial(what: "tab" | "client", name: string) {
  return refuse(
    "denied",
    `cannot take the line as its ${what} must not be one of those denied: current value is ${quote(name)}`,
  )
    .refusal;
}
