// While no server drains: a query on any server sees a batch as soon as it was accepted, and when the queues are full
// posts are refused, while queries and health checks still answer.

import { assert, assertEquals } from "@std/assert";
import { readTabs } from "./ledger.ts";
import { post, request } from "./request.ts";
import { startTrial } from "./trial.ts";
import { until } from "./waiting.ts";

/** Next to each other, so that either no post is refused or all are. */
const LIMITS = ["--queue-bytes-soft", "599999", "--queue-bytes-hard", "600000"];

/** Done long before the queues are full. */
const POSTS = 6;
const ONE = new Map([["seen", { events: 1, total: 1 }]]);

Deno.test("cluster: sees what is accepted at once while no server drains, and refuses what is too much", async () => {
  await using trial = await startTrial({ redis: { shards: 2 }, fe: 2, be: 1, moreArgs: LIMITS });
  const { fe, be: [drain] } = trial.cluster;
  const { direct, reader } = trial;
  await drain.kill();

  for (let number = 1; number <= POSTS; number++) {
    const { url } = fe[number % fe.length];
    const body = `{"sender":"one","seq":${number},"low":${number}}\n{"tab":"seen","events":[[1]]}`;
    direct.ledger.offer(ONE);
    await until(async () => (await post(url, body)).status === 200, { what: "it is accepted" });
    direct.ledger.accept(ONE);
    const other = fe[(number + 1) % fe.length];
    assertEquals((await readTabs(other.url)).get("seen"), { events: number, total: number });
  }

  for (const { url, name } of fe) {
    // It would be refused for itself, once it were read.
    const refusal = () => post(url, "this is no NDJSON");
    await until(async () => (await refusal()).status === 429, { what: `${name} refuses all posts` });
    assert(Number((await refusal()).retryAfter) > 0, "it says when to post again");
    assertEquals(await request(`${url}/healthz`), { status: 200, text: "ok\n", retryAfter: null });
    assertEquals((await readTabs(url)).get("seen")?.events, POSTS);
  }
  const reads = reader.counts.read;
  await until(() => reader.counts.read > reads + 5, { what: "queries are answered" });

  await drain.start();
  const begun = performance.now();
  await until(() => direct.hasAcceptedSince(begun), { what: "all senders are accepted again" });
  await trial.settle();
});
