// Upkeep of a cluster of real processes on Redis: what is deleted stays deleted whoever is killed, and orders reach all
// who drain. Last a shard goes: what is shown without it says so.

import { assertEquals } from "@std/assert";
import { bucketOf } from "../../core/buckets.ts";
import { startCluster } from "../../tools/local_cluster.ts";
import { request } from "./request.ts";
import { until } from "./waiting.ts";

const TABS = 100;
const BUCKETS = 16;

function linesOf(clients: readonly string[]): string {
  const tabs = Array.from({ length: TABS }, (_, index) => `tab-${index}`);
  return tabs.flatMap((tab) => clients.map((client) => ({ tab, type: "TotalsCounter", client, events: [[1], [2]] })))
    .map((line) => JSON.stringify(line)).join("\n");
}

async function ask(url: string, path: string, body?: string) {
  const init = body === undefined ? {} : { method: "POST", body };
  const { status, text } = await request(`${url}${path}`, { ...init, headers: { accept: "application/json" } }, 30_000);
  return { status, answer: JSON.parse(text) };
}

/** An order, again as long as servers that were killed are waited for. */
async function order(url: string, path: string) {
  let given = await ask(url, path, "");
  await until(async () => given.status === 200 || (given = await ask(url, path, "")).status === 200, { what: path });
  return given.answer;
}

Deno.test("cluster: what is deleted stays deleted, and what comes later counts, though who drains it is killed", async () => {
  const serverArgs = ["--lease-ms", "1000", "--commit-ms", "500", "--own-tabs=false"];
  await using cluster = await startCluster({ redis: { shards: 2 }, fe: 1, be: 2, buckets: BUCKETS, serverArgs });
  const { fe: [{ url }], be } = cluster;
  assertEquals((await ask(url, "/post", linesOf(["web-1", "web-2", "web-3"]))).status, 200);
  assertEquals((await order(url, "/flush")).servers, 2);
  const counts = async (path: string) => {
    const { answer } = await ask(url, path);
    return new Set(Object.values(answer).map((shown) => JSON.stringify(shown)));
  };
  const left = new Set([JSON.stringify({ count: 4, total: 6, average: 1.5 })]);
  const deleted = ask(url, "/delete?re=1&name=tab-.*&client=web-1", "");
  await be[0].kill();
  assertEquals((await deleted).answer, { tabs: TABS, states: TABS });
  assertEquals(await counts("/tabs"), left);
  await be[1].kill();
  assertEquals(await counts("/tabs"), left);
  assertEquals((await ask(url, "/post", linesOf(["web-1"]))).status, 200);
  const more = new Set([JSON.stringify({ count: 6, total: 9, average: 1.5 })]);
  assertEquals(await counts("/tabs"), more);
  await Promise.all(be.map((server) => server.start()));
  await order(url, "/flush");
  assertEquals(await counts("/tabs"), more);
  assertEquals(await counts("/tabs?client=web-1"), new Set([JSON.stringify({ count: 2, total: 3, average: 1.5 })]));
  assertEquals((await ask(url, "/delete?name=tab-1,tab-2", "")).answer, { tabs: 2, states: 6 });
  await order(url, "/flush");
  assertEquals((await ask(url, "/names")).answer.length, TABS - 2);

  const { problems, tabs, entries } = (await ask(url, "/check", "")).answer;
  assertEquals([problems, tabs, entries], [[], TABS - 2, 0]);
  assertEquals(await order(url, "/gc"), { states: 0, servers: 2 });
  assertEquals(await order(url, "/upgrade"), { states: 0, servers: 2 });
  assertEquals(await order(url, "/rebalance"), { servers: 2, buckets: 0 });
  const { events } = (await ask(url, "/status")).answer.store;
  assertEquals(events, { enqueued: 8 * TABS, committed: 8 * TABS, queued: 0 });

  // Nothing takes the place of this master.
  const [lost, kept] = cluster.redis.shards;
  await (await cluster.redis.master(lost)).kill();
  for (const accept of ["text/plain", "application/json"]) {
    assertEquals((await request(`${url}/tabs`, { headers: { accept } })).status, 503, accept);
  }
  const detailed = await request(`${url}/tabs`, { headers: { accept: "application/json-detailed" } });
  const { rows, complete, missing } = JSON.parse(detailed.text);
  const names = (await ask(url, `/tabs?name=${tabsOf(kept)}`)).answer;
  assertEquals([complete, missing, Object.keys(rows).sort()], [false, [lost], Object.keys(names).sort()]);

  /** The tabs that are left on a shard, of two with half of the buckets each. */
  function tabsOf(shard: string): readonly string[] {
    const isFirst = shard === cluster.redis.shards[0];
    const all = Array.from({ length: TABS }, (_, index) => `tab-${index}`).filter((tab) => !/^tab-[12]$/.test(tab));
    return all.filter((tab) => (bucketOf(tab, BUCKETS) < BUCKETS / 2) === isFirst);
  }
});
