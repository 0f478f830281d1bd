// What a server tells whoever watches it, again and again connected: moments of tabs, and troubles between them.

import { backoffMs } from "../core/backoff.ts";
import { type Api, ApiTrouble } from "./api.ts";
import { entriesAt, listAt, numberAt, textAt } from "./json.ts";
import type { Shell } from "./shell.ts";

export type Seen =
  | {
    readonly kind: "tabs";
    readonly asOf: number;
    /** In the order of their names. */
    readonly tabs: readonly (readonly [name: string, value: unknown])[];
    /** Why there may be more. */
    readonly lack: string | undefined;
    /** As the server sent it, on one line. */
    readonly json: string;
  }
  | { readonly kind: "trouble"; readonly message: string };

const BACKOFF = { firstMs: 500, maxMs: 5_000 };

/**
 * Ends when the signal aborts. A server that was seen once is waited for, with one trouble for each outage.
 * @throws {ApiTrouble} where the first connection fails, or waiting would be in vain
 */
export async function* follow(
  api: Api,
  options: {
    readonly search: URLSearchParams;
    readonly shell: Pick<Shell, "sleep" | "random">;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Seen> {
  const { search, shell, signal } = options;
  let hasSeen = false;
  for (let failures = 0;;) {
    let trouble: ApiTrouble;
    try {
      for await (const { event, data } of api.events("/watch", { search, signal })) {
        const seen = readEvent(event, data);
        if (seen === undefined) continue;
        if (seen.kind === "tabs") [failures, hasSeen] = [0, true];
        yield seen;
      }
      trouble = new ApiTrouble(`${api.address} ended the stream`, { retryAfterMs: 0 });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiTrouble) || !hasSeen || error.retryAfterMs === undefined) throw error;
      trouble = error;
    }
    if (signal.aborted) return;
    failures++;
    if (failures === 1) yield { kind: "trouble", message: `${trouble.message}; trying again` };
    await shell.sleep(Math.max(trouble.retryAfterMs ?? 0, BACKOFF.firstMs, backoffMs(failures, BACKOFF, shell.random)));
  }
}

function readEvent(event: string, data: string): Seen | undefined {
  const value = parse(data);
  if (event === "trouble") return { kind: "trouble", message: textAt(value, "error") ?? data };
  const asOf = numberAt(value, "asOf");
  if (event !== "tabs" || asOf === undefined) return undefined;
  const tabs = entriesAt(value, "tabs").toSorted(([a], [b]) => a < b ? -1 : 1);
  const missing = listAt(value, "missing");
  const lack = missing.length === 0 ? undefined : `what these shards hold can't be read: ${missing.join(", ")}`;
  return { kind: "tabs", asOf, tabs, lack, json: JSON.stringify(value) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no event of ours
  }
}
