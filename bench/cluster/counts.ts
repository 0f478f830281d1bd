// Holds what a server counted against what the application recorded, tab by tab.

import { request } from "../../tests/cluster/request.ts";
import { countsOf, tabNames } from "./plan.ts";

/** An answer about all tabs is megabytes, and all States are reduced for it. */
const ANSWER_MS = 60_000;
const PAUSE_MS = 250;

export interface Counted {
  readonly counted: number;
  /** Events that were recorded and are not counted, and those that are but were not recorded, over all tabs. */
  readonly missing: number;
  readonly extra: number;
}

/** Waits until the agent holds nothing any more: from then on any query shows all. */
export async function agentIsEmpty(url: string, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const { status, text } = await request(`${url}/status`);
    const { held, open } = status === 200 ? JSON.parse(text).events : { held: 1, open: 0 };
    if (held + open === 0) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

export async function compare(
  url: string,
  recorded: { readonly events: number; readonly probes: number },
): Promise<Counted> {
  const { status, text } = await request(`${url}/tabs`, { headers: { accept: "application/json" } }, ANSWER_MS);
  if (status !== 200) throw new Error(`${url}/tabs answered ${status}: ${text}`);
  const seen: Readonly<Record<string, { readonly "1d": { readonly count: number } }>> = JSON.parse(text);
  const countByTab = new Map([...countsOf(recorded.events)].map((count, tab) => [tabNames[tab], count]));
  for (let number = 0; number < recorded.probes; number++) countByTab.set(`probe_${number}`, 1);
  let [counted, missing, extra] = [0, 0, 0];
  for (const tab of new Set([...countByTab.keys(), ...Object.keys(seen)])) {
    const count = seen[tab]?.["1d"].count ?? 0;
    const more = count - (countByTab.get(tab) ?? 0);
    counted += count;
    missing += Math.max(0, -more);
    extra += Math.max(0, more);
  }
  return { counted, missing, extra };
}
