// The client runs in Node: bundled into one file of plain JavaScript, as Node 20 strips no types.

import { assertEquals, assertMatch } from "@std/assert";
import { denoCommand, projectPath } from "../tools/deno_command.ts";
import { Receiver } from "./receiver.ts";

Deno.test("client/mod.ts: bundled, records, folds and sends in Node", async () => {
  await using receiver = new Receiver();
  const folder = await Deno.makeTempDir();
  try {
    const bundle = `${folder}/taba.mjs`;
    const { path, args } = denoCommand("bundle", ["--quiet", "-o", bundle, projectPath("client/mod.ts")]);
    assertEquals(await run(path, args), { code: 0, stdout: "", stderr: "" });
    const code = await Deno.readTextFile(bundle);
    assertEquals(code.match(/^import\b.*|\bimport\(.*|\brequire\(.*/gm), null);
    const program = `${folder}/main.mjs`;
    await Deno.writeTextFile(
      program,
      `import * as taba from "./taba.mjs";

      process.on("unhandledRejection", (reason) => { console.error("unhandled", reason); process.exit(70); });
      taba.initialize({ client: "node-1", agent: ${JSON.stringify(receiver.url)} });
      const bids = taba.tab("bids");
      for (let index = 0; index < 1000; index++) bids.record(2);
      taba.startTimer("latency")();
      taba.gauge("build", "2.4.1");
      console.log(JSON.stringify(await taba.flush()));
      {
        // As "await using" does.
        const other = new taba.TabaClient({ client: "node-2", agent: ${JSON.stringify(receiver.url)} });
        other.counter("bids", 3);
        await other[Symbol.asyncDispose]();
      }
      // A timer waits now, which must not keep the process.
      bids.record(1);`,
    );
    const { code: exit, stdout, stderr } = await run("node", [program]);
    assertEquals({ exit, stderr }, { exit: 0, stderr: "" });
    assertEquals(stdout, '{"sent":1002,"acked":1002,"dropped":0,"pending":0}\n');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals(receiver.headers.map(({ client, seq }) => [client, seq]), [["node-1", 0], ["node-2", 0]]);
  const [bids, latency, build, other] = receiver.lines;
  assertEquals([bids.tab, bids.n], ["bids", 1000]);
  assertEquals([latency.tab, latency.type], ["latency", "PercentileGroup"]);
  assertMatch(
    JSON.stringify(build),
    /^{"tab":"build","type":"Gauge","n":1,"state":\[\["node-1",\d+\.?\d*,"2.4.1"\]\]}$/,
  );
  assertMatch(JSON.stringify(other), /^{"tab":"bids","events":\[\[\d+,3\]\]}$/);
});

async function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { NO_COLOR: "1" };
  const output = await new Deno.Command(command, { args: [...args], env }).output().catch((error) => {
    throw new Error(`Cannot run ${command}: is it installed?`, { cause: error });
  });
  const text = new TextDecoder();
  return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
}
