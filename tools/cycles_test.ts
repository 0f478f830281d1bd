// No module of ours imports itself in a circle: each can be read, and tested, before those that use it.

import { assert, assertEquals } from "@std/assert";
import { denoCommand, projectPath } from "./deno_command.ts";

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { specifier?: string };
      readonly type?: { specifier?: string };
    }[];
  }[];
}

const roots = ["mod.ts", "server/main.ts", "agent/main.ts", "cli/main.ts"];

async function importsByModule(root: string): Promise<Map<string, string[]>> {
  const { path, args } = denoCommand("info", ["--json", projectPath(root)]);
  const { success, stdout } = await new Deno.Command(path, { args, stdout: "piped", stderr: "null" }).output();
  assert(success, `the graph of ${root} can be read`);
  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const project = new URL("../", import.meta.url).href;
  const ours = graph.modules.filter(({ specifier }) =>
    specifier.startsWith(project) && !specifier.includes(".registry")
  );
  return new Map(ours.map(({ specifier, dependencies = [] }) => {
    const imported = dependencies.flatMap(({ code, type }) => code?.specifier ?? type?.specifier ?? []);
    return [specifier.slice(project.length), imported.map((one) => one.slice(project.length))];
  }));
}

/** The first circle that is found, as the way around it. */
function circle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const visit = (module: string, way: readonly string[]): readonly string[] => {
    if (way.includes(module)) return [...way.slice(way.indexOf(module)), module];
    if (done.has(module)) return [];
    for (const imported of imports.get(module) ?? []) {
      const found = visit(imported, [...way, module]);
      if (found.length > 0) return found;
    }
    done.add(module);
    return [];
  };
  for (const module of imports.keys()) {
    const found = visit(module, []);
    if (found.length > 0) return found;
  }
  return [];
}

Deno.test("circle: is found where there is one", () => {
  const imports = new Map([["a", ["b", "c"]], ["b", ["d"]], ["c", ["d", "e"]], ["d", []], ["e", ["c"]]]);
  assertEquals(circle(imports), ["c", "e", "c"]);
  assertEquals(circle(new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", []]])), []);
});

Deno.test("modules: none imports itself in a circle", async () => {
  for (const root of roots) {
    const imports = await importsByModule(root);
    assert(imports.size > 5, `${root} has modules`);
    assertEquals(circle(imports), [], root);
  }
});
