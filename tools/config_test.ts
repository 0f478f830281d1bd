// Two configurations, one project: deno.npm.json repeats what Deno can't be told once.

import { assert, assertEquals } from "@std/assert";
import { projectPath } from "./deno_command.ts";

interface Config {
  readonly imports: Readonly<Record<string, string>>;
  readonly tasks?: Readonly<Record<string, { readonly description?: string; readonly command?: string }>>;
  readonly exclude: readonly string[];
}

const jsr: Config = JSON.parse(await Deno.readTextFile(projectPath("deno.json")));
const npm: Config = JSON.parse(await Deno.readTextFile(projectPath("deno.npm.json")));

Deno.test("configurations: are the same but for where packages come from", () => {
  const { imports: _, tasks: __, exclude, ...settings } = jsr;
  const { imports: ___, exclude: npmExclude, ...npmSettings } = npm;
  assertEquals(npmSettings, settings);
  assertEquals([...npmExclude, "tools/npm/"], exclude);
});

Deno.test("configurations: name the same packages, each with an exact version", () => {
  for (const [name, specifier] of Object.entries(jsr.imports)) {
    assert(/^(jsr|npm):(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+$/.test(specifier), specifier);
    if (specifier.startsWith("npm:")) assertEquals(npm.imports[name], specifier);
    else assert(Object.keys(npm.imports).some((other) => other === name || other.startsWith(`${name}/`)), name);
  }
});

Deno.test("configurations: every task says what it is for", () => {
  const names = [
    "demo",
    "serve",
    "agent",
    "cluster",
    "cli",
    "test",
    "bench",
    "bench:cluster",
    "check",
    "fmt",
    "lint",
    "ok",
    "compile",
  ];
  assertEquals(Object.keys(jsr.tasks ?? {}), names);
  for (const { description, command } of Object.values(jsr.tasks ?? {})) assert(description && command);
});
