// A whole cluster to try: two Redis shards (master and replica each) with three Sentinels, two servers that take posts,
// two that drain, and an agent, all on free loopback ports, until Ctrl-C. Says so when one of the processes dies.
//
//   deno task cluster

import { type LocalCluster, startCluster } from "../../tools/local_cluster.ts";
import type { RedisNode } from "../../tools/local_redis.ts";
import type { Program } from "../../tools/program.ts";
import { endWith, Stop } from "../../tools/stop.ts";

/** Of what a dead process printed last. */
const LAST_LINES = 5;
/** Programs that are started from here record none unless told so. */
const OWN_TABS = ["--own-tabs=true"];

const stopping = Promise.withResolvers<void>();
let isStopping = false;

async function main(): Promise<number> {
  if (Deno.args.length > 0) throw new Stop(`cluster: unknown argument "${Deno.args[0]}"; it takes none`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, stop);
  console.log("Starting two Redis shards, three Sentinels, four servers and an agent ...");
  try {
    await using cluster = await startCluster({
      redis: { shards: 2, replicas: 1, sentinels: 3, appendOnly: true },
      fe: 2,
      be: 2,
      confirmations: 1,
      serverArgs: OWN_TABS,
    });
    if (isStopping) return 0;
    const agent = await cluster.startAgent(OWN_TABS);
    console.log(await describe(cluster, { url: agent.url, pid: agent.program.pid }));
    watch(cluster, agent.program);
    await stopping.promise;
    console.log("Stopping ...");
    await cluster.stop();
  } catch (error) {
    // Ctrl-C reaches what is being started, too.
    if (!isStopping) throw error;
  }
  return 0;
}

function stop(): void {
  isStopping = true;
  stopping.resolve();
}

async function describe(cluster: LocalCluster, agent: { readonly url: string; readonly pid: number }): Promise<string> {
  const { redis, servers } = cluster;
  const [server] = servers;
  const [shard] = redis.shards;
  const rows: string[][] = servers.map(({ name, url, program }) => [name, url, `pid ${program.pid}`]);
  rows.push(["agent", agent.url, `pid ${agent.pid}`]);
  for (const name of redis.shards) {
    const master = await redis.master(name);
    for (const node of redis.nodes(name)) rows.push(row(`${name} ${node === master ? "master" : "replica"}`, node));
  }
  for (const node of redis.sentinelNodes) rows.push(row("Sentinel", node));
  return `
${rows.map(([name, address, pid]) => `${name.padEnd(17)}${address.padEnd(25)}${pid}`).join("\n")}

Settings of the servers: ${cluster.settingsFile}

Try, in another terminal:
  curl ${agent.url}/post -d '{"tab":"bids","events":[[3.25],[1.5]]}'
  deno task cli agg bids --server ${server.url}
  deno task cli status --server ${server.url}
  curl ${server.url}/status
  redis-cli -p ${redis.sentinelNodes[0].port} sentinel get-master-addr-by-name ${shard}
  kill -9 ${redis.nodes(shard)[0].pid}    # the master of ${shard}: Sentinel promotes its replica

Two shards with one replica each and "replicas": 1: what is posted is accepted once the replica has it too. So a shard
whose master or replica is dead refuses posts with 503, which senders repeat, until that process is back:
  redis-server --port PORT --replicaof 127.0.0.1 PORT-OF-ITS-MASTER
Ctrl-C stops everything and removes its files.
`;
}

function row(name: string, { port, pid }: RedisNode): string[] {
  return [name, `127.0.0.1:${port}`, `pid ${pid}`];
}

/** Says when a process ends that nobody has asked to. */
function watch({ redis, servers }: LocalCluster, agent: Program): void {
  for (const program of [...servers.map((server) => server.program), agent]) {
    program.exit().then((code) => {
      const last = program.output.split("\n").slice(-LAST_LINES).join("\n  ");
      tell(`${program.name} (pid ${program.pid}) has ended with code ${code}. It printed last:\n  ${last}`);
    });
  }
  for (const node of redis.all) {
    const { port, pid } = node;
    node.exit().then((code) => tell(`The Redis on port ${port} (pid ${pid}) has ended with code ${code}`));
  }
}

function tell(what: string): void {
  if (!isStopping) console.log(what);
}

await endWith(main);
