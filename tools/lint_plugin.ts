// The rules of the house that Deno's own linter does not know.

const plugin: Deno.lint.Plugin = { name: "taba", rules: {} };

export default plugin;
