import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { loadHandlers } from "./handlers.ts";
import { StartTrouble } from "./lifecycle.ts";

const LONGEST = `
export const unrelated = 42;
export const limits = { max: 3 };
export function helper() {}
export const longest = {
  type: "Longest",
  version: 0,
  create: () => ({ length: 0 }),
  check: (value) => typeof value === "string" ? undefined : "must be a string",
  fold: (state, _time, value) => { state.length = Math.max(state.length, value.length); },
  reduce: (into, from) => { into.length = Math.max(into.length, from.length); },
  clamp: () => {},
  encode: (state) => [state.length],
  decode: ([length]) => ({ length }),
  render: (state) => state.length,
  renderText: (state) => String(state.length),
  detail: (state) => state.length,
  isEmpty: (state) => state.length === 0,
};
`;

/** Writes the modules into a folder of their own and gives their paths to `run`. */
async function withModules(texts: readonly string[], run: (paths: readonly string[]) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const paths = texts.map((_, index) => `${folder}/module_${index}.js`);
    for (const [index, path] of paths.entries()) await Deno.writeTextFile(path, texts[index]);
    await run(paths);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function assertTrouble(modules: readonly string[], message: string): Promise<void> {
  const trouble = await assertRejects(() => loadHandlers(modules), StartTrouble);
  assertEquals(trouble.message, `cannot start as handlers come from ${message}`);
}

Deno.test("loadHandlers: without modules gives the handlers of the system", async () => {
  const registry = await loadHandlers([]);
  assertEquals(registry.get("CounterGroup")?.type, "CounterGroup");
});

Deno.test("loadHandlers: adds the handlers that a module exports, and passes over its other exports", async () => {
  await withModules([LONGEST], async ([path]) => {
    const registry = await loadHandlers([path]);
    assertEquals(registry.types.includes("Longest"), true);
    assertEquals(registry.types.includes("Gauge"), true);
    const handler = registry.get("Longest");
    const state = handler?.create("web-1");
    handler?.fold(state, 0, "four");
    assertEquals(handler?.render(state, 0), 4);
    const byUrl = await loadHandlers([new URL(`file://${path}`).href]);
    assertEquals(byUrl.get("Longest")?.type, "Longest");
  });
});

Deno.test("loadHandlers: a module that is no module of handlers is named with what is missing", async () => {
  const halved = LONGEST.replace("clamp: () => {},", "").replace("version: 0", "version: 0.5");
  const counter = LONGEST.replace('"Longest"', '"CounterGroup"');
  await withModules([halved, "export const limits = 1;", counter, LONGEST, "}"], async (paths) => {
    const [half, none, taken, fine, broken] = paths;
    await assertTrouble(
      [half],
      `${half}: its export longest must have a version that is a whole number from 0, clamp()`,
    );
    await assertTrouble([none], `${none}: it must export a handler: an object with a type`);
    await assertTrouble([taken], `${taken}: its type CounterGroup must not exist already`);
    await assertTrouble([fine, fine], `${fine}: its type Longest must not exist already`);
    await assertRejects(
      () => loadHandlers([broken]),
      StartTrouble,
      `cannot start as handlers come from ${broken}: it must be a module that loads: `,
    );
    await assertRejects(() => loadHandlers([`${fine}.none`]), StartTrouble, "it must be a module that loads: ");
  });
});

Deno.test("loadHandlers: a type must be a name, as it is stored beside names", async () => {
  for (const type of ["My Type", "Größe", "a\nb", "", "t".repeat(257)]) {
    await withModules([LONGEST.replace('"Longest"', JSON.stringify(type))], async ([path]) => {
      const trouble = await assertRejects(() => loadHandlers([path]), StartTrouble);
      assertMatch(
        trouble.message,
        /: its export longest must have a type, which (must have|may hold only) .*: current/,
      );
    });
  }
});
