// examples/node runs in Node: the client bundled beside it as its first lines say.

import { assertEquals } from "@std/assert";
import { denoCommand, projectPath } from "../../tools/deno_command.ts";
import { startTaba } from "./taba_fixture.ts";

const LISTEN_MS = 20_000;

Deno.test("examples/node: what the service serves is counted, the last request too", async () => {
  await using taba = await startTaba();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(projectPath("examples/node/server.mjs"), `${folder}/server.mjs`);
    await bundle(`${folder}/taba.mjs`);
    const node = new Deno.Command("node", {
      args: [`${folder}/server.mjs`],
      env: { PORT: "0", TABA_AGENT: taba.agent.url, TABA_CLIENT: "node-7" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const url = await firstUrl(node);
    const prices: unknown[] = [];
    for (const path of ["/tea", "/coffee", "/milk", "/tea"]) prices.push(await (await fetch(url + path)).json());
    assertEquals(prices, [3.5, 2.75, null, 3.5]);
    node.kill("SIGTERM");
    assertEquals((await node.status).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const tabs = await taba.tabs((found) => found["request_latency"]?.["1d"].count === 4);
  assertEquals(Object.keys(tabs), ["price_shown", "request_latency", "requests;status=200", "requests;status=404"]);
  assertEquals(tabs["price_shown"]["1d"], { count: 3, total: 9.75 });
  assertEquals([tabs["requests;status=200"]["1d"].count, tabs["requests;status=404"]["1d"].count], [3, 1]);
});

async function bundle(path: string): Promise<void> {
  const command = denoCommand("bundle", ["--quiet", "-o", path, projectPath("client/mod.ts")]);
  const { code, stderr } = await new Deno.Command(command.path, { args: command.args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

/** The address that the service prints; the rest of what it prints is let go. */
async function firstUrl(node: Deno.ChildProcess): Promise<string> {
  const timer = setTimeout(() => node.kill("SIGKILL"), LISTEN_MS);
  let text = "";
  for await (const chunk of node.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const url = text.match(/^listening on (\S+)\n/m)?.[1];
    if (url === undefined) continue;
    clearTimeout(timer);
    return url;
  }
  throw new Error(`The service ended before it listened; it printed: ${text}`);
}
