// The way of the data through real processes: what is posted to an agent or straight to a server is what taba-cli
// answers, exact to the event, whatever the type; repeats count once, and bad input costs only itself.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { taskProgram } from "../../tools/deno_command.ts";
import { runProgram, type Service, startService } from "../../tools/program.ts";

const startServer = (...args: string[]) =>
  startService({ name: "server", ...taskProgram("serve"), args: ["--port", "0", ...args] });

const startAgent = (server: Service, ...args: string[]) =>
  startService({
    name: "agent",
    ...taskProgram("agent"),
    args: ["--port", "0", "--server", server.url, "--flush-ms", "200", ...args],
  });

const post = async (service: Service, lines: readonly unknown[], headers: Record<string, string> = {}) => {
  const body = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n");
  return await postBody(service, new TextEncoder().encode(body), headers);
};

const postBody = async (service: Service, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
  const response = await fetch(`${service.url}/post`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", ...headers },
    body,
  });
  return { status: response.status, answer: await response.json() };
};

const cli = (server: Service, ...args: string[]) =>
  runProgram({ name: "taba-cli", ...taskProgram("cli"), args: [...args, "--server", server.url] });

/** Asks until the answer holds, since an agent flushes every 200 ms; the deadline is the promised two seconds and a slow start. */
async function eventually(server: Service, path: string, holds: (answer: Record<string, unknown>) => boolean) {
  const deadline = Date.now() + 20_000;
  while (true) {
    const response = await fetch(server.url + path, { headers: { accept: "application/json" } });
    const answer = await response.json();
    if (holds(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${path} still answers ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Lines of raw events of every type. */
function everyType(now: number): readonly unknown[] {
  return [
    { tab: "bids", events: [[now, 3.25], [now, 1.5]] },
    { tab: "latency", type: "PercentileGroup", events: [[now, 0.25]] },
    { tab: "sizes", type: "PercentileCounter", events: [[now, 100]] },
    { tab: "spent", type: "TotalsCounter", events: [[now, 10], [now, 5]] },
    { tab: "build", type: "Gauge", events: [[now, "2.4.1"]] },
    { tab: "leader", type: "ExpiryGauge", events: [[now, ["web-1", now + 600]]] },
    { tab: "errors", type: "Buffer", events: [[now, ["disk full", now + 600]]] },
    { tab: "ignored", type: "Noop", events: [[now, "anything"]] },
  ];
}

async function assertEveryType(server: Service): Promise<void> {
  const tabs = await eventually(server, "/tabs", (answer) => "bids" in answer && "errors" in answer);
  const window = (count: number, total: number) => ({ count, total });
  const { pct, ...windows } = tabs.bids;
  assertEquals(windows, {
    "1m": window(2, 4.75),
    "10m": window(2, 4.75),
    "1h": window(2, 4.75),
    "1d": window(2, 4.75),
  });
  assertEquals(pct.length, 7);
  assertEquals(tabs.latency["1m"].count, 1);
  assertEquals(tabs.sizes.total, 100);
  assertEquals(tabs.spent, { count: 2, total: 15, average: 7.5 });
  assertEquals(tabs.build, { "2.4.1": 1 });
  assertEquals(tabs.leader, { "web-1": 1 });
  assertEquals(tabs.errors[0][0], "disk full");
}

Deno.test("way: events of every type posted to the agent without a header are what the server answers", async () => {
  await using server = await startServer();
  await using agent = await startAgent(server);
  const { status, answer } = await post(agent, everyType(Date.now() / 1000));
  assertEquals([status, answer], [200, { lines: 8, events: 10, rejected: [] }]);
  await assertEveryType(server);
});

Deno.test("way: events of every type posted straight to the server with a header are what it answers", async () => {
  await using server = await startServer();
  const now = Date.now() / 1000;
  const header = { taba: 2, client: "web-17", sender: "test", seq: 1, low: 1, sent: now };
  assertEquals((await post(server, [header, ...everyType(now)])).status, 200);
  await assertEveryType(server);
  const projection = await eventually(server, "/projection?name=bids", (answer) => Object.keys(answer).length > 0);
  assert(JSON.stringify(projection).includes("web-17"), JSON.stringify(projection));
});

Deno.test("way: taba-cli agg prints a CounterGroup to the letter", async () => {
  await using server = await startServer();
  await post(server, [{ tab: "winning_bid_price", events: [[3.25], [1.5]] }]);
  const { code, output } = await cli(server, "agg", "winning_bid_price");
  assertEquals(code, 0);
  const window = '{"count": 2, "total": 4.75}';
  const head =
    `winning_bid_price: {\n"1m": ${window},\n"10m": ${window},\n"1h": ${window},\n"1d": ${window},\n"pct": [`;
  assert(output.startsWith(head), output);
  // Of two values all listed percentiles are the lower one, within 0.5 % and printed with two decimals.
  assertMatch(output.slice(head.length), /^(1\.(49|50|51), ){6}1\.(49|50|51)\]\}$/);
});

Deno.test("way: taba-cli says by its exit code whether anything was found", async () => {
  await using server = await startServer();
  await post(server, [{ tab: "bids", events: [[1]] }]);
  assertEquals((await cli(server, "agg", "bids")).code, 0);
  assertEquals((await cli(server, "agg", "asks")).code, 1);
  assertEquals((await cli(server, "agg", "--nonsense")).code, 2);
});

Deno.test("way: taba-cli names an unreachable server and the cause", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://127.0.0.1:${port}`;
  const { code, output } = await runProgram({
    name: "taba-cli",
    ...taskProgram("cli"),
    args: ["agg", "bids", "--server", url],
  });
  assertEquals(code, 2);
  assertMatch(output, new RegExp(`127\\.0\\.0\\.1:${port}`));
  assertMatch(output, /refused/i);
  assertEquals(output.trim().split("\n").length, 1);
});

Deno.test("way: taba-cli record posts one event, or one a line of standard input", async () => {
  await using server = await startServer();
  assertEquals((await cli(server, "record", "bids", "3.25")).code, 0);
  const fed = await runProgram({
    name: "taba-cli",
    ...taskProgram("cli"),
    args: ["record", "bids", "--server", server.url],
    input: "1.5\n2\n",
  });
  assertEquals(fed.code, 0, fed.output);
  const tabs = await eventually(server, "/tabs?name=bids", (answer) => "bids" in answer);
  assertEquals(tabs.bids["1m"], { count: 3, total: 6.75 });
});

Deno.test("way: a batch posted twice counts once, at the agent and at the server", async () => {
  await using server = await startServer();
  await using agent = await startAgent(server);
  for (const service of [agent, server]) {
    const tab = service === agent ? "through_agent" : "to_server";
    const batch = [{ client: "web-1", sender: "s", seq: 7, low: 7 }, { tab, events: [[1]] }];
    const first = await post(service, batch);
    const second = await post(service, batch);
    assertEquals([first.status, first.answer.repeated], [200, undefined]);
    assertEquals([second.status, second.answer.repeated], [200, true]);
  }
  const tabs = await eventually(server, "/tabs", (answer) => "through_agent" in answer && "to_server" in answer);
  assertEquals(tabs.through_agent["1m"].count, 1);
  assertEquals(tabs.to_server["1m"].count, 1);
});

Deno.test("way: one bad line among a thousand is named by number, and the other 999 count", async () => {
  await using server = await startServer();
  await using agent = await startAgent(server);
  for (const service of [agent, server]) {
    const tab = service === agent ? "through_agent" : "to_server";
    const lines: unknown[] = Array.from({ length: 1000 }, () => ({ tab, events: [[1]] }));
    lines[416] = { tab, events: [[null, "cheap"]] };
    const { status, answer } = await post(service, lines);
    assertEquals([status, answer.lines, answer.events, answer.rejected.length], [200, 999, 999, 1]);
    assertEquals(answer.rejected[0].line, 417);
    assertMatch(answer.rejected[0].error, /number/);
    await eventually(
      server,
      `/tabs?name=${tab}`,
      (found) => JSON.stringify(found).includes('"1m":{"count":999,"total":999}'),
    );
  }
});

Deno.test("way: a body that can't be taken gets its status and a one-line reason, and the process goes on", async () => {
  await using server = await startServer("--body-bytes-max", "100000");
  await using agent = await startAgent(server, "--body-bytes-max", "100000");
  const large = new TextEncoder().encode(`{"tab":"bids","events":[[1]]}\n`.repeat(10_000));
  const bomb = await gzip(large);
  const whole = await gzip(new TextEncoder().encode(`{"tab":"bids","events":[[1]]}\n`.repeat(100)));
  for (const service of [agent, server]) {
    const attempts = [
      { status: 400, result: await post(service, ["this is no NDJSON"]) },
      { status: 413, result: await postBody(service, large) },
      { status: 413, result: await postBody(service, bomb, { "content-encoding": "gzip" }) },
      { status: 415, result: await postBody(service, large, { "content-encoding": "br" }) },
      {
        status: 400,
        result: await postBody(service, whole.slice(0, whole.length / 2), { "content-encoding": "gzip" }),
      },
    ];
    for (const { status, result } of attempts) {
      assertEquals(result.status, status, JSON.stringify(result.answer));
      assertMatch(result.answer.error, /^[^\n]+$/);
    }
    await postCutInTheMiddle(service);
    assertEquals((await post(service, [{ tab: "bids", events: [[1]] }])).status, 200);
  }
  const tabs = await eventually(server, "/tabs?name=bids", (answer) => JSON.stringify(answer).includes('"count":2'));
  assertEquals(tabs.bids["1m"].count, 2);
});

/** Sends the first half of a body with a whole line in it, then closes the connection. */
async function postCutInTheMiddle(service: Service): Promise<void> {
  const { hostname, port } = new URL(service.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const line = `{"tab":"bids","events":[[1]]}\n`;
  const request = `POST /post HTTP/1.1\r\nhost: taba\r\ncontent-length: ${2 * line.length}\r\n\r\n${line}`;
  await connection.write(new TextEncoder().encode(request));
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
