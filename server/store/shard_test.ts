import { assertEquals, assertRejects } from "@std/assert";
import { type Call, type Link, Shard } from "./shard.ts";
import { StoreTrouble } from "./store.ts";

const range = { name: "shard1", buckets: [0, 9] } as const;
const script = { name: "do it", lua: "return 1" };

/** A link that answers each call with its arguments, and has so many replicas. */
function fakeLink(replicas: number): Link & { readonly runs: Call[]; readonly waits: number[]; isClosed: boolean } {
  const link = {
    trouble: undefined,
    losses: 0,
    runs: [] as Call[],
    waits: [] as number[],
    isClosed: false,
    run(call: Call): Promise<unknown> {
      link.runs.push(call);
      if (call.args[0] === "broken") return Promise.reject(new Error("connection lost"));
      return Promise.resolve(call.args);
    },
    async runAndWait(calls: readonly Call[], options: { readonly replicas: number }) {
      link.waits.push(options.replicas);
      return { outcomes: await Promise.allSettled(calls.map((call) => link.run(call))), confirmed: replicas };
    },
    follow: () => undefined,
    close(): Promise<void> {
      link.isClosed = true;
      return Promise.resolve();
    },
  };
  return link;
}

Deno.test("Shard: without replicas one connection does all", async () => {
  const links = [fakeLink(0), fakeLink(0)];
  let opened = 0;
  const shard = new Shard(range, { replicas: 0, open: () => links[opened++] });
  assertEquals(await shard.run(script, ["a"]), ["a"]);
  assertEquals(await shard.runReplicated(script, ["b"]), ["b"]);
  await shard.close();
  assertEquals([opened, links[0].waits, links[0].isClosed], [1, [], true]);
});

Deno.test("Shard: what waits for replicas has a connection of its own, and needs them all", async () => {
  const links = [fakeLink(1), fakeLink(1)];
  let opened = 0;
  const shard = new Shard(range, { replicas: 1, open: () => links[opened++] });
  assertEquals(await shard.run(script, ["a"]), ["a"]);
  assertEquals(await shard.runReplicated(script, ["b"]), ["b"]);
  assertEquals(links.map(({ runs }) => runs.map(({ args }) => args)), [[["a"]], [["b"]]]);
  await shard.close();
  assertEquals(links.map(({ isClosed }) => isClosed), [true, true]);

  const strict = new Shard(range, { replicas: 2, open: () => fakeLink(1) });
  const refusal = 'Cannot do it on shard "shard1": 2 replicas must confirm within 500 ms: current value is 1';
  await assertRejects(() => strict.runReplicated(script, []), StoreTrouble, refusal);
});

Deno.test("Shard: all that goes wrong is trouble, with its cause and what was tried", async () => {
  for (const replicas of [0, 1]) {
    const shard = new Shard(range, { replicas, open: () => fakeLink(1) });
    for (const run of [shard.run, shard.runReplicated]) {
      const error = await assertRejects(() => run.call(shard, script, ["broken"]), StoreTrouble);
      assertEquals(error.message, 'Cannot do it on shard "shard1": connection lost');
      assertEquals(error.cause instanceof Error, true);
    }
  }
});
