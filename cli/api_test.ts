import { assertEquals, assertRejects } from "@std/assert";
import { stubShell, type StubShellOptions } from "../tests/stub_shell.ts";
import { Api, ApiTrouble, type Selection } from "./api.ts";

const address = "http://taba.test:8300";
const id = { sender: "cli-1", seq: 3, low: 3 };
const lines = [{ tab: "bids", type: "CounterGroup", events: [[null, 1]] as const }];
const everything: Selection = { names: [], clients: [], isRegex: false, tags: [] };

function connect(answer: StubShellOptions["answer"], options: { token?: string } = {}) {
  const shell = stubShell(answer === undefined ? {} : { answer });
  return { shell, api: new Api({ address, timeoutMs: 500, fetch: shell.fetch, sleep: shell.sleep, ...options }) };
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return await new Response(ReadableStream.from(chunks)).text();
}

Deno.test("ask: puts the selection into the address, escaped", async () => {
  const { api, shell } = connect(() => new Response("x\n"));
  const selection = { names: ["a;b=1", "c,d"], clients: ["web 1"], isRegex: true, tags: ["k=v&w"], by: "route,status" };
  assertEquals(await read(await api.ask("tabs", { selection, isJson: true })), "x\n");
  await read(await api.ask("names", { selection: everything, isJson: false }));

  const [tabs, names] = shell.requests;
  assertEquals(tabs.url, `${address}/tabs?name=a%3Bb%3D1&name=c%2Cd&client=web+1&re=1&tag=k%3Dv%26w&by=route%2Cstatus`);
  assertEquals(tabs.headers.get("accept"), "application/json");
  assertEquals(names.url, `${address}/names`);
  assertEquals(names.headers.get("accept"), "text/plain");
});

Deno.test("ask: sends the token only where there is one", async () => {
  for (const [token, sent] of [["secret", "Bearer secret"], [undefined, null]] as const) {
    const { api, shell } = connect(undefined, token === undefined ? {} : { token });
    await read(await api.ask("names", { selection: everything, isJson: false }));
    assertEquals(shell.requests[0].headers.get("authorization"), sent);
  }
});

Deno.test("ask: a refusal says address, status and the server's reason", async () => {
  const refusal = { error: 'cannot answer as every parameter must be known: "x" is not', code: "query_illegal" };
  const { api } = connect(() => Response.json(refusal, { status: 400 }));
  const asking = () => api.ask("tabs", { selection: everything, isJson: false });
  const trouble = await assertRejects(asking, ApiTrouble, `${address} answered 400: ${refusal.error}`);
  assertEquals(trouble.retryAfterMs, undefined);
});

Deno.test("ask: a page of something else is quoted, in short and on one line", async () => {
  const { api } = connect(() => new Response("<html>\nNot here", { status: 404 }));
  const asking = () => api.ask("tabs", { selection: everything, isJson: false });
  await assertRejects(asking, ApiTrouble, `${address} answered 404: it says "<html>\\nNot here"`);
});

Deno.test("ask: a failed fetch names the address and the deepest cause", async () => {
  const layers =
    "error sending request for url (http://x/): client error (Connect): tcp connect error: refused (os 111)";
  const { api } = connect(() => Promise.reject(new TypeError("fetch failed", { cause: new Error(layers) })));
  const asking = () => api.ask("tabs", { selection: everything, isJson: false });
  await assertRejects(asking, ApiTrouble, `cannot reach ${address}: tcp connect error: refused (os 111)`);
});

Deno.test("ask: an answer that does not begin, or stops on its way, is given up after the limit", async () => {
  let isCancelled = false;
  const stopped = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
  const cases = [
    { fetch: () => new Promise<Response>(() => {}), passes: 1 },
    { fetch: () => Promise.resolve(new Response(stopped)), passes: 2 },
  ];
  for (const { fetch, passes } of cases) {
    let waits = 0;
    const sleep = () => ++waits === passes ? Promise.resolve() : new Promise<void>(() => {});
    const api = new Api({ address, timeoutMs: 500, fetch, sleep });
    const asking = async () => await read(await api.ask("tabs", { selection: everything, isJson: false }));
    await assertRejects(asking, ApiTrouble, `cannot reach ${address}: no answer within 0.5 s`);
  }
  assertEquals(isCancelled, true);
});

Deno.test("ask: an answer that breaks off is trouble, not an end", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("a")),
    pull: (controller) => controller.error(new TypeError("connection closed")),
  });
  const { api } = connect(() => new Response(broken));
  const asking = async () => await read(await api.ask("tabs", { selection: everything, isJson: false }));
  await assertRejects(asking, ApiTrouble, `cannot reach ${address}: connection closed`);
});

Deno.test("post: sends the id with the lines, and reads the answer", async () => {
  const { api, shell } = connect(() => Response.json({ lines: 1, events: 1, rejected: [], repeated: true }));
  const answer = await api.post(lines, { id, client: "web-1" });
  assertEquals(answer, { lines: 1, events: 1, rejected: [], repeated: true });

  const [request] = shell.requests;
  assertEquals([request.method, request.url], ["POST", `${address}/post`]);
  assertEquals(request.headers.get("content-type"), "application/x-ndjson");
  const [header, line] = (await request.text()).trim().split("\n").map((text) => JSON.parse(text));
  assertEquals(header, { taba: 2, client: "web-1", sender: "cli-1", seq: 3, low: 3 });
  assertEquals(line, { tab: "bids", events: [[null, 1]] });
});

Deno.test("post: that no line could be accepted is an answer too", async () => {
  const rejected = [{ line: 2, error: "no number" }];
  const refusal = { error: "none of its lines can be accepted", code: "body_malformed", rejected };
  const { api } = connect(() => Response.json(refusal, { status: 400 }));
  assertEquals(await api.post(lines, { id, client: undefined }), { lines: 0, events: 0, rejected });
});

Deno.test("post: which trouble may pass, and how long to wait before the next try", async () => {
  const answered = (status: number, headers: Record<string, string> = {}) => () =>
    Response.json({ error: "no" }, { status, headers });
  const cases: [StubShellOptions["answer"], number | undefined][] = [
    [answered(503, { "retry-after": "2" }), 2_000],
    [answered(503, { "retry-after": "86400" }), 10_000],
    [answered(429), 0],
    [answered(500), 0],
    [answered(401), undefined],
    [answered(413), undefined],
    [() => new Response("hello"), undefined],
    [() => Promise.reject(new TypeError("fetch failed")), 0],
  ];
  for (const [answer, retryAfterMs] of cases) {
    const { api } = connect(answer);
    const trouble = await assertRejects(() => api.post(lines, { id, client: undefined }), ApiTrouble, address);
    assertEquals(trouble.retryAfterMs, retryAfterMs, trouble.message);
  }
});
