import { assertEquals, assertRejects } from "@std/assert";
import { stubShell } from "../tests/stub_shell.ts";
import { completions, look } from "./look.ts";
import { UsageTrouble } from "./shell.ts";

Deno.test("look: prints the answer and says by its exit code whether anything was found", async () => {
  const found = stubShell({ answer: () => new Response("bids: {}\n") });
  assertEquals(await look("tabs", { names: ["bids"], options: {} }, found), 0);
  assertEquals([found.printed(), found.complaints], ["bids: {}\n", []]);

  const empty = stubShell({ answer: () => new Response("{}\n") });
  assertEquals(await look("tabs", { names: ["bids"], options: { json: true } }, empty), 1);
  assertEquals([empty.printed(), empty.complaints], ["{}\n", ["nothing found"]]);
});

Deno.test("look: at a terminal no character of an answer is obeyed, however the answer is cut", async () => {
  const text = 'build: {\n"\x7f\u009b2J\u202e価格\ud83d\ude00": 1}\n';
  const bytes = new TextEncoder().encode(text);
  const answer = () => new Response(ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte))));
  const cases = [
    [{}, { columns: 80, rows: 24 }, 'build: {\n"␡�2J�価格\ud83d\ude00": 1}\n'],
    [{ json: true }, { columns: 80, rows: 24 }, text],
    [{}, undefined, text],
  ] as const;
  for (const [options, size, printed] of cases) {
    const shell = stubShell({ answer, ...size && { size } });
    assertEquals(await look("tabs", { names: ["build"], options }, shell), 0);
    assertEquals(shell.printed(), printed);
  }
});

Deno.test("look: options become the server's parameters", async () => {
  const shell = stubShell();
  const options = { regex: true, client: ["web-1", "web-2"], tag: ["status=500"], by: "route" };
  await look("tabs", { names: ["bids.*"], options }, shell);
  const { searchParams } = new URL(shell.requests[0].url);
  assertEquals([...searchParams], [
    ["name", "bids.*"],
    ["client", "web-1"],
    ["client", "web-2"],
    ["re", "1"],
    ["tag", "status=500"],
    ["by", "route"],
  ]);
});

Deno.test("look: the names of clients are clients", async () => {
  const shell = stubShell();
  await look("clients", { names: ["web-.*"], options: { regex: true } }, shell);
  assertEquals(new URL(shell.requests[0].url).search, "?client=web-.*&re=1");
});

Deno.test("look: the status comes in lines, and as the server's JSON where that is asked for", async () => {
  for (const [options, printed] of [[{}, '{\n  "roles": []\n}\n'], [{ json: true }, '{"roles":[]}\n']] as const) {
    const shell = stubShell({ answer: () => new Response('{"roles":[]}\n') });
    assertEquals(await look("status", { names: [], options }, shell), 0);
    assertEquals(shell.printed(), printed);
  }
});

Deno.test("look: the server is the one given, else the environment's, else the one on this host", async () => {
  const env = { TABA_SERVER: "http://env.test:1/", TABA_TOKEN: "from-env" };
  const cases = [
    { options: { server: "http://flag.test:2/taba" }, env, asked: "http://flag.test:2/taba/names", token: "from-env" },
    { options: { token: "from-flag" }, env, asked: "http://env.test:1/names", token: "from-flag" },
    { options: {}, env: {}, asked: "http://127.0.0.1:8300/names", token: undefined },
  ];
  for (const { options, env, asked, token } of cases) {
    const shell = stubShell({ env });
    await look("names", { names: [], options }, shell);
    assertEquals(shell.requests[0].url, asked);
    assertEquals(shell.requests[0].headers.get("authorization"), token === undefined ? null : `Bearer ${token}`);
  }
});

Deno.test("look: a bad address or limit is told by its name", async () => {
  const asking = (options: Record<string, unknown>, env = {}) => () =>
    look("names", { names: [], options }, stubShell({ env }));
  await assertRejects(asking({ server: "localhost:8300" }), UsageTrouble, "--server must be an address");
  await assertRejects(asking({}, { TABA_SERVER: "here" }), UsageTrouble, "TABA_SERVER must be an address");
  await assertRejects(asking({ timeout: "soon" }), UsageTrouble, "--timeout must be a number");
});

Deno.test("completions: names as the server has them, and none without a server", async () => {
  const shell = stubShell({ answer: () => new Response("bids\nbids_won\n") });
  assertEquals(await completions("names", shell), ["bids", "bids_won"]);
  assertEquals(shell.requests[0].url, "http://127.0.0.1:8300/names");

  const alone = stubShell({ answer: () => Promise.reject(new TypeError("fetch failed")) });
  assertEquals(await completions("clients", alone), []);
  assertEquals(await completions("clients", stubShell({ env: { TABA_SERVER: "nowhere" } })), []);
});
