// The rules of the house that Deno's own linter does not know: which room may import which (`taba/rooms`), and which
// files may touch clock, randomness, timers, network and host (`taba/world`). Tests, benches, tools and examples are free.

/** What the code of a room may import. */
interface Room {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}

const rooms: Readonly<Record<string, Room>> = {
  "core": { rooms: ["core"], packages: [] },
  "client": { rooms: ["core", "client"], packages: [] },
  "mod.ts": { rooms: ["client"], packages: [] },
  "service": { rooms: ["core", "service"], packages: ["@std/cli", "@std/http", "node:", "re2js", "zod"] },
  "agent": { rooms: ["core", "service", "agent"], packages: [] },
  "server": { rooms: ["core", "service", "server"], packages: ["re2js", "zod"] },
  "cli": { rooms: ["core", "service", "cli"], packages: [] },
  "dashboard": { rooms: ["dashboard"], packages: [] },
};

/** What only single files may import, beyond their room. */
const doors: Readonly<Record<string, Room>> = {
  "server/store/shards.ts": { rooms: [], packages: ["ioredis", "node:"] },
  "service/process_log.ts": { rooms: [], packages: ["@logtape/logtape"] },
  "server/dashboard.ts": { rooms: ["dashboard"], packages: ["@std/http", "uplot"] }, // serves them as texts
  "server/main.ts": { rooms: ["client"], packages: [] }, // a server records tabs of its own
  "agent/journal/record_file.ts": { rooms: [], packages: ["node:zlib"] }, // for its checksum
  "agent/main.ts": { rooms: ["client"], packages: [] },
  "cli/main.ts": { rooms: [], packages: ["@cliffy/command"] },
};

type Touch = "clock" | "randomness" | "timers" | "network" | "terminal" | "host";

const touchByName: Readonly<Record<string, Touch>> = {
  "Date.now": "clock",
  "new Date": "clock",
  "performance": "clock",
  "Math.random": "randomness",
  "crypto.getRandomValues": "randomness",
  "crypto.randomUUID": "randomness",
  "AbortSignal.timeout": "timers",
  "setTimeout": "timers",
  "setInterval": "timers",
  "fetch": "network",
  "console": "terminal",
  "Deno": "host",
  "process": "host",
};

const everything: readonly Touch[] = ["clock", "randomness", "timers", "network", "terminal", "host"];

/** Which files may touch what; the first pattern that fits counts, and what fits none may touch nothing. */
const touchable: readonly (readonly [RegExp, readonly Touch[]])[] = [
  [/^[^/]+\/main\.ts$/, everything],
  [/^service\/world\.ts$/, everything],
  [/^client\/platform\.ts$/, everything],
  [/^agent\/journal\/journal\.ts$/, ["host"]],
  [/^service\//, ["terminal", "host"]],
  [/^cli\//, ["network", "terminal", "host"]],
  [/^server\/dashboard\//, ["clock", "timers", "network"]],
];

const projectFolder = new URL("../", import.meta.url);

/** Path from the project's folder, or undefined for a file that is free of these rules. */
function placeOf(filename: string): string | undefined {
  const root = decodeURIComponent(projectFolder.pathname);
  const place = filename.startsWith(root) ? filename.slice(root.length) : filename;
  const isFree = place.endsWith("_test.ts") || rooms[roomOf(place)] === undefined;
  return isFree ? undefined : place;
}

function roomOf(place: string): string {
  if (place.startsWith("server/dashboard/")) return "dashboard"; // what runs in the browser knows nothing of the server
  const slash = place.indexOf("/");
  return slash === -1 ? place : place.slice(0, slash);
}

/** Why the file at `place` may not import `specifier`, or undefined where it may. */
function importProblem(place: string | undefined, filename: string, specifier: string): string | undefined {
  const isRelative = specifier.startsWith("./") || specifier.startsWith("../");
  const target = isRelative ? new URL(specifier, new URL(filename, projectFolder)).pathname : undefined;
  const targetPlace = target?.replace(projectFolder.pathname, "");
  if (targetPlace !== undefined && /^(agent|server|cli)\/main\.ts$/.test(targetPlace)) {
    return `Nobody imports ${targetPlace}: it is a composition root. Start it as a process`;
  }
  if (place === undefined) return undefined;
  if (
    targetPlace !== undefined && /^server\/store\/[a-z]+_store\.ts$/.test(targetPlace) && place !== "server/main.ts"
  ) {
    return `Only server/main.ts names a store's implementation: ${place} takes a Store as an argument`;
  }
  const room = rooms[roomOf(place)];
  const door = doors[place];
  if (targetPlace !== undefined) {
    const allowed = [...room.rooms, ...door?.rooms ?? []];
    return allowed.includes(roomOf(targetPlace))
      ? undefined
      : `${place} may import only ${list(allowed)}, not ${targetPlace}`;
  }
  const allowed = [...room.packages, ...door?.packages ?? []];
  const isAllowed = allowed.some((name) => specifier === name || specifier.startsWith(name.replace(/([^:])$/, "$1/")));
  return isAllowed ? undefined : `${place} may not import ${specifier}: of packages it has ${list(allowed)}`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}

const roomsRule: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    const check = (source: { readonly value?: unknown } & Deno.lint.Node | null | undefined) => {
      if (!source || typeof source.value !== "string") return;
      const message = importProblem(place, context.filename, source.value);
      if (message) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source.type === "Literal" ? node.source : undefined),
    };
  },
};

const worldRule: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    const allowed = touchable.find(([pattern]) => pattern.test(place))?.[1] ?? [];
    const check = (node: Deno.lint.Node, name: string) => {
      const touch = Object.hasOwn(touchByName, name) ? touchByName[name] : undefined;
      if (touch === undefined || allowed.includes(touch)) return;
      context.report({ node, message: `${place} may not touch ${name} (${touch}): take it as an argument` });
    };
    return {
      Identifier(node) {
        if (isReference(node)) check(node, node.name);
      },
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier") return;
        const name = property.type === "Identifier" && !node.computed
          ? property.name
          : property.type === "Literal"
          ? String(property.value)
          : "";
        check(node, object.name === "globalThis" ? name : `${object.name}.${name}`);
      },
      NewExpression(node) {
        if (node.arguments.length === 0 && node.callee.type === "Identifier") check(node, `new ${node.callee.name}`);
      },
    };
  },
};

/** Whether a name stands for a value here, rather than for a property, a key, a binding or `typeof` of a type. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return parent.parent.type !== "ObjectPattern" && (parent.value === node || parent.computed);
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.key !== node || parent.computed;
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSTypeQuery":
    case "ImportSpecifier":
    case "ExportSpecifier":
      return false;
    case "VariableDeclarator":
      return parent.id !== node;
    case "AssignmentPattern":
      return parent.left !== node;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return parent.body === node;
    default:
      return true;
  }
}

const plugin: Deno.lint.Plugin = { name: "taba", rules: { rooms: roomsRule, world: worldRule } };

export default plugin;
