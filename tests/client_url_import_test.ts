// The client is imported from a URL, as applications do: nothing but its own and core's files is asked for, and it works.

import { assertEquals } from "@std/assert";
import { projectPath } from "../tools/deno_command.ts";
import { Receiver } from "./receiver.ts";

/** The project's folders over HTTP; what was asked for is noted. */
class SourceServer implements AsyncDisposable {
  readonly paths = new Set<string>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#serve(request),
  );

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.paths.add(pathname);
    if (!/^(\/[\w-]+)*\/\w+\.ts$/.test(pathname)) return new Response("not found\n", { status: 404 });
    const source = await Deno.readTextFile(projectPath(pathname.slice(1)));
    return new Response(source, { headers: { "content-type": "application/typescript" } });
  }
}

for (const door of ["client/mod.ts", "mod.ts"]) {
  Deno.test(`${door}: imported from a URL, records, folds and sends`, async () => {
    await using receiver = new Receiver();
    await using sources = new SourceServer();
    const output = await run(
      `import * as taba from "http://${sources.host}/${door}";

      taba.initialize({ client: "url-1", agent: "${receiver.url}" });
      const bids = taba.tab("bids", { tags: { exchange: "north" } });
      for (let index = 0; index < 1000; index++) bids.record(2);
      taba.gauge("build", "2.4.1");
      taba.counter("requests");
      console.log(JSON.stringify(await taba.flush()));
      // A timer waits now, which must not keep the process.
      taba.counter("requests");`,
      { net: `127.0.0.1:${receiver.port}`, imports: sources.host },
    );
    assertEquals(output, { code: 0, stdout: '{"sent":1002,"acked":1002,"dropped":0,"pending":0}\n', stderr: "" });
    assertEquals(receiver.headers.map(({ client, seq }) => [client, seq]), [["url-1", 0]]);
    const lines = receiver.lines.map(({ tab, type, n, events }) => [tab, type, n ?? Array(events).flat().length]);
    assertEquals(lines, [
      ["bids;exchange=north", undefined, 1000],
      ["build", "Gauge", 1],
      ["requests", undefined, 1],
    ]);
    const elsewhere = [...sources.paths].filter((path) => !/^\/(client|core)\//.test(path) && path !== `/${door}`);
    assertEquals(elsewhere, []);
  });
}

/** Runs a program in a process of its own that knows nothing of this project, and has a cache of its own. */
async function run(
  source: string,
  { net, imports }: { readonly net: string; readonly imports: string },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/main.ts`;
    await Deno.writeTextFile(program, source);
    const flags = ["--no-config", "--no-lock", "--no-prompt", "--quiet"];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, `--allow-net=${net}`, `--allow-import=${imports}`, program],
      cwd: folder,
      env: { DENO_DIR: `${folder}/cache`, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
