// The dashboard's files as a server answers them.

import { assert, assertEquals } from "@std/assert";
import { dashboardRoutes } from "./dashboard.ts";

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const route = dashboardRoutes.get(path);
  assert(route !== undefined, path);
  return await route.GET(new Request(`http://server${path}`, { headers }));
}

Deno.test("dashboardRoutes: serve every file that a page names, by its type, and nothing may come from elsewhere", async () => {
  const seen = new Set<string>();
  const next = ["/"];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const response = await get(path);
    const text = await response.text();
    assertEquals(response.status, 200);
    assert(response.headers.get("content-security-policy")?.startsWith("default-src 'none'; script-src 'self';"));
    const [type] = (response.headers.get("content-type") ?? "").split(";");
    if (type === "text/html") {
      for (const [, url] of text.matchAll(/(?:src|href)="(\/dashboard[^"]*)"/g)) next.push(url);
    }
    if (type !== "text/javascript") continue;
    for (const [, file] of text.matchAll(/(?:from |import\()"\.\/([^"]+)"/g)) next.push(`/dashboard/${file}`);
  }
  assertEquals([...seen].sort(), [...dashboardRoutes.keys()].sort());
});

Deno.test("dashboardRoutes: a browser that has the file is told so", async () => {
  const first = await get("/dashboard/main.js");
  const etag = first.headers.get("etag") ?? "";
  await first.body?.cancel();
  const again = await get("/dashboard/main.js", { "if-none-match": `W/${etag}` });
  assertEquals([again.status, await again.text()], [304, ""]);
  const other = await get("/dashboard/main.js", { "if-none-match": '"another"' });
  assertEquals(other.status, 200);
  await other.body?.cancel();
});

Deno.test("dashboardRoutes: the page asks at once for all modules that the first view imports", async () => {
  const html = await (await get("/")).text();
  const named = [...html.matchAll(/(?:src|modulepreload" href)="\/dashboard\/([^"]+\.js)"/g)].map(([, file]) => file);
  const needed = new Set<string>();
  const next = ["theme.js", "main.js"];
  for (let file = next.pop(); file !== undefined; file = next.pop()) {
    if (needed.has(file)) continue;
    needed.add(file);
    const text = await (await get(`/dashboard/${file}`)).text();
    for (const [, imported] of text.matchAll(/from "\.\/([^"]+)"/g)) next.push(imported);
  }
  assertEquals(named.sort(), [...needed].sort());
});
