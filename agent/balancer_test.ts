import { assert, assertEquals } from "@std/assert";
import { limits } from "../core/limits.ts";
import { createLog } from "../service/log.ts";
import { FakeServer, type Fate } from "../tests/sim/fake_server.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent } from "./agent.ts";
import { Balancer } from "./balancer.ts";
import { NoJournal } from "./journal/journaling.ts";

/** The same numbers in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function open(urls: readonly string[], random: () => number = () => 0.999) {
  const world = { now: 1000 };
  const lines: string[] = [];
  const clock = () => world.now;
  const log = createLog({ clock, write: (line) => lines.push(line.slice(25)), repeatS: 0 });
  const balancer = new Balancer(urls, { clock, random, ejection: { firstMs: 1000, maxMs: 8000 }, log });
  return { balancer, world, lines };
}

Deno.test("Balancer: of two the one with fewer bytes in flight is taken, and then the quicker one", () => {
  const { balancer, world } = open(["a", "b"], seeded(1));
  const large = balancer.begin(1000);
  const small = balancer.begin(10);
  assert(large !== undefined && small !== undefined && large.url !== small.url);
  assertEquals(balancer.begin(5)?.url, small.url);
  world.now += 0.5;
  small.succeeded();
  large.cancelled();
  const status = balancer.status().find(({ url }) => url === small.url);
  assertEquals([status?.batches, status?.bytes, status?.latencyMs], [1, 5, 500]);

  const quick = open(["a", "b"], seeded(2));
  for (let round = 0; round < 50; round++) {
    const attempt = quick.balancer.begin(10);
    if (attempt?.url === "a") quick.world.now += 0.3;
    attempt?.succeeded();
    if (round > 10) assertEquals(attempt?.url, "b");
  }
});

Deno.test("Balancer: a server that was slow is tried again after a while", () => {
  const { balancer, world } = open(["a", "b"], seeded(3));
  const taken: (string | undefined)[] = [];
  for (let round = 0; round < 300; round++) {
    const attempt = balancer.begin(10);
    taken.push(attempt?.url);
    if (round < 20 && attempt?.url === "a") world.now += 0.3;
    attempt?.succeeded();
    world.now += 0.2;
  }
  assert(taken.slice(20, 40).every((url) => url === "b"));
  const share = taken.slice(200).filter((url) => url === "a").length;
  assert(share > 30 && share < 70, String(share));
});

Deno.test("Balancer: leaves a server out that fails, for longer each time, and takes it back by one probe", () => {
  const { balancer, world, lines } = open(["a"], () => 1);
  for (const outMs of [1000, 2000, 4000, 8000, 8000]) {
    balancer.begin(10)?.failed("broken", 0);
    assertEquals(balancer.status()[0].state, "ejected");
    assertEquals([balancer.begin(10), balancer.dueMs], [undefined, outMs]);
    world.now += outMs / 1000;
  }
  let woken = 0;
  balancer.onProbed(() => woken++);
  const probe = balancer.begin(10);
  assertEquals(balancer.status()[0].state, "probed");
  assertEquals([balancer.begin(10), balancer.dueMs, woken], [undefined, undefined, 0]);
  probe?.succeeded();
  assertEquals([balancer.status()[0].state, balancer.status()[0].failures, woken], ["healthy", 0, 1]);
  assertEquals(lines.at(-1), "info  server a answers again failures=5");
});

Deno.test("Balancer: of several batches that fail at one server only the first counts, and the longest wait holds", () => {
  const { balancer } = open(["a"], () => 1);
  const attempts = [1, 2, 3].map((bytes) => balancer.begin(bytes));
  attempts[0]?.failed("broken", 0);
  attempts[1]?.failed("busy", 30_000);
  attempts[2]?.failed("broken", 0);
  assertEquals([balancer.status()[0].failures, balancer.dueMs], [1, 30_000]);
});

Deno.test("Balancer: a probe that is given up lets another one go", () => {
  const { balancer, world } = open(["a"]);
  balancer.begin(10)?.failed("broken", 0);
  world.now += 1;
  balancer.begin(10)?.cancelled();
  assertEquals(balancer.begin(10)?.url, "a");
});

Deno.test("Agent: of three servers, one slow and one dead, over 95 % of the bytes go to the healthy one, and when they heal the shares even out", async () => {
  const urls = ["http://healthy", "http://slow", "http://dead"];
  const time = new VirtualTime();
  const server = new FakeServer(time);
  let isSick = true;
  server.fate = (_, url): Fate => {
    if (isSick && url.startsWith("http://slow")) return { delayMs: 201 };
    return isSick && url.startsWith("http://dead") ? "unreached" : { delayMs: 1 };
  };
  const agent = new Agent({
    ...{ registry: server.registry, journal: new NoJournal("agent-1"), servers: urls, flushMs: 100 },
    ...{ statesMax: 1000, outboxBytesMax: limits.outboxBytesMax, batchBytesMax: limits.batchBytesMax },
    ...{ clock: time.clock, random: seeded(7), sleep: time.sleep, pause: turn, fetch: server.fetch },
    log: createLog({ clock: time.clock, write: () => {} }),
  });
  const running = agent.run();
  let accepted = 0;

  /** Shares of the bytes sent within so many flushes, by server. */
  async function load(flushes: number): Promise<readonly number[]> {
    const first = server.received.length;
    for (let round = 0; round < flushes; round++) {
      const body = JSON.stringify({ tab: `tab-${round % 9}`, type: "TotalsCounter", events: [[1], [2]] });
      const { status } = await agent.fetch(new Request("http://agent/post", { method: "POST", body }));
      assertEquals(status, 200);
      accepted += 2;
      for (let step = 0; step < 10; step++) {
        await until(() => server.busy === 0, { what: "the servers are idle" });
        await time.pass(10);
      }
    }
    const sent = server.received.slice(first);
    const bytes = sent.reduce((sum, { body }) => sum + body.length, 0);
    return urls.map((url) =>
      sent.filter((one) => one.url.startsWith(url)).reduce((sum, { body }) => sum + body.length, 0) / bytes
    );
  }

  const shown = (shares: readonly number[]) => urls.map((url, at) => `${url} ${(100 * shares[at]).toFixed(1)} %`);
  await load(10);
  const sick = await load(600);
  isSick = false;
  await load(400);
  const healed = await load(600);
  console.log(`one slow, one dead: ${shown(sick).join(", ")}; healed: ${shown(healed).join(", ")}`);
  assert(sick[0] > 0.95, String(sick));
  for (const share of healed) assert(share > 0.25 && share < 0.42, String(healed));

  let isStopped = false;
  const stopped = agent.stop(60_000).then(() => isStopped = true);
  await until(() => isStopped, { what: "it stops", step: () => server.busy === 0 ? time.pass(100) : turn() });
  await Promise.all([stopped, running]);
  assertEquals(Object.values(server.events()).reduce((sum, events) => sum + events, 0), accepted);
  assertEquals(agent.status().events.acked, accepted);
});
