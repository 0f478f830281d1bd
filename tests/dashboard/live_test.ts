// The dashboard in a real browser: what is recorded shows, and a lost connection is told and comes back.

import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { TabaClient } from "../../client/mod.ts";
import { bucketOf } from "../../core/buckets.ts";
import { taskProgram } from "../../tools/deno_command.ts";
import { startCluster } from "../../tools/local_cluster.ts";
import { startService } from "../../tools/program.ts";
import { until } from "../cluster/waiting.ts";
import { openBrowser } from "../examples/browser.ts";
import { Dashboard, post, startServer } from "./dashboard_fixture.ts";

/** Without an answer for so long the dashboard says so. */
const SILENCE_MS = 10_000;

Deno.test("dashboard: what a client records shows within seconds, in the list and on the tab's page", async () => {
  await using server = await startServer();
  const agentArgs = ["--port", "0", "--server", server.url];
  await using agent = await startService({ name: "agent", ...taskProgram("agent"), args: agentArgs });
  await using client = new TabaClient({ client: "web-17", agent: agent.url });
  await using browser = await openBrowser();

  await using list = await Dashboard.open(browser, { url: server.url });
  client.counter("bids_won");
  await until(async () => await list.lastMinute("bids_won") === "1", { what: "a new tab is in the list" });
  await list.shows("#connection-text", "Live");

  await using tab = await Dashboard.open(browser, { url: server.url, hash: "#/tab/bids_won" });
  await tab.shows(".card .large", /^1$/);
  const begun = performance.now();
  client.counter("bids_won");
  const [inList, onPage] = await Promise.all([
    until(async () => await list.lastMinute("bids_won") === "2", { what: "the list shows the second event" }),
    tab.shows(".card .large", /^2$/).then(() => performance.now() - begun),
  ]);
  console.log(
    `recorded, then shown in the list after ${Math.round(inList)} ms, on its page after ${Math.round(onPage)} ms`,
  );
  await tab.shows("section table", "web-17");
});

Deno.test("dashboard: says that the connection is lost, and is live again by itself", async () => {
  const token = "s3cret";
  await using first = await startServer(["--token", token]);
  await post(first.url, [{ tab: "bids_won", events: [[1]] }], token);
  await using browser = await openBrowser();
  await using list = await Dashboard.open(browser, { url: first.url });
  await until(async () => await list.lastMinute("bids_won") === "1", { what: "the list shows the event" });
  await first.program.kill();
  await list.shows("#trouble", /Trying again/);
  await list.shows("#connection-text", "Not live");
  assertEquals(await list.lastMinute("bids_won"), "1");

  await using second = await startServer(["--port", new URL(first.url).port]);
  await list.shows("#connection-text", "Live");
  assertEquals(await list.page.locator("#trouble").isVisible(), false);
  await post(second.url, [{ tab: "bids_lost", events: [[1], [1]] }]);
  await until(async () => await list.lastMinute("bids_lost") === "2", { what: "the list shows the next server's tab" });
  await list.page.close();
  list.forgive(/Failed to load resource|net::ERR/);
});

Deno.test("dashboard: a page that is opened while the server is gone says so, and is there once it is back", async () => {
  await using first = await startServer();
  await post(first.url, [{ tab: "bids_won", events: [[1]] }]);
  await using browser = await openBrowser();
  await using dashboard = await Dashboard.open(browser, { url: first.url });
  const { page } = dashboard;
  await dashboard.row("bids_won").waitFor();
  await first.program.kill();
  await dashboard.shows("#connection-text", "Not live");
  await page.locator("#tabs").press("Enter");
  await until(() => new URL(page.url()).hash === "#/tab/bids_won", { what: "the tab is opened" });
  await dashboard.shows("#trouble", /Trying again/);
  await dashboard.shows("#connection-text", "Not live");

  await using second = await startServer(["--port", new URL(first.url).port]);
  await post(second.url, [{ tab: "bids_won", events: [[1], [1]] }]);
  await dashboard.shows("h1", "bids_won");
  await dashboard.shows(".card .large", /^2$/);
  await dashboard.shows("#connection-text", "Live");
  await page.close();
  dashboard.forgive(/Failed to load resource|net::ERR/);
});

Deno.test("dashboard: a frozen server is not taken for live by leaving a page", async () => {
  await using server = await startServer();
  await post(server.url, [{ tab: "bids_won", events: [[1]] }]);
  await using browser = await openBrowser();
  await using dashboard = await Dashboard.open(browser, { url: server.url });
  const { page } = dashboard;
  await page.clock.install();
  await until(async () => await dashboard.lastMinute("bids_won") === "1", { what: "the list shows the event" });
  server.program.signal("SIGSTOP");
  await page.clock.fastForward(SILENCE_MS);
  await dashboard.shows("#trouble", "No live figures");
  const states = await statesSeen(page);
  await page.keyboard.press("c");
  await dashboard.shows("#connection-text", "Connecting");
  await page.clock.fastForward(SILENCE_MS);
  await dashboard.shows("#connection-text", "Not live");
  assertEquals(await states(), ["lost", "waiting", "lost"]);
  server.program.signal("SIGCONT");
  await dashboard.shows(".tile", /Tabs1/);
  await dashboard.shows("#connection-text", "Live");
});

Deno.test("dashboard: opened while a shard is away it shows what the other holds, and all once it is back", async () => {
  const buckets = 16;
  const redis = { shards: 2, appendOnly: true };
  await using cluster = await startCluster({ redis, fe: 0, be: 1, buckets, serverArgs: ["--own-tabs=false"] });
  const [{ url }] = cluster.be;
  const names = ["asks", "bids", "costs", "draws", "errors"];
  await post(url, names.map((tab) => ({ tab, events: [[1]] })));
  const kept = names.filter((name) => bucketOf(name, buckets) >= buckets / 2);
  assert(kept.length > 0 && kept.length < names.length);
  const [lost] = cluster.redis.shards;
  const master = await cluster.redis.master(lost);
  await master.kill();

  await using browser = await openBrowser();
  await using list = await Dashboard.open(browser, { url });
  await list.shows("#trouble", "What these shards hold can't be read: shard1");
  const shown = () => list.page.locator(".space .row a").allTextContents();
  await until(async () => (await shown()).length === kept.length, { what: "what can be read is listed" });
  assertEquals(await shown(), kept);
  await until(async () => await list.lastMinute(kept[0]) === "1", { what: "its figures are shown" });
  await list.shows("#connection-text", "Not live");
  await master.start();
  await until(async () => (await shown()).length === names.length, { what: "all is listed" });
  await list.shows("#connection-text", "Live");
  await list.page.close();
  list.forgive(/503/);
});

Deno.test("dashboard: a search that meets trouble says so, and is made again", async () => {
  await using server = await startServer();
  await post(server.url, ["bids_lost", "bids_won", "costs"].map((tab) => ({ tab, events: [[1]] })));
  await using browser = await openBrowser();
  await using list = await Dashboard.open(browser, { url: server.url });
  const { page } = list;
  await list.row("costs").waitFor();
  let isDown = true;
  await page.route("**/names?*", (route) => {
    const json = { error: "cannot answer", code: "store_unavailable" };
    return isDown ? route.fulfill({ status: 503, json }) : route.continue();
  });
  await page.check("#is-pattern");
  await page.fill("#search", "^bids");
  await list.shows("#trouble", /Trying again/);
  const states = await statesSeen(page);
  isDown = false;
  await list.shows("#found", /^2 of /);
  await list.shows("#connection-text", "Live");
  assertEquals(await states(), ["lost", "live"]);
  await page.unrouteAll({ behavior: "wait" });
  list.forgive(/503/);
});

Deno.test("dashboard: the keys stay on the tab that they are on while others come, and what is in sight stands still", async () => {
  await using server = await startServer();
  const lines = (names: readonly string[]) => names.map((tab) => ({ tab, events: [[1]] }));
  await post(server.url, lines(Array.from({ length: 200 }, (_, index) => `tab_${String(index).padStart(3, "0")}`)));
  await using browser = await openBrowser();
  await using list = await Dashboard.open(browser, { url: server.url });
  const { page } = list;
  await list.row("tab_000").waitFor();
  const active = page.locator(".row.active a");
  const scrolled = () => page.evaluate("document.getElementById('tabs').scrollTop");

  await page.locator("#tabs").press("ArrowDown");
  await page.locator("#tabs").press("ArrowDown");
  assertEquals(await active.getAttribute("title"), "tab_002");
  await post(server.url, lines(["aaa_first"]));
  await list.row("aaa_first").waitFor();
  assertEquals([await active.getAttribute("title"), await scrolled()], ["tab_002", 0]);

  await page.locator("#tabs").press("End");
  assertEquals(await active.getAttribute("title"), "tab_199");
  await list.row("tab_199").waitFor();
  const before = [await scrolled(), (await list.row("tab_199").boundingBox())?.y];
  await post(server.url, lines(["aaa_second", "aaa_third"]));
  await list.shows("#found", "203 tabs");
  const rowHeight = 44;
  assertEquals([await scrolled(), (await list.row("tab_199").boundingBox())?.y], [
    Number(before[0]) + 2 * rowHeight,
    before[1],
  ]);
  await page.locator("#tabs").press("Enter");
  await list.shows("h1", "tab_199");
  await page.keyboard.press("Escape");
  await list.row("tab_199").waitFor();
  assertEquals(await active.getAttribute("title"), "tab_199");
});

Deno.test("dashboard: the trouble of a store is told once, and what is known in spite of it is shown", async () => {
  await using server = await startServer();
  await using browser = await openBrowser();
  await using dashboard = await Dashboard.open(browser, { url: server.url });
  const { page } = dashboard;
  await dashboard.shows("#connection-text", "Live");
  let answers = 0;
  await page.route("**/status", async (route) => {
    answers++;
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...await response.json(), store: { error: "Cannot read on shard1" } } });
  });
  await page.keyboard.press("c");
  await dashboard.shows("#trouble", "The store can't be read: Cannot read on shard1");
  await dashboard.shows(".figure-list", /version\d/);
  const [states, before] = [await statesSeen(page), answers];
  await until(() => answers > before + 1, { what: "the status was shown again" });
  assertEquals(await states(), ["lost"]);
  await page.unrouteAll({ behavior: "wait" });
  await dashboard.shows("#connection-text", "Live");
});

/** The states of the connection that are shown from now on, each with that before it. */
async function statesSeen(page: Page): Promise<() => Promise<unknown>> {
  const seen = await page.evaluateHandle(`{
    const pill = document.getElementById("connection");
    const seen = [pill.dataset.state];
    new MutationObserver(() => seen.push(pill.dataset.state)).observe(pill, { attributeFilter: ["data-state"] });
    seen;
  }`);
  return () => seen.jsonValue();
}
