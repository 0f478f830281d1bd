// What starts what, with workers that do as the test tells them; real servers as workers are in tests/cluster/.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { until } from "../tests/cluster/waiting.ts";
import { StartTrouble } from "./lifecycle.ts";
import { createLog } from "./log.ts";
import { supervise, type SupervisorOptions } from "./supervisor.ts";

/** Asks its test what to do. Listens until its supervisor has gone, or ends it. */
const WORKER = `
const order = await (await fetch(Deno.args[0])).text();
if (order === "die") Deno.exit(137);
console.log("worker listening on http://worker");
for await (const _ of Deno.stdin.readable);
`;

class Fixture implements AsyncDisposable {
  readonly lines: string[] = [];
  /** How long each worker was waited with before it was started again. */
  readonly pausesMs: number[] = [];
  readonly #folder: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** `orderOf` says what the worker that is the nth to ask, from 0, shall do: "listen" or "die". */
  static async open(orderOf: (nth: number) => Promise<string>): Promise<Fixture> {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/worker.ts`, WORKER);
    return new Fixture(folder, orderOf);
  }

  private constructor(folder: string, orderOf: (nth: number) => Promise<string>) {
    this.#folder = folder;
    let asked = 0;
    const onListen = () => {};
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen },
      async () => new Response(await orderOf(asked++), { headers: { connection: "close" } }),
    );
  }

  get options(): SupervisorOptions {
    return {
      ...{ workers: 2, hostname: "127.0.0.1", port: 0, stopMs: 1000, clock: () => 0, random: () => 0.5 },
      launch: [Deno.execPath(), "run", "--no-config", "--allow-net=127.0.0.1", `${this.#folder}/worker.ts`],
      args: [`http://127.0.0.1:${this.#server.addr.port}`],
      sleep: (ms) => {
        this.pausesMs.push(ms);
        return Promise.resolve();
      },
      log: createLog({ clock: () => 0, write: (line) => this.lines.push(line) }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

Deno.test("supervise: a worker that dies before it listens is started again where another one listens", async () => {
  const listens = Promise.withResolvers<void>();
  let started = 0;
  await using fixture = await Fixture.open(async (nth) => {
    started = nth + 1;
    if (nth === 1) await listens.promise;
    return nth === 1 ? "die" : "listen";
  });
  const running = await supervise(fixture.options);
  assertEquals(running.url, "http://worker");
  listens.resolve();
  await until(() => started === 3, { what: "a third has been started" });
  assertEquals(fixture.pausesMs.length, 1);
  assert(fixture.pausesMs[0] > 0, "after a pause");
  assertEquals(fixture.lines.length, 1);
  assertMatch(fixture.lines[0], /error a worker ended and is started again pid=\d+ code=137$/);
  await running.stop();
});

Deno.test("supervise: gives up where a worker ends and none has listened", async () => {
  await using fixture = await Fixture.open(() => Promise.resolve("die"));
  const { message } = await assertRejects(() => supervise({ ...fixture.options, workers: 1 }), StartTrouble);
  assertEquals(message, "cannot start as a worker ended with code 137");
});
