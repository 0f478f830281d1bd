// What a server says of itself, as the text that a database keeps. Others read it, perhaps of another version: what they
// can't read is nobody.

import type { Finished, Member, Order, Role } from "./store.ts";

const KINDS: readonly Order["kind"][] = ["gc", "flush", "rebalance", "upgrade"];
const ROLES: readonly Role[] = ["fe", "be", "ctrl"];

export function formatMember({ id, url, roles, started, orders, finished }: Member): string {
  return JSON.stringify({ id, url, roles, started, orders, finished });
}

/** Undefined where the text is no announcement. Roles that are not known here are left out. */
export function parseMember(text: string): Member | undefined {
  const fields = fieldsOf(parseJson(text));
  const id = fields.get("id");
  const url = fields.get("url");
  const roles = fields.get("roles");
  const started = fields.get("started");
  if (typeof id !== "string" || typeof url !== "string" || typeof started !== "number") return undefined;
  if (!Array.isArray(roles)) return undefined;
  const orders = listOf(fields.get("orders"), orderOf);
  const finished = listOf(fields.get("finished"), finishedOf);
  return {
    ...{ id, url, roles: ROLES.filter((role) => roles.includes(role)), started },
    ...(orders.length > 0 ? { orders } : {}),
    ...(finished.length > 0 ? { finished } : {}),
  };
}

/** Orders that are not known here are left out: others will see that this server does not do them. */
function orderOf(fields: ReadonlyMap<string, unknown>): Order | undefined {
  const id = fields.get("id");
  const kind = KINDS.find((known) => known === fields.get("kind"));
  return typeof id === "string" && kind !== undefined ? { id, kind } : undefined;
}

function finishedOf(fields: ReadonlyMap<string, unknown>): Finished | undefined {
  const [id, drainers, count] = [fields.get("id"), fields.get("drainers"), fields.get("count")];
  if (typeof id !== "string" || typeof drainers !== "string" || typeof count !== "number") return undefined;
  return { id, drainers, count };
}

function listOf<Value>(
  value: unknown,
  read: (fields: ReadonlyMap<string, unknown>) => Value | undefined,
): readonly Value[] {
  if (!Array.isArray(value)) return [];
  return value.map((one) => read(fieldsOf(one))).filter((one) => one !== undefined);
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
