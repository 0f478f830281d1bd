// A server of one test with the dashboard open in a browser, and what must never happen there.

import { assertEquals } from "@std/assert";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { taskProgram } from "../../tools/deno_command.ts";
import { type Service, startService } from "../../tools/program.ts";
import { until } from "../cluster/waiting.ts";

export function startServer(args: readonly string[] = []): Promise<Service> {
  return startService({ name: "server", ...taskProgram("serve"), args: ["--port", "0", "--own-tabs=false", ...args] });
}

/** Posts lines as a sender without anything of ours would. */
export async function post(url: string, lines: readonly unknown[], token?: string): Promise<void> {
  const body = lines.map((line) => JSON.stringify(line)).join("\n");
  const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/post`, { method: "POST", body, ...headers && { headers } });
  const { rejected } = await response.json();
  assertEquals(rejected, []);
}

const PHONES_PX = [280, 320, 360];

/** A window of a browser on the dashboard of one server. Closing it asserts that all went as it must. */
export class Dashboard implements AsyncDisposable {
  readonly page: Page;
  readonly #url: string;
  readonly #complaints: string[] = [];

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${url}/`)) this.#complaints.push(`a request to ${request.url()}`);
    });
  }

  static async open(
    browser: Browser,
    options: { readonly url: string; readonly hash?: string } & BrowserContextOptions,
  ): Promise<Dashboard> {
    const { url, hash = "", ...context } = options;
    const page = await browser.newPage(context);
    const dashboard = new Dashboard(page, url);
    await dashboard.go(hash);
    return dashboard;
  }

  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.#url}/${hash}`);
  }

  row(name: string): Locator {
    return this.page.locator(".space .row").filter({ has: this.page.locator(`a[title="${name}"]`) });
  }

  /** How many there are in the last minute, as the list has it. */
  async lastMinute(name: string): Promise<string | null> {
    return await this.row(name).locator(".number").first().textContent({ timeout: 1000 });
  }

  /** Waits until an element has this text. */
  async shows(selector: string, text: string | RegExp): Promise<void> {
    const found = this.page.locator(selector);
    await until(async () => {
      const texts = await found.allTextContents();
      return texts.some((content) => typeof text === "string" ? content.includes(text) : text.test(content));
    }, { what: `${selector} shows ${text}` });
  }

  /** Waits until nothing is wider than the window, on phones of all sizes. */
  async fitsPhones(): Promise<void> {
    for (const width of PHONES_PX) {
      await this.page.setViewportSize({ width, height: 740 });
      const isWider = "[document.documentElement, ...document.querySelectorAll('main')]" +
        ".some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)";
      await until(async () => !await this.page.evaluate(isWider), {
        what: `${await this.page.title()} fits ${width} px`,
      });
    }
  }

  /** What the browser says of answers that the test has asked for, or of a server that it has ended. */
  forgive(expected: RegExp): void {
    const others = this.#complaints.filter((complaint) => !expected.test(complaint));
    this.#complaints.splice(0, this.#complaints.length, ...others);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    assertEquals(this.#complaints, []);
  }
}
