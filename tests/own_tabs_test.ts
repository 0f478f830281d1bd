// Server and agent as processes record tabs of their own, and fall silent where nothing else happens.

import { assert, assertEquals } from "@std/assert";
import { TabaClient } from "../client/mod.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { measuredStore } from "../server/measured_store.ts";
import { Server } from "../server/server.ts";
import { MemoryStore } from "../server/store/memory_store.ts";
import { createLog } from "../service/log.ts";
import { ownClientOptions, OwnTabs, ownTabs } from "../service/own_tabs.ts";
import { projectPath, taskProgram } from "../tools/deno_command.ts";
import { type Service, startService } from "../tools/program.ts";
import { until } from "./cluster/waiting.ts";
import { VirtualTime } from "./sim/virtual_time.ts";

const env = { TABA_OWN_TABS: "" }; // as where nobody has set it

async function start(task: "serve" | "agent", args: readonly string[]): Promise<Service> {
  return await startService({ name: task, ...taskProgram(task), args: ["--port", "0", ...args], env });
}

async function json(url: string) {
  return await (await fetch(url, { headers: { accept: "application/json" } })).json();
}

Deno.test("own tabs: server and agent record what they do, under ids of their own", async () => {
  await using server = await start("serve", []);
  await using agent = await start("agent", ["--server", server.url, "--flush-ms", "100"]);
  const post = async (body: string) => {
    const answer = await fetch(`${agent.url}/post`, { method: "POST", body });
    await answer.body?.cancel();
  };
  await post('{"tab":"bids","events":[[1],[2],[3]]}\n{"tab":"bids","type":"Gauge","events":[["x"]]}\n');
  await post("nonsense");
  await until(async () => {
    const names: readonly string[] = await json(`${server.url}/names?name=taba_.*&re=1`);
    return names.some((name) => name.startsWith("taba_server_")) &&
      names.some((name) => name.startsWith("taba_agent_"));
  }, { what: "both have recorded" });

  const tabs = await json(`${server.url}/tabs`);
  assertEquals(tabs["taba_agent_events"]["1h"], { count: 1, total: 3 });
  assertEquals(tabs["taba_agent_lines_refused;reason=type_conflict"]["1h"], { count: 1, total: 1 });
  assertEquals(tabs["taba_agent_posts_refused;reason=body_malformed"]["1h"].count, 1);
  assert(tabs["taba_server_events"]["1h"].total >= 3);
  assert(tabs["taba_server_store_s;call=enqueue"]["1h"].count >= 1);
  const known = Object.keys(ownTabs);
  for (const name of Object.keys(tabs)) assert(name === "bids" || known.includes(name.split(";")[0]), name);
  const clients: readonly string[] = await json(`${server.url}/clients`);
  const [agentPort, serverPort] = [agent, server].map(({ url }) => new URL(url).port);
  assert(
    clients.some((client) => client.startsWith("taba-agent@") && client.endsWith(`:${agentPort}`)),
    String(clients),
  );
  assert(clients.some((client) => client.startsWith("taba-server@") && client.endsWith(`:${serverPort}`)));
});

Deno.test("own tabs: what their own posts cause is not recorded in turn", async () => {
  const time = new VirtualTime();
  const { clock, sleep } = time;
  const own: OwnTabs = new OwnTabs((request) => server.fetch(request));
  const store = new MemoryStore({ buckets: 4, clock });
  const server: Server = new Server({
    store: measuredStore(store, { own, stopwatch: clock }),
    self: { id: "server-1", url: "http://taba", roles: ["fe", "be"], started: clock() },
    ...{ registry: createRegistry(), clock, sleep, random: () => 0.5, pause: () => Promise.resolve() },
    log: createLog({ clock, write: () => {} }),
    measure: own.measure,
  });
  const setTimer = (callback: () => void, ms: number) => {
    const off = new AbortController();
    sleep(ms, off.signal).then(() => off.signal.aborted || callback());
    return () => off.abort();
  };
  const client = new TabaClient({
    ...{ ...ownClientOptions, client: "taba-server@taba:1", agent: "http://taba", fetch: own.fetch, clock, setTimer },
  });
  own.recordWith(client);
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  const posts = async () =>
    (await (await server.fetch(new Request("http://taba/status"))).json()).ingest.posts.accepted;
  for (const round of [1, 2]) {
    own.wake();
    const body = '{"tab":"bids","events":[[1]]}';
    await (await server.fetch(new Request("http://taba/post", { method: "POST", body }))).body?.cancel();
    await time.pass(60_000);
    assertEquals(await posts(), 2 * round, "a minute later there is the post, and one of what it caused");
  }
  const names = [
    ...(await Promise.all([0, 1, 2, 3].map((bucket) => store.tabs(bucket)))).flatMap((tabs) => [...tabs.keys()]),
  ];
  assertEquals(names.filter((name) => name.startsWith("taba_server_commit")), ["taba_server_commit_s"]);
  stopping.abort();
  await running;
  await client.stop();
});

Deno.test("own tabs: each is in the documentation, and no other", async () => {
  const doc = await Deno.readTextFile(projectPath("docs/own_tabs.md"));
  const rows = [...doc.matchAll(/^\| `(\w+)[^|]*\| `(\w+)`/gm)].map(([, name, type]) => [name, type]);
  assertEquals(Object.fromEntries(rows), ownTabs);
});
