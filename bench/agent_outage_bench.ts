// A real agent whose servers are away for a minute, under load: how its resident memory goes, and whether all is counted
// afterwards. The load and the server that comes back are this process, the agent is one of its own.
//
// States grow for a while by design: a new tab fills its cells of a second within the first minute, and coarser ones
// later. To tell that from what grows without end, the load before the measured minute has times that are spread over
// the last hour, so that every cell of each tab is in use when it begins. With --journal it has one, whose size is shown.

import { systemClock, systemSleep } from "../service/world.ts";
import { FakeServer } from "../tests/sim/fake_server.ts";
import { taskProgram } from "../tools/deno_command.ts";
import { freePorts } from "../tools/free_ports.ts";
import { startService } from "../tools/program.ts";
import { report, title } from "./harness.ts";

const HAS_JOURNAL = Deno.args.includes("--journal");
const [AWAY_S = 60, FILL_S = 20] = Deno.args.map(Number).filter(Number.isFinite);
const EVENTS_A_SECOND = 200_000;
const TABS = 5000;
const CLIENTS = 10;
/** Each client posts twice a second. */
const POSTS_A_SECOND = 2 * CLIENTS;
const EVENTS_A_POST = EVENTS_A_SECOND / POSTS_A_SECOND;
/** Of Linux, on all machines in use. */
const TICKS_A_SECOND = 100;
const SPREAD_S = 3600;
/** An agent tries servers that have been away for long only now and then. */
const BACK_S = 120;

/** Each client has its share of the tabs, and each of its posts some events of each of them. */
function bodyOf(post: number, spreadS: number): string {
  const client = post % CLIENTS;
  const tabs = TABS / CLIENTS;
  const now = systemClock();
  const lines: string[] = [JSON.stringify({ client: `web-${client}` })];
  for (let tab = 0; tab < tabs; tab++) {
    const events = Array.from({ length: EVENTS_A_POST / tabs }, (_, index) => {
      const value = 1 + (tab + 7 * index) % 100;
      return spreadS === 0 ? [value] : [Math.floor(now - spreadS * Math.random() ** 3), value];
    });
    lines.push(JSON.stringify({ tab: `tab-${client * tabs + tab}`, events }));
  }
  return lines.join("\n");
}

function residentMiB(pid: number): number {
  const [, kib] = /^VmRSS:\s*(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kib) / 1024;
}

const [port] = freePorts(1);
const folder = await Deno.makeTempDir({ prefix: "taba-bench-" });
await using stack = new AsyncDisposableStack();
stack.defer(() => Deno.remove(folder, { recursive: true }));
const args = ["--port", "0", "--own-tabs=false", "--server", `http://127.0.0.1:${port}`];
if (HAS_JOURNAL) args.push("--journal", folder);
const agent = stack.use(await startService({ name: "agent", ...taskProgram("agent"), args }));
const status = async () => await (await fetch(`${agent.url}/status`)).json();
const recent = Array.from({ length: CLIENTS }, (_, client) => bodyOf(client, 0));

/** User and system time of the agent so far. */
function cpuSeconds(): number {
  const fields = Deno.readTextFileSync(`/proc/${agent.program.pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

let posts = 0;
/** Bytes of the journal at the end of each second. */
const journal: number[] = [];
/** Resident memory at the end of each second. A machine that can't keep up gives less load, not more time. */
async function load(seconds: number, spreadS: number): Promise<number[]> {
  const curve: number[] = [];
  const begun = performance.now();
  for (let second = 1; second <= seconds; second++) {
    const end = begun + 1000 * second;
    for (let post = 0; post < POSTS_A_SECOND && performance.now() < end; post++, posts++) {
      const body = spreadS === 0 ? recent[posts % CLIENTS] : bodyOf(posts, spreadS);
      const response = await fetch(`${agent.url}/post`, { method: "POST", body });
      if (response.status !== 200) throw new Error(`a post was refused: ${await response.text()}`);
      await response.body?.cancel();
    }
    const early = end - performance.now();
    if (early > 0) await systemSleep(early);
    curve.push(Math.round(residentMiB(agent.program.pid)));
    if (HAS_JOURNAL) journal.push(Math.round((await status()).journal.bytes / 2 ** 20));
  }
  return curve;
}

title(`An agent without servers, over ${TABS} tabs: resident memory in MiB, second by second`);
report(`filling all cells, ${FILL_S} s`, (await load(FILL_S, SPREAD_S)).join(" "));
const [before, begun, cpuBefore] = [posts, performance.now(), cpuSeconds()];
const curve = await load(AWAY_S, 0);
const rate = (posts - before) * EVENTS_A_POST / (performance.now() - begun) * 1000;
report(`then ${AWAY_S} s at ${Math.round(rate / 1000)} k events/s`, curve.join(" "));
report(
  "CPU of the agent",
  `${(1e6 * (cpuSeconds() - cpuBefore) / ((posts - before) * EVENTS_A_POST)).toFixed(2)} us an event`,
);
if (HAS_JOURNAL) report("its journal in MiB, all seconds", journal.join(" "));
const { states, batches } = await status();
report("States held; batches sealed and open", `${states}; ${batches.open}`);

const events = posts * EVENTS_A_POST;
const server = new FakeServer({ clock: systemClock, sleep: systemSleep });
stack.use(Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, async (request) => {
  const response = await server.fetch(request);
  server.received.length = 0;
  return response;
}));
const back = performance.now();
while ((await status()).events.acked < events && performance.now() < back + 1000 * BACK_S) await systemSleep(100);
const counted = Object.values(server.events()).reduce((sum, count) => sum + count, 0);
report(
  "servers are back",
  `${counted} of ${events} events counted ${((performance.now() - back) / 1000).toFixed(1)} s later`,
);
report("resident memory after that", `${Math.round(residentMiB(agent.program.pid))} MiB`);
if (counted !== events) Deno.exitCode = 1;
