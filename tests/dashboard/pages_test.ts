// The dashboard's pages in a real browser: search, keys, the page of each kind of tab, the cluster, dark, and narrow.

import { assert, assertEquals } from "@std/assert";
import { until } from "../cluster/waiting.ts";
import { openBrowser } from "../examples/browser.ts";
import { Dashboard, post, startServer } from "./dashboard_fixture.ts";

const TAGGED = "requests;route=/bid;status=200";
const LONG = `long.${"a_name_without_a_break".repeat(11)}.end`;
const MARKUP = "<img src=x onerror=alert(1)>";

function lines() {
  const now = Date.now() / 1000;
  const expires = now + 3600;
  return [
    ...["bids_won", "bids_lost", TAGGED, LONG].map((tab) => ({ client: "web-1", tab, events: [[3.25], [1.5]] })),
    ...Array.from({ length: 200 }, (_, index) => ({ client: "web-1", tab: `tab_${index}`, events: [[index]] })),
    { client: "web-1", tab: "paced", events: [[now - 400, 1], [now - 200, 1], [now - 200, 1]] },
    { client: "web-1", tab: "latency", type: "PercentileGroup", events: [[0.25], [0.5], [0.75]] },
    { client: "web-1", tab: "all_time", type: "TotalsCounter", events: [[0.25], [0.5]] },
    { client: "web-1", tab: "build", type: "Gauge", events: [["2.4.1"]] },
    { client: "web-2", tab: "build", type: "Gauge", events: [["2.4.1"]] },
    { client: "web-1", tab: "notes", type: "Buffer", events: [[[{ text: MARKUP }, expires]]] },
  ];
}

Deno.test("dashboard: is searched by words, tags and regular expressions, and moved through by keys", async () => {
  await using server = await startServer();
  await post(server.url, lines());
  await using browser = await openBrowser();
  await using list = await Dashboard.open(browser, { url: server.url });
  const { page } = list;
  const { keyboard } = page;
  await list.row("all_time").waitFor();

  const curve = list.row("paced").locator(".sparkline .line");
  const heights = async () =>
    new Set([...(await curve.getAttribute("d") ?? "").matchAll(/V([\d.]+)/g)].map(([, y]) => y));
  await until(async () => (await heights()).size > 0, { what: "a curve is drawn" });
  assertEquals(await heights(), new Set(["27.0", "14.5", "2.0"]), "none, one and two events in ten seconds");

  await keyboard.press("/");
  await keyboard.type("BIDS");
  await list.shows("#found", /^2 of /);
  await page.fill("#search", "status=200 bid");
  await list.shows("#found", /^1 of /);
  await list.row(TAGGED).waitFor();
  await page.check("#is-pattern");
  await page.fill("#search", "^bids_(won|drawn)$");
  await list.row("bids_won").waitFor();
  assertEquals(await page.locator(".space .row").count(), 1);
  assertEquals(new URL(page.url()).hash, "#/?q=%5Ebids_%28won%7Cdrawn%29%24&re=1");
  await page.fill("#search", "(a+)+$");
  await list.shows(".empty", "Nothing found");
  await page.fill("#search", "(");
  await list.shows("#problem", /cannot match/);
  assertEquals(await page.locator(".empty").isVisible(), false);
  list.forgive(/400 \(Bad Request\)/);
  await page.uncheck("#is-pattern");
  await page.fill("#search", "nothing like it");
  await list.shows(".empty", "Nothing found");
  await keyboard.press("Escape");
  await list.row("all_time").waitFor();

  await page.fill("#search", "bids_");
  await list.shows("#found", /^2 of /);
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowDown");
  await until(async () => (await page.locator(".row.active").textContent())?.includes("bids_won") ?? false, {
    what: "the second row is the active one",
  });
  assertEquals(await page.locator("#tabs").getAttribute("aria-activedescendant"), "tab-1");
  await keyboard.press("Enter");
  await list.shows("h1", "bids_won");
  await keyboard.press("Escape");
  await list.shows("#found", /^2 of /);
  assertEquals(await page.inputValue("#search"), "bids_");

  await page.getByText("Busiest", { exact: true }).click();
  await page.fill("#search", "");
  await until(async () => await page.locator(".row a[title]").first().getAttribute("title") === "latency", {
    what: "the tab with the most events is the first",
  });
  await page.getByText("By name").click();
  await list.row("all_time").waitFor();
  await keyboard.press("c");
  await list.shows("h1", "Cluster");
  await keyboard.press("t");
  await page.fill("#search", "tab_");
  await list.shows("#found", /^200 of /);
  await keyboard.press("ArrowDown");
  await keyboard.press("End");
  await list.row("tab_99").waitFor();
  assert(await page.locator(".space .row").count() < 60, "only the rows in sight exist");
});

Deno.test("dashboard: has a page for each kind of tab and one for the cluster, dark and on a phone as well", async () => {
  await using server = await startServer();
  await post(server.url, lines());
  await using browser = await openBrowser();
  const phone = { viewport: { width: 360, height: 740 }, colorScheme: "dark" } as const;
  await using pages = await Dashboard.open(browser, { url: server.url, ...phone });
  const { page } = pages;
  await until(async () => await pages.lastMinute("bids_won") === "2", { what: "the list shows figures" });
  await pages.fitsPhones();
  const ground = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  assertEquals(await ground(), "rgb(16, 20, 22)");
  await page.click("#theme");
  assertEquals(await ground(), "rgb(246, 247, 248)");
  await page.reload();
  assertEquals(await ground(), "rgb(246, 247, 248)");

  for (
    const [name, selector, text] of [
      ["bids_won", ".card .large", /^2$/],
      [TAGGED, ".tags", "route=/bid"],
      [LONG, "h1", "end"],
      ["latency", ".charts figcaption", "By percentile"],
      ["all_time", ".card", "0.75"],
      ["build", ".figures table", /2\.4\.1.*2/],
      ["notes", ".figures table", MARKUP],
    ] as const
  ) {
    await pages.go(`#/tab/${encodeURIComponent(name)}`);
    await pages.shows(selector, text);
    await pages.shows("section table", "web-1");
    await pages.fitsPhones();
  }
  await pages.go("#/tab/latency");
  await pages.shows("h1", "latency");
  await page.locator(".uplot canvas").nth(5).waitFor();
  await page.locator(".choices", { hasText: "Average" }).getByText("Average value").click();
  await until(
    async () => (await page.locator(".plot").first().getAttribute("aria-label"))?.includes("Average value") ?? false,
    { what: "the charts show averages" },
  );
  await pages.go("#/tab/nobody_records_this");
  await pages.shows("main", "Nothing has been recorded");

  await pages.go("#/cluster");
  await pages.shows("section table", server.url);
  await pages.shows(".tile", /Clients2/);
  await pages.shows('[aria-label="Shards"] tbody tr', /^memory6400 Bnone$/); // once all is drained
  await pages.shows('[aria-label="Delays"] .note', "Commit");
  await pages.shows('[aria-label="Delays"] td', /^[1-9][\d.]* m?s$/);
  await pages.fitsPhones();
});
