// `deno task bench:cluster`: the whole of Taba on this machine, every process real and on loopback, under an application
// that records as fast as asked through the client. Prints what was recorded and sent, what each process took, how long
// an event took to be visible, and whether all is counted; exit code 1 where it is not. Ends by itself in two minutes.
//
//   deno task bench:cluster --rate 10000000 --seconds 30 --servers 1

import { parseArgs } from "@std/cli/parse-args";
import { request } from "../../tests/cluster/request.ts";
import { type LocalCluster, startCluster } from "../../tools/local_cluster.ts";
import { Program, type Service } from "../../tools/program.ts";
import { endWith, Stop } from "../../tools/stop.ts";
import { agentIsEmpty, compare } from "./counts.ts";
import { watchProbes } from "./probes.ts";
import { machineCpuS, type Usage, usageOf, type Watched } from "./processes.ts";
import { type Outcome, type Reading, type Recorded, show, type Stopped } from "./report.ts";

const LIMIT_MS = 118_000;
/** Of it, when the client has to be done with sending, and when all has to be visible. */
const [SENT_MS, VISIBLE_MS] = [85_000, 100_000];
const START_MS = 60_000;
const PATIENCE_MS = 10_000;

async function main(): Promise<number> {
  const asked = readArgs();
  if (Deno.build.os !== "linux") throw new Stop("Cannot measure as this must be Linux: figures come from /proc");
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Stop(`Not done after ${LIMIT_MS / 1000} s: ended`, 1)), LIMIT_MS);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => limit.reject(new Stop("Interrupted", 130)));
  }
  limit.promise.catch(() => {}); // it may come before anyone waits for it
  await using running = new AsyncDisposableStack();
  try {
    // Not broken off: what is half started could not be ended.
    const cluster = await start(running, asked);
    return await Promise.race([measure(cluster, asked), limit.promise]);
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

interface Running {
  readonly cluster: LocalCluster;
  readonly agent: Service;
  readonly application: Program;
}

async function start(running: AsyncDisposableStack, { rate, seconds, servers }: Asked): Promise<Running> {
  console.log(`Starting Redis with a Sentinel, ${servers} server(s), an agent with its journal, an application ...`);
  // Each server takes posts and drains.
  const options = { redis: { shards: 1 }, fe: servers, be: 0, serverArgs: ["--roles", "be"] };
  const cluster = running.use(await startCluster(options));
  const agent = await cluster.startAgent(["--journal", `${cluster.redis.folder}/journal`]);
  const stopMs = Math.max(1000, Math.round(SENT_MS - performance.now() - 1000 * seconds));
  const application = running.use(
    new Program({
      name: "application",
      module: "bench/cluster/application.ts",
      args: [agent.url, String(rate), String(seconds), String(stopMs)],
      stdin: "piped",
    }),
  );
  await application.line(/^recording/, START_MS);
  return { cluster, agent, application };
}

async function measure({ cluster, agent, application }: Running, asked: Asked): Promise<number> {
  const watched = watchedOf({ cluster, agent, application });
  const start = read(watched);
  const over = new AbortController();
  const server = cluster.fe[0].url;
  const probes = watchProbes(application, { url: server, recorded: over.signal, deadline: VISIBLE_MS });

  const recorded: Recorded = await said(application, /^recorded (.*)$/, 1000 * asked.seconds + PATIENCE_MS);
  const end = read(watched);
  over.abort();
  console.log("Recorded; waiting until all is visible ...");
  const stopped: Stopped = await said(application, /^stopped (.*)$/, SENT_MS - performance.now() + PATIENCE_MS);
  await agentIsEmpty(agent.url, VISIBLE_MS);
  const delays = await probes;
  const settled = read(watched);
  const counts = await compare(server, recorded);
  const lines = await linesOf(cluster, agent);
  await application.feed("");
  await application.exit();
  // What the client says that it dropped must be all that is missing.
  const isExact = counts.extra === 0 && counts.missing === stopped.dropped + stopped.pending;
  const outcome: Outcome = { asked, recorded, stopped, delays, ...counts, isExact };
  show(outcome, { readings: { start, end, settled }, lines, names: watched.map(({ name }) => name) });
  return isExact ? 0 : 1;
}

function watchedOf({ cluster, agent, application }: Running): readonly Watched[] {
  const { servers, redis } = cluster;
  return [
    { name: "application", pid: application.pid },
    { name: "agent", pid: agent.program.pid },
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

/** Lines and requests from the application to the agent, and from the agent to the servers. */
async function linesOf(cluster: LocalCluster, agent: Service) {
  const status = async (url: string) => JSON.parse((await request(`${url}/status`)).text);
  const { lines, posts } = await status(agent.url);
  const servers = await Promise.all(cluster.fe.map(async ({ url }) => (await status(url)).ingest));
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return {
    toAgent: { lines: Number(lines.accepted), posts: Number(posts.accepted), refused: reasonsOf([posts]) },
    toServers: {
      lines: sum(servers.map((ingest) => Number(ingest.lines.accepted))),
      posts: sum(servers.map((ingest) => Number(ingest.posts.accepted))),
      refused: reasonsOf(servers.map((ingest) => ingest.posts)),
    },
  };
}

function reasonsOf(posts: readonly { readonly refused: Readonly<Record<string, number>> }[]): readonly string[] {
  return posts.flatMap(({ refused }) => Object.entries(refused).map(([reason, count]) => `${reason} ${count}`));
}

await endWith(main);
