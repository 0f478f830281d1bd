// What a server says of itself, as the text that a database keeps. Others read it, perhaps of another version: what they
// can't read is nobody.

import type { Member, Role } from "./store.ts";

const ROLES: readonly Role[] = ["fe", "be", "ctrl"];

export function formatMember({ id, url, roles, started }: Member): string {
  return JSON.stringify({ id, url, roles, started });
}

/** Undefined where the text is no announcement. Roles that are not known here are left out. */
export function parseMember(text: string): Member | undefined {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const id = fields.get("id");
  const url = fields.get("url");
  const roles = fields.get("roles");
  const started = fields.get("started");
  if (typeof id !== "string" || typeof url !== "string" || typeof started !== "number") return undefined;
  if (!Array.isArray(roles)) return undefined;
  return { id, url, roles: ROLES.filter((role) => roles.includes(role)), started };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
