// Real agents, killed under load: what clients were told is accepted, and what they had to repeat, counts once.

import { assert, assertEquals } from "@std/assert";
import { listen } from "../../service/listen.ts";
import { createLog } from "../../service/log.ts";
import { systemClock, systemRandom, systemSleep } from "../../service/world.ts";
import { taskProgram } from "../../tools/deno_command.ts";
import { type Service, startService } from "../../tools/program.ts";
import { FakeServer, type Fate } from "../sim/fake_server.ts";
import { until } from "../sim/virtual_time.ts";

const KILLS = 20;
const CLIENTS = 4;
const TABS = 50;
const ANSWERS_LOST = 0.1;

const fates: readonly Fate[] = ["answered", "answered", "answered", "lost", { status: 503 }, { delayMs: 300 }];

/** Posts batch after batch, each until it is told that it was taken, and keeps the books. */
class Client {
  readonly accepted = new Map<string, number>();
  posts = 0;
  repeated = 0;
  isStopping = false;
  readonly #name: string;
  readonly #agent: () => string | undefined;

  constructor(name: string, agent: () => string | undefined) {
    this.#name = name;
    this.#agent = agent;
  }

  async run(): Promise<void> {
    for (let seq = 0; !this.isStopping; seq++) {
      const lines = Array.from({ length: 1 + seq % 7 }, (_, index) => `tab-${(seq + 11 * index) % TABS}`);
      const header = { client: this.#name, sender: this.#name, seq, low: seq };
      const body = [header, ...lines.map((tab) => ({ tab, type: "TotalsCounter", events: [[1], [2], [3]] }))]
        .map((line) => `${JSON.stringify(line)}\n`).join("");
      while (!await this.#post(body)) await systemSleep(5 + 50 * systemRandom());
      for (const tab of lines) {
        const name = `${tab} ${this.#name}`;
        this.accepted.set(name, (this.accepted.get(name) ?? 0) + 3);
      }
    }
  }

  /** Whether it was taken. Where no answer came that is not known. */
  async #post(body: string): Promise<boolean> {
    const url = this.#agent();
    if (url === undefined) return false;
    try {
      const response = await fetch(`${url}/post`, { method: "POST", body });
      const { repeated = false } = await response.json();
      this.posts++;
      if (repeated) this.repeated++;
      // Some answers are lost on their way, so that the repeat may come to the next agent.
      return response.status === 200 && systemRandom() > ANSWERS_LOST;
    } catch {
      return false; // the agent was killed
    }
  }
}

Deno.test("taba-agent: killed 20 times under load, its journal has all that was accepted counted once", async () => {
  const folder = await Deno.makeTempDir();
  const log = createLog({ clock: systemClock, write: () => {} });
  const server = new FakeServer({ clock: systemClock, sleep: systemSleep });
  server.fate = () => fates[Math.floor(systemRandom() * fates.length)];
  await using listening = await listen((request) => server.fetch(request), { hostname: "127.0.0.1", port: 0, log });
  const args = ["--port=0", "--flush-ms=40", "--server", listening.url, "--journal", folder];
  const program = { name: "agent", ...taskProgram("agent"), args: [...args, "--batch-bytes-max=4000"] };
  let agent: Service | undefined;
  const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(`web-${index}`, () => agent?.url));
  const running = clients.map((client) => client.run());
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      agent = await startService(program);
      const posts = clients.reduce((sum, client) => sum + client.posts, 0);
      const wanted = posts + 50 + Math.floor(systemRandom() * 300);
      await until(() => clients.reduce((sum, client) => sum + client.posts, 0) >= wanted, {
        what: "clients have posted",
        step: () => systemSleep(2),
      });
      const { program: victim } = agent;
      await victim.kill();
      agent = undefined;
    }
    server.fate = () => "answered";
    agent = await startService(program);
    for (const client of clients) client.isStopping = true;
    await Promise.all(running);
    const { url } = agent;
    await until(async () => {
      const { events } = await (await fetch(`${url}/status`)).json();
      return events.held === 0 && events.open === 0;
    }, { what: "all is delivered", step: () => systemSleep(20) });
    assertEquals(await agent.program.stop(), 0);
  } finally {
    for (const client of clients) client.isStopping = true;
    await agent?.program.kill();
    await Deno.remove(folder, { recursive: true });
  }
  const accepted = clients.flatMap((client) => [...client.accepted]).toSorted();
  assertEquals(Object.entries(server.events()).toSorted(), accepted);
  const [posts, repeated] = [clients.map((client) => client.posts), clients.map((client) => client.repeated)]
    .map((counts) => counts.reduce((sum, count) => sum + count));
  assert(posts > KILLS * 50 && repeated > KILLS);
  console.log(
    `${KILLS} kills, ${posts} posts answered, ${repeated} of them repeats, ${server.received.length} batches`,
  );
});
