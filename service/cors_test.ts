import { assertEquals, assertStrictEquals } from "@std/assert";
import { refused, text } from "./answers.ts";
import { originRefusal, withCors } from "./cors.ts";
import { listOf, origin, readText } from "./setting_kinds.ts";

const PAGE = "https://shop.example";
const info = { remoteAddr: "127.0.0.1" };
const inner = (request: Request) =>
  request.method === "POST" ? text("taken") : refused({ code: "method_not_allowed", message: "no" }, { allow: "POST" });

const ask = (options: { origins?: string[]; path?: string; method?: string; headers?: Record<string, string> }) => {
  const { origins = [PAGE], path = "/post", method = "POST", headers = { origin: PAGE } } = options;
  return withCors(inner, origins)(new Request(`http://agent.example${path}`, { method, headers }), info);
};
const preflight = { method: "OPTIONS", headers: { origin: PAGE, "access-control-request-method": "POST" } };

Deno.test("withCors: answers a preflight without asking further", async () => {
  const response = await ask(preflight);
  assertEquals([response.status, await response.text()], [204, ""]);
  assertEquals(Object.fromEntries(response.headers), {
    "access-control-allow-headers": "authorization, content-encoding, content-type",
    "access-control-allow-methods": "POST",
    "access-control-allow-origin": PAGE,
    "access-control-expose-headers": "retry-after",
    "access-control-max-age": "7200",
    "vary": "origin",
  });
});

Deno.test("withCors: a page of an origin named reads the answer, also a refusal", async () => {
  for (const method of ["POST", "GET"]) {
    const response = await ask({ origins: ["https://other.example", PAGE], method });
    assertEquals([response.status, response.headers.get("access-control-allow-origin")], [
      method === "POST" ? 200 : 405,
      PAGE,
    ]);
    await response.body?.cancel();
  }
});

Deno.test("withCors: with * all origins are allowed, and answers are the same for all", async () => {
  const response = await ask({ ...preflight, origins: ["*"] });
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  assertEquals(response.headers.get("vary"), null);
});

Deno.test("withCors: other origins, requests without one, and other paths get nothing", async () => {
  const cases = [
    { ...preflight, origins: ["https://other.example"] },
    { origins: ["https://shop.example.evil.example"] },
    { headers: {} },
    { path: "/status", origins: ["*"] },
    { ...preflight, path: "/status", origins: ["*"] },
  ];
  for (const options of cases) {
    const response = await ask(options);
    assertEquals(response.headers.get("access-control-allow-origin"), null);
    assertEquals(response.status, "method" in options ? 405 : 200);
    await response.body?.cancel();
  }
});

Deno.test("withCors: without origins nothing is changed", () => assertStrictEquals(withCors(inner, []), inner));

Deno.test("originRefusal: posts of pages pass only from the program's own host and origins that are named", () => {
  const codeOf = (origin: string | undefined, origins?: readonly string[]) => {
    const headers = origin === undefined ? {} : { origin };
    return originRefusal(new Request("http://127.0.0.1:8279/post", { method: "POST", headers }), origins)?.code;
  };
  const passing = [undefined, "http://127.0.0.1:8279", "https://127.0.0.1:8279"];
  for (const origin of passing) assertEquals(codeOf(origin), undefined, origin);
  const foreign = [PAGE, "null", "", "http://127.0.0.1:8300", "http://127.0.0.1", "http://localhost:8279", "file://"];
  for (const origin of foreign) assertEquals(codeOf(origin, ["https://other.example"]), "origin_foreign", origin);
  for (const origin of foreign) assertEquals(codeOf(origin, ["*"]), undefined, origin);
  assertEquals(codeOf(PAGE, ["https://other.example", PAGE]), undefined);
});

Deno.test("origin: an origin is what browsers send, or * for all", () => {
  const origins = listOf(origin());
  assertEquals(readText(origins, `${PAGE}, http://127.0.0.1:8000`), [PAGE, "http://127.0.0.1:8000"]);
  assertEquals(readText(origins, "*"), ["*"]);
  for (const text of ["", "shop.example", `${PAGE}/`, `${PAGE}/cart`, "null", "HTTPS://shop.example"]) {
    assertEquals(readText(origins, text), undefined, text);
  }
});
