// examples/browser in a real browser: the page comes from one origin and posts to an agent at another.

import { assertEquals } from "@std/assert";
import { denoCommand, projectPath } from "../../tools/deno_command.ts";
import { openBrowser } from "./browser.ts";
import { startTaba } from "./taba_fixture.ts";

const TYPES = new Map([["html", "text/html"], ["js", "text/javascript"]]);

Deno.test("examples/browser: what is clicked is counted, also when the page goes at once", async () => {
  await using site = await Site.open();
  await using taba = await startTaba(["--cors-origin", site.url]);
  site.agent = taba.agent.url;
  await using browser = await openBrowser();

  const page = await browser.newPage();
  await page.goto(`${site.url}/index.html`);
  await page.click("#buy");
  await page.click("#buy");
  await page.click("#help");
  const clicked = await taba.tabs((found) => found["bought"]?.["1d"].count === 2);
  assertEquals(clicked["bought"]["1d"].total, 7);
  assertEquals(clicked["clicks;button=help"]["1d"].count, 1);

  // Long before the client's next flush of its own.
  await page.evaluate(`document.querySelector("#buy").click(); location.href = "about:blank"`);
  await page.waitForURL("about:blank");
  await page.close();
  await taba.tabs((found) => found["bought"]?.["1d"].count === 3 && found["clicks;button=buy"]?.["1d"].count === 3);
});

Deno.test("examples/browser: an agent that does not name the page's origin takes nothing of it", async () => {
  await using site = await Site.open();
  await using taba = await startTaba(["--cors-origin", "https://elsewhere.example"]);
  site.agent = taba.agent.url;
  await using browser = await openBrowser();

  const page = await browser.newPage();
  const refused = page.waitForEvent("requestfailed");
  await page.goto(`${site.url}/index.html`);
  assertEquals((await refused).url(), `${taba.agent.url}/post`);
  assertEquals((await (await fetch(`${taba.agent.url}/status`)).json()).posts.accepted, 0);
});

/** Serves the folder of the example, with the client bundled into it as page.js says. */
class Site implements AsyncDisposable {
  /** What the page is told. */
  agent = "";
  readonly #bundle: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(bundle: string) {
    this.#bundle = bundle;
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#serve(new URL(request.url).pathname));
  }

  static async open(): Promise<Site> {
    const command = denoCommand("bundle", ["--quiet", "--platform", "browser", projectPath("client/mod.ts")]);
    const { code, stdout, stderr } = await new Deno.Command(command.path, { args: command.args }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new Site(new TextDecoder().decode(stdout));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #serve(path: string): Promise<Response> {
    const text = await this.#read(path);
    if (text === undefined) return new Response("not found\n", { status: 404 });
    return new Response(text, { headers: { "content-type": TYPES.get(path.split(".").at(-1) ?? "") ?? "text/plain" } });
  }

  async #read(path: string): Promise<string | undefined> {
    if (path === "/taba.js") return this.#bundle;
    if (path !== "/index.html" && path !== "/page.js") return undefined;
    const text = await Deno.readTextFile(projectPath(`examples/browser${path}`));
    return text.replace("http://127.0.0.1:8279", this.agent);
  }
}
