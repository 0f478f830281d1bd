// The dashboard with 30,000 tabs in headless Chromium, from a server process over the embedded store: until the first
// paint and the first figures, memory, and the frames while the list scrolls, live all the while. The frames of the
// page at rest beside them are what the machine itself does to any page.

import type { CDPSession, Page } from "playwright-core";
import { TabaClient } from "../client/mod.ts";
import { startService } from "../tools/program.ts";
import { openBrowser } from "../tests/examples/browser.ts";
import { bytesOf, stateLines } from "./bodies.ts";
import { report, title } from "./harness.ts";

const TABS = 30_000;
const CLIENTS = 4;
const ROUNDS = 5;
const FRAMES_MS = 4000;
const RECORDINGS = 12;

title(`Dashboard: ${TABS.toLocaleString("en")} tabs of ${CLIENTS} clients`);
await using server = await startService({ name: "server", module: "server/main.ts", args: ["--port", "0"] });
for (let client = 0; client < CLIENTS; client++) {
  const response = await fetch(`${server.url}/post`, {
    method: "POST",
    body: bytesOf(stateLines(TABS, `web-${client}`)),
  });
  if (!response.ok) throw new Error(`a post failed: ${await response.text()}`);
  await response.body?.cancel();
}
await using browser = await openBrowser();

const painted: number[] = [];
const figured: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  await using context = await browser.newContext();
  const page = await context.newPage();
  const begun = performance.now();
  await page.goto(server.url);
  await page.locator(".space .row .number", { hasText: /\d/ }).first().waitFor();
  figured.push(performance.now() - begun);
  painted.push(Number(await page.evaluate(`performance.getEntriesByName("first-contentful-paint")[0].startTime`)));
}
report("first paint", milliseconds(painted));
report("first rows with figures, all names loaded", milliseconds(figured));

await using context = await browser.newContext();
const page = await context.newPage();
const session = await context.newCDPSession(page);
await page.goto(server.url);
await page.locator(".space .row .number", { hasText: /\d/ }).first().waitFor();
report("JS heap, list open", await heap(session));
report("page at rest", await frames(page, async () => await page.waitForTimeout(FRAMES_MS)));
await page.mouse.move(400, 400);
report("scrolled by wheel, 600 pixels each 16 ms", await frames(page, () => turn(page, 600)));
report("scrolled by wheel, 6,000 pixels each 16 ms", await frames(page, () => turn(page, 6000)));
await page.focus("#tabs");
report(
  "Page down and End, Home, again and again",
  await frames(page, async () => {
    const end = performance.now() + FRAMES_MS;
    while (performance.now() < end) {
      for (const key of ["PageDown", "PageDown", "End", "PageUp", "Home"]) await page.keyboard.press(key);
    }
  }),
);
report(
  "typing a search letter by letter",
  await frames(page, async () => {
    for (let round = 0; round < 3; round++) {
      await page.fill("#search", "");
      await page.locator("#search").pressSequentially("tab-29", { delay: 150 });
    }
  }),
);
report("JS heap after that", await heap(session));
report("rows that exist", String(await page.locator(".space .row").count()));

title("Dashboard: from recording in a client, over an agent, until the list shows it, at their default periods");
{
  await using agent = await startService({
    ...{ name: "agent", module: "agent/main.ts", args: ["--port", "0", "--server", server.url] },
  });
  await using client = new TabaClient({ client: "web-17", agent: agent.url });
  await page.fill("#search", "bids_won");
  const delays: number[] = [];
  for (let round = 0; round <= RECORDINGS; round++) {
    await page.waitForTimeout(1000 * Math.random()); // the periods of all three must not run in step
    const begun = performance.now();
    client.counter("bids_won");
    const figure = page.locator(".space .row .number").first();
    while (await figure.count() === 0 || await figure.textContent() !== String(round + 1)) await page.waitForTimeout(5);
    if (round > 0) delays.push(performance.now() - begun); // the first waits for the tab itself
  }
  report(`recorded ${RECORDINGS} times`, milliseconds(delays));
}

async function turn(page: Page, pixels: number): Promise<void> {
  const end = performance.now() + FRAMES_MS;
  for (let down = true; performance.now() < end; down = !down) {
    for (let step = 0; step < 60 && performance.now() < end; step++) {
      await page.mouse.wheel(0, down ? pixels : -pixels);
      await page.waitForTimeout(16);
    }
  }
}

/** How long the frames took while `work` ran, and the processor time of the longest task of the page's own thread. */
async function frames(page: Page, work: () => Promise<void>): Promise<string> {
  await page.evaluate(`{
    const gaps = window.gaps = [];
    let last = performance.now();
    const tick = (now) => {
      gaps.push(now - last);
      last = now;
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
  }`);
  await browser.startTracing(page, { categories: ["toplevel"] });
  await work();
  const trace = JSON.parse(new TextDecoder().decode(await browser.stopTracing()));
  const gaps = await page.evaluate<number[]>(`(() => {
    cancelAnimationFrame(ticking);
    return gaps.slice(1);
  })()`);
  gaps.sort((a, b) => a - b);
  const at = (part: number) => `${gaps[Math.floor(part * (gaps.length - 1))].toFixed(0)} ms`;
  const busy = (longestTask(trace.traceEvents) / 1000).toFixed(0);
  return `longest frame ${at(1)}, 99 % ${at(0.99)}, median ${at(0.5)}; longest task took ${busy} ms of processor time`;
}

/** What Chromium notes: `ph` M names threads, X is a piece of work; `tdur` is processor time in microseconds. */
interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

function longestTask(events: readonly TraceEvent[]): number {
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const pages = new Set(
    events.filter(({ ph, args }) => ph === "M" && args.name === "CrRendererMain").map(threadOf),
  );
  const tasks = events.filter((event) => event.ph === "X" && pages.has(threadOf(event)));
  return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0);
}

/** After a collection. */
async function heap(session: CDPSession): Promise<string> {
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  const used = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? 0;
  return `${(used / 1024 / 1024).toFixed(1)} MiB`;
}

function milliseconds(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const [median, min, max] = [sorted[sorted.length >> 1], sorted[0], sorted[sorted.length - 1]];
  return `${median.toFixed(0)} ms (min ${min.toFixed(0)}, max ${max.toFixed(0)})`;
}
