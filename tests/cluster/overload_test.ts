// While no server drains: a query on any server sees a batch as soon as it was accepted, and when the queues are full
// posts are refused, while queries and health checks still answer.

import { assert, assertEquals } from "@std/assert";
import { readTabs } from "./ledger.ts";
import { post, request } from "./request.ts";
import { startTrial } from "./trial.ts";
import { until } from "./waiting.ts";

const QUEUE_BYTES_HARD = 300_000;
const SERVER_ARGS = ["--commit-ms", "250", "--lease-ms", "1000", "--queue-bytes-soft", "200000"];

Deno.test("cluster: sees what is accepted at once while no server drains, and refuses what is too much", async () => {
  await using trial = await startTrial({
    ...{ redis: { shards: 2 }, fe: 2, be: 1 },
    serverArgs: [...SERVER_ARGS, "--queue-bytes-hard", String(QUEUE_BYTES_HARD)],
  });
  const { fe, be: [drain] } = trial.cluster;
  const { direct, reader } = trial;
  await drain.kill();

  const one = new Map([["seen", { events: 1, total: 1 }]]);
  for (let number = 1; number <= 10; number++) {
    direct.ledger.offer(one);
    const { url } = fe[number % fe.length];
    await until(async () => (await post(url, '{"tab":"seen","events":[[1]]}')).status === 200, {
      what: "it is accepted",
    });
    direct.ledger.accept(one);
    for (const server of fe) assertEquals((await readTabs(server.url)).get("seen")?.events, number);
  }

  const refusals = () => direct.answers.get(429) ?? 0;
  await until(() => refusals() > 50, { what: "posts are refused" });
  const reads = reader.counts.read;
  for (const { url } of fe) {
    const refused = await post(url, '{"tab":"seen","events":[[1]]}');
    assertEquals(refused.status, 429, refused.text);
    assert(Number(refused.retryAfter) > 0, "it says when to post again");
    assertEquals(await request(`${url}/healthz`), { status: 200, text: "ok\n", retryAfter: null });
    assertEquals((await readTabs(url)).get("seen")?.events, 10);
  }
  await until(() => reader.counts.read > reads + 5, { what: "queries are answered" });

  await drain.start();
  const begun = performance.now();
  await until(() => direct.hasAcceptedSince(begun), { what: "all senders are accepted again" });
  await trial.settle();
});
