// npm's `statsd` as a process, for comparison: fetched into a folder of its own, run by Node, ended and removed when
// disposed of. A backend adds up its own counters of what it took, which it gives at each flush.

import { systemSleep } from "../service/world.ts";
import { freePorts } from "../tools/free_ports.ts";

const PACKAGE = "statsd@0.9.0";
const FETCH_MS = 60_000;
const START_MS = 10_000;

/** Ends with the process that holds its standard input, however that ends. */
const BACKEND = `
process.stdin.resume().on("end", () => process.exit());
const totals = { lines: 0, bad: 0 };
exports.init = (_startup, _config, events) => {
  events.on("flush", (_time, { counters }) => {
    totals.lines += counters["statsd.metrics_received"];
    totals.bad += counters["statsd.bad_lines_seen"];
    console.log(JSON.stringify(totals));
  });
  return true;
};
`;

/** What newer versions of Node left out. */
const SHIM = `require("util").log ??= console.log;`;

export interface StatsdOfNpm extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Of its last flush. */
  readonly totals: { readonly lines: number; readonly bad: number };
}

/** @throws where it can't be fetched or does not start */
export async function startStatsdOfNpm(options: { readonly flushMs: number }): Promise<StatsdOfNpm> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "taba-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await run(folder, "npm", ["pack", "--silent", PACKAGE]);
  await run(folder, "tar", ["-xzf", `${PACKAGE.replace("@", "-")}.tgz`]);
  const [port, adminPort] = freePorts(2);
  const backends = [`${folder}/backend.cjs`];
  const config = { address: "127.0.0.1", port, mgmt_address: "127.0.0.1", mgmt_port: adminPort, backends };
  await Deno.writeTextFile(`${folder}/backend.cjs`, BACKEND);
  await Deno.writeTextFile(`${folder}/shim.cjs`, SHIM);
  await Deno.writeTextFile(`${folder}/config.js`, JSON.stringify({ ...config, flushInterval: options.flushMs }));
  const args = ["--require", `${folder}/shim.cjs`, `${folder}/package/stats.js`, `${folder}/config.js`];
  const child = new Deno.Command("node", { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
  let isOver = false;
  const over = child.status.then(() => isOver = true);
  let totals: StatsdOfNpm["totals"] | undefined;
  const followed = follow(child.stdout, (latest) => totals = latest);
  stack.defer(async () => {
    if (!isOver) child.kill("SIGKILL");
    await Promise.all([over, followed]);
    await child.stdin.abort();
  });
  for (const end = performance.now() + START_MS; totals === undefined; await systemSleep(20)) {
    if (isOver || performance.now() > end) throw new Error(`${PACKAGE} did not start`);
  }
  const resources = stack.move();
  return {
    ...{ pid: child.pid, port },
    get totals() {
      return totals ?? { lines: 0, bad: 0 };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function run(cwd: string, command: string, args: string[]): Promise<void> {
  const signal = AbortSignal.timeout(FETCH_MS);
  const { success, stderr } = await new Deno.Command(command, { args, cwd, signal, stdin: "null" }).output();
  if (!success) throw new Error(`"${command} ${args.join(" ")}" failed: ${new TextDecoder().decode(stderr).trim()}`);
}

async function follow(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  tell: (totals: StatsdOfNpm["totals"]) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const match = /^\{"lines":(\d+),"bad":(\d+)\}$/.exec(line);
      if (match !== null) tell({ lines: Number(match[1]), bad: Number(match[2]) });
    }
  }
}
