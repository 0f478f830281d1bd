import { assert, assertEquals, assertMatch } from "@std/assert";
import { StatsD } from "hot-shots";
import { listen } from "../service/listen.ts";
import { log } from "../service/process_log.ts";
import { systemClock, systemSleep } from "../service/world.ts";
import { FakeServer } from "../tests/sim/fake_server.ts";
import { until } from "../tests/sim/virtual_time.ts";
import { taskProgram } from "../tools/deno_command.ts";
import { runProgram, startService } from "../tools/program.ts";

// With the permissions that the task gives it.
const program = { name: "agent", ...taskProgram("agent") };

const LINE = '{"tab":"bids","type":"TotalsCounter","events":[[1],[2]]}\n';

function withServer(server: FakeServer) {
  return listen((request) => server.fetch(request), { hostname: "127.0.0.1", port: 0, log });
}

function realServer(): FakeServer {
  return new FakeServer({ clock: systemClock, sleep: systemSleep });
}

Deno.test("taba-agent: takes posts, sends them on, and tells how it is", async () => {
  const server = realServer();
  await using listening = await withServer(server);
  await using agent = await startService({
    ...program,
    args: ["--port=0", "--flush-ms", "20", "--server", listening.url],
  });
  const posted = await fetch(`${agent.url}/post`, { method: "POST", body: LINE });
  assertEquals([posted.status, await posted.json()], [200, { lines: 1, events: 2, rejected: [] }]);
  await until(() => server.events()["bids unknown"] === 2, { what: "the events have arrived" });
  const status = await fetch(`${agent.url}/status`);
  assertEquals((await status.json()).events.folded, 2);
  assertEquals(await agent.program.stop(), 0);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`taba-agent: on ${signal} sends what it holds, then ends with 0`, async () => {
    const server = realServer();
    server.fate = (index) => index === 0 ? { status: 503 } : "answered";
    await using listening = await withServer(server);
    await using agent = await startService({
      ...program,
      args: ["--port=0", "--flush-ms=3600000", "--server", listening.url],
    });
    for (let round = 0; round < 3; round++) {
      const posted = await fetch(`${agent.url}/post`, { method: "POST", body: LINE });
      assertEquals((await posted.json()).events, 2);
    }
    assertEquals(server.received.length, 0);
    agent.program.signal(signal);
    assertEquals(await agent.program.exit(), 0);
    assertEquals(server.events(), { "bids unknown": 6 });
  });
}

Deno.test("taba-agent: a stop without a server is bounded, and what was lost is said", async () => {
  await using agent = await startService({
    ...program,
    args: ["--port=0", "--flush-ms=3600000", "--stop-ms=300", "--server=http://127.0.0.1:1"],
  });
  const posted = await fetch(`${agent.url}/post`, { method: "POST", body: LINE });
  await posted.body?.cancel();
  assertEquals(await agent.program.stop(), 0);
  assertMatch(agent.program.output, /error could not send all before the stop events=2 batches=1$/m);
});

Deno.test("taba-agent: what the user can set right is one line and 2", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--port", "x"], /--port must be a whole number from 0 to 65535: current value is "x"$/],
    [["--prot", "1"], /all arguments must be known: "--prot" is not; see --help$/],
    [["--server", "localhost"], /--server must be an address such as http:\/\/127.0.0.1:8300 .*"localhost"$/],
    [["--hostname", "192.0.2.1"], /192.0.2.1:8279 must be an address that this machine can listen on: /],
    [["--handlers", "./nothing.ts"], /handlers come from .\/nothing.ts: it must be a module that loads: /],
    [["--fsync"], /--fsync must come with a journal: name a folder by --journal$/],
    [
      ["--statsd-client", "web 1"],
      /--statsd-client must be a name of 1 to 256 characters A-Z .*: current value is "web 1"$/,
    ],
    [
      ["--mirror-token", "schlüssel"],
      /--mirror-token must be a text of .* without spaces: current value is not shown$/,
    ],
    [["--cert", "a.pem"], /--cert and --key must be given together: one is missing$/],
  ];
  const outcomes = await Promise.all(cases.map(([args]) => runProgram({ ...program, args })));
  for (const [index, { code, output }] of outcomes.entries()) {
    assertEquals(code, 2, output);
    assertEquals(output.split("\n").length, 1, output);
    assert(output.startsWith("taba-agent: cannot start as "), output);
    assertMatch(output, cases[index][1]);
  }
});

Deno.test("taba-agent: a port in use is one line and 2", async () => {
  await using listening = await withServer(realServer());
  const { code, output } = await runProgram({ ...program, args: ["--port", String(listening.port)] });
  assertEquals({ code, output }, {
    code: 2,
    output: `taba-agent: cannot start as 127.0.0.1:${listening.port} must be free: another program listens there; ` +
      "stop it or choose another --port",
  });
});

Deno.test("taba-agent: a second agent on the same journal is one line and 2", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using agent = await startService({ ...program, args: ["--port=0", "--journal", folder] });
    const { code, output } = await runProgram({ ...program, args: ["--port=0", "--journal", folder] });
    assertEquals([code, output], [
      2,
      `taba-agent: cannot start as the journal ${folder} must be of one agent: another one holds it`,
    ]);
    assertEquals(await agent.program.stop(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("taba-agent: takes StatsD lines of a real client by UDP", async () => {
  const server = realServer();
  await using listening = await withServer(server);
  await using agent = await startService({
    ...program,
    args: ["--port=0", "--flush-ms=20", "--server", listening.url, "--statsd-port=0", "--statsd-client=host-1"],
  });
  const [, port] = await agent.program.line(/takes StatsD lines by UDP .*port=(\d+)/, 10_000);
  const client = new StatsD({ host: "127.0.0.1", port: Number(port), maxBufferSize: 1000, bufferFlushInterval: 10 });
  client.increment("hits", 2, { route: "/bid" });
  client.timing("latency", 320, 1);
  client.gauge("load", 0.75);
  client.set("users", "uid-7");
  client.distribution("size", 10);
  await until(() => Object.keys(server.events()).length === 5, { what: "the events have arrived" });
  assertEquals(Object.entries(server.events()).toSorted(), [
    ["hits;route=/bid host-1", 1],
    ["latency host-1", 1],
    ["load host-1", 1],
    ["size host-1", 1],
    ["users host-1", 1],
  ]);
  await new Promise((resolve) => client.close(resolve));
  assertEquals(await agent.program.stop(), 0);
});

Deno.test("taba-agent: what a stop could not send the next start does", async () => {
  const folder = await Deno.makeTempDir();
  const server = realServer();
  try {
    await using listening = await withServer(server);
    const args = ["--port=0", "--flush-ms=20", "--stop-ms=200", "--fsync", "--journal", folder];
    await using first = await startService({ ...program, args: [...args, "--server=http://127.0.0.1:1"] });
    await (await fetch(`${first.url}/post`, { method: "POST", body: LINE })).body?.cancel();
    assertEquals(await first.program.stop(), 0);
    assertMatch(first.program.output, /warn {2}could not send all before the stop: the next start does events=2/);
    await using second = await startService({ ...program, args: [...args, "--server", listening.url] });
    await until(() => server.events()["bids unknown"] === 2, { what: "the events have arrived" });
    assertEquals(await second.program.stop(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
