// A server and an agent of one test, as real processes, and what the server answers once all has arrived.

import { taskProgram } from "../../tools/deno_command.ts";
import { type Service, startService } from "../../tools/program.ts";

const ARRIVED_MS = 20_000;

export interface Taba extends AsyncDisposable {
  readonly agent: Service;
  /** What each tab shows, once `holds` is true of it. */
  tabs(holds: (tabs: Tabs) => boolean): Promise<Tabs>;
}

/** What `/tabs` answers of tabs that have windows, by tab and window. */
export type Tabs = Readonly<
  Record<string, Readonly<Record<string, { readonly count: number; readonly total: number }>>>
>;

export async function startTaba(agentArgs: readonly string[] = []): Promise<Taba> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startService({ name: "server", ...taskProgram("serve"), args: ["--port", "0"] }));
  const args = ["--port", "0", "--server", server.url, "--flush-ms", "100", ...agentArgs];
  const agent = starting.use(await startService({ name: "agent", ...taskProgram("agent"), args }));
  const running = starting.move();
  return {
    agent,
    tabs: (holds) => readTabs(server.url, holds),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function readTabs(url: string, holds: (tabs: Tabs) => boolean): Promise<Tabs> {
  const deadline = Date.now() + ARRIVED_MS;
  for (;;) {
    const response = await fetch(`${url}/tabs`, { headers: { accept: "application/json" } });
    const tabs: Tabs = await response.json();
    if (holds(tabs)) return tabs;
    if (Date.now() > deadline) throw new Error(`Not all has arrived: the server answers ${JSON.stringify(tabs)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
