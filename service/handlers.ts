// The registry of a program: the handlers of the system and those that modules named in the settings export.
// Checks that an export is a whole handler; whether it obeys the laws is its author's care.

import type { Handler } from "../core/handlers/handler.ts";
import { createRegistry, type Registry } from "../core/handlers/registry.ts";
import { nameProblem } from "../core/names.ts";
import { StartTrouble } from "./lifecycle.ts";
import { describeError } from "./log.ts";

const METHODS = [
  "create",
  "check",
  "fold",
  "reduce",
  "clamp",
  "encode",
  "decode",
  "render",
  "renderText",
  "detail",
  "isEmpty",
] as const satisfies readonly (keyof Handler)[];

/**
 * All handlers: those of the system and those of `modules`, which are URLs or paths from the current folder. Of a
 * module, every exported object with a `type` is taken for a handler; it may export other things beside.
 * @throws {StartTrouble} naming the module and what is missing
 */
export async function loadHandlers(modules: readonly string[]): Promise<Registry> {
  const extra: Handler[] = [];
  const known = new Set(createRegistry().types);
  for (const module of modules) {
    for (const handler of await handlersOf(module)) {
      if (known.has(handler.type)) throw trouble(module, `its type ${handler.type} must not exist already`);
      known.add(handler.type);
      extra.push(handler);
    }
  }
  return createRegistry(extra);
}

async function handlersOf(module: string): Promise<readonly Handler[]> {
  const found: Handler[] = [];
  for (const [name, exported] of Object.entries(await load(module))) {
    if (!hasType(exported)) continue;
    const missing = missingOf(exported);
    if (missing.length > 0) throw trouble(module, `its export ${name} must have ${missing.join(", ")}`);
    if (isHandler(exported)) found.push(exported);
  }
  if (found.length === 0) throw trouble(module, "it must export a handler: an object with a type");
  return found;
}

async function load(module: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const base = URL.canParse(module) ? undefined : `file://${encodeURI(Deno.cwd())}/`;
    return await import(new URL(module, base).href);
  } catch (cause) {
    throw trouble(module, `it must be a module that loads: ${describeError(cause)}`);
  }
}

function hasType(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function missingOf(value: Readonly<Record<string, unknown>>): readonly string[] {
  const missing: string[] = METHODS.filter((name) => typeof value[name] !== "function").map((name) => `${name}()`);
  const typeProblem = nameProblem(value.type);
  // Where it is stored it stands beside names, between spaces.
  if (typeProblem !== undefined) missing.push(`a type, which ${typeProblem}`);
  if (!Number.isSafeInteger(value.version) || Number(value.version) < 0) {
    missing.unshift("a version that is a whole number from 0");
  }
  return missing;
}

function isHandler(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Handler {
  return missingOf(value).length === 0;
}

function trouble(module: string, must: string): StartTrouble {
  return new StartTrouble(`cannot start as handlers come from ${module}: ${must}`);
}
