// `deno task bench:cluster`: the whole of Taba on this machine, every process real and on loopback, under an application
// that records as fast as asked through the client. Prints what was recorded and sent, what each process took, how long
// an event took to be visible, and whether all is counted; exit code 1 where it is not. Ends by itself in two minutes.
//
//   deno task bench:cluster --rate 10000000 --seconds 30 --servers 1

import { parseArgs } from "@std/cli/parse-args";
import { differences, readTabs } from "../../tests/cluster/ledger.ts";
import { request } from "../../tests/cluster/request.ts";
import { type LocalCluster, startCluster } from "../../tools/local_cluster.ts";
import { Program, type Service } from "../../tools/program.ts";
import { endWith, Stop } from "../../tools/stop.ts";
import { countsOf, tabNames } from "./plan.ts";
import { watchProbes } from "./probes.ts";
import { machineCpuS, type Usage, usageOf, type Watched } from "./processes.ts";
import { type Outcome, type Reading, type Recorded, show, type Stopped } from "./report.ts";

const LIMIT_MS = 118_000;
/** What may pass from the end of the recording until all has left the application, and until the last count is right. */
const [STOP_MS, SETTLE_MS] = [45_000, 20_000];

async function main(): Promise<number> {
  const { rate, seconds, servers } = readArgs();
  if (Deno.build.os !== "linux") throw new Stop("Cannot measure as this must be Linux: figures come from /proc");
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Stop(`Not done after ${LIMIT_MS / 1000} s: ended`, 1)), LIMIT_MS);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => limit.reject(new Stop("Interrupted", 130)));
  }
  await using running = new AsyncDisposableStack();
  try {
    return await Promise.race([run(running, { rate, seconds, servers }), limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

interface Asked {
  readonly rate: number;
  readonly seconds: number;
  readonly servers: number;
}

function readArgs(): Asked {
  const args = parseArgs(Deno.args, {
    string: ["rate", "seconds", "servers"],
    default: { rate: "10000000", seconds: "30", servers: "1" },
    unknown: (arg) => {
      throw new Stop(`bench:cluster: unknown argument "${arg}"; it takes --rate, --seconds and --servers`);
    },
  });
  const whole = (name: "rate" | "seconds" | "servers", max: number) => {
    const value = Number(args[name]);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Stop(
      `bench:cluster: --${name} must be a whole number from 1 to ${max}: current value is "${args[name]}"`,
    );
  };
  return { rate: whole("rate", 1e9), seconds: whole("seconds", 40), servers: whole("servers", 8) };
}

async function run(running: AsyncDisposableStack, asked: Asked): Promise<number> {
  console.log(
    `Starting Redis with a Sentinel, ${asked.servers} server(s), an agent with its journal, an application ...`,
  );
  // Each server takes posts and drains.
  const options = { redis: { shards: 1 }, fe: asked.servers, be: 0, serverArgs: ["--roles", "be"] };
  const cluster = running.use(await startCluster(options));
  const agent = await cluster.startAgent(["--journal", `${cluster.redis.folder}/journal`]);
  const application = running.use(
    new Program({
      name: "application",
      module: "bench/cluster/application.ts",
      args: [agent.url, String(asked.rate), String(asked.seconds)],
      stdin: "piped",
    }),
  );
  const watched = watchedOf(cluster, { agent, application });
  await application.line(/^recording/, 60_000);
  const start = read(watched);
  const over = new AbortController();
  const probes = watchProbes(application, { url: cluster.fe[0].url, recorded: over.signal, withinMs: STOP_MS });

  const recorded: Recorded = await said(application, /^recorded (.*)$/, (asked.seconds + 10) * 1000);
  const end = read(watched);
  over.abort();
  const stopped: Stopped = await said(application, /^stopped (.*)$/, STOP_MS);
  const delays = await probes;
  const outcome: Outcome = { asked, recorded, stopped, delays, ...await count(cluster, recorded, stopped) };
  const readings = { start, end, settled: read(watched) };
  const lines = await linesOf(cluster, agent);
  await application.feed("");
  await application.exit();
  show(outcome, { readings, lines, names: watched.map(({ name }) => name) });
  return outcome.isExact ? 0 : 1;
}

function watchedOf(
  { servers, redis }: LocalCluster,
  others: { readonly agent: Service; readonly application: Program },
): readonly Watched[] {
  return [
    { name: "application", pid: others.application.pid },
    { name: "agent", pid: others.agent.program.pid },
    ...servers.map(({ program }, index) => ({ name: `server ${index + 1}`, pid: program.pid })),
    ...redis.nodes(redis.shards[0]).map(({ pid }) => ({ name: "redis", pid })),
    ...redis.sentinelNodes.map(({ pid }) => ({ name: "sentinel", pid })),
  ];
}

function read(watched: readonly Watched[]): Reading {
  const usages: readonly Usage[] = watched.map(({ pid }) => usageOf(pid));
  return { timeMs: performance.now(), machineS: machineCpuS(), usages };
}

/** What a line of the application says in JSON. */
async function said<Said>(application: Program, pattern: RegExp, ms: number): Promise<Said> {
  const [, text = ""] = await application.line(pattern, ms);
  return JSON.parse(text);
}

/** Reads all counts until they are what was recorded, or will not become so. */
async function count(cluster: LocalCluster, { events, probes }: Recorded, { dropped, pending }: Stopped) {
  const offered = new Map([...countsOf(events)].map((count, tab) => [tabNames[tab], { events: count, total: 0 }]));
  for (let number = 0; number < probes; number++) offered.set(`probe_${number}`, { events: 1, total: 0 });
  const lostMax = dropped + pending;
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const seen = await readTabs(cluster.fe[0].url).catch(() => new Map());
    const { lost, extra } = differences(seen, offered);
    const counted = [...seen.values()].reduce((sum, { events }) => sum + events, 0);
    // What the client said it had to drop must be all that is missing.
    const isExact = extra === 0 && lost === lostMax;
    if (isExact || performance.now() > deadline) return { isExact, counted, lost, extra };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Lines and requests from the application to the agent, and from the agent to the servers. */
async function linesOf(cluster: LocalCluster, agent: Service) {
  const status = async (url: string) => JSON.parse((await request(`${url}/status`)).text);
  const { lines, posts } = await status(agent.url);
  const servers = await Promise.all(cluster.fe.map(async ({ url }) => (await status(url)).ingest));
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return {
    toAgent: { lines: Number(lines.accepted), posts: Number(posts.accepted) },
    toServers: {
      lines: sum(servers.map((ingest) => Number(ingest.lines.accepted))),
      posts: sum(servers.map((ingest) => Number(ingest.posts.accepted))),
    },
  };
}

await endWith(main);
