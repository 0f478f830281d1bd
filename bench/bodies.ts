// Bodies of posts for benchmarks, as clients and agents send them.

import { joinBytes } from "../core/bytes.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { type WireLine, writeBatch } from "../core/wire/ndjson.ts";

const registry = createRegistry();

/** The lines as one body. */
export function bytesOf(lines: Iterable<WireLine>): Uint8Array<ArrayBuffer> {
  return joinBytes([...writeBatch({ client: "web-1" }, lines)]);
}

/** CounterGroup events of the last ten seconds, `events` a line. */
export function rawLines(tabs: number, events: number): WireLine[] {
  const now = Date.now() / 1000;
  return Array.from({ length: tabs }, (_, tab) => ({
    tab: `tab-${tab}`,
    type: "CounterGroup",
    events: Array.from({ length: events }, () => {
      const time = Math.round((now - 10 * Math.random()) * 1000) / 1000;
      return [time, Math.round(1000 * Math.random()) / 100] as const;
    }),
  }));
}

/** As an agent sends them: what ten events of the last second of one client have grown into. */
export function stateLines(tabs: number, client: string): WireLine[] {
  const handler = registry.get("CounterGroup");
  if (handler === undefined) throw new Error("a CounterGroup is always there");
  const now = Date.now() / 1000;
  return Array.from({ length: tabs }, (_, tab) => {
    const state = handler.create(client);
    for (let event = 0; event < 10; event++) handler.fold(state, now - Math.random(), 100 * Math.random());
    const { type, version } = handler;
    return { tab: `tab-${tab}`, client, type, version, events: 10, encoded: handler.encode(state) };
  });
}
