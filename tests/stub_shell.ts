// A shell for the commands of taba-cli in process: requests go to a handler of the test's own, what is printed is kept,
// and sleeping takes no time.

import type { Shell } from "../cli/commands.ts";

export interface StubShell extends Shell {
  readonly requests: readonly Request[];
  readonly printed: () => string;
  readonly complaints: readonly string[];
  readonly sleptMs: readonly number[];
}

export interface StubShellOptions {
  /** Stands for the server; what it throws is a failed fetch. */
  readonly answer?: (request: Request) => Response | Promise<Response>;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input, piece by piece; a terminal where left out. */
  readonly input?: readonly string[];
}

export function stubShell({ answer, env = {}, input }: StubShellOptions = {}): StubShell {
  const requests: Request[] = [];
  const complaints: string[] = [];
  const sleptMs: number[] = [];
  const decoder = new TextDecoder();
  let printed = "";
  return {
    requests,
    complaints,
    sleptMs,
    printed: () => printed,
    fetch: async (url, init) => {
      const request = new Request(url instanceof Request ? url.url : url, init);
      requests.push(request.clone());
      return await (answer?.(request) ?? new Response("found\n"));
    },
    random: () => 0.5,
    // A limit on silence never passes by itself here; a pause between two tries is over at once.
    sleep: (ms, signal) => {
      if (signal !== undefined) return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      sleptMs.push(ms);
      return Promise.resolve();
    },
    env: (name) => env[name],
    input: input === undefined ? undefined : ReadableStream.from(input.map((piece) => new TextEncoder().encode(piece))),
    write: (bytes) => {
      printed += decoder.decode(bytes, { stream: true });
      return Promise.resolve();
    },
    complain: (line) => complaints.push(line),
  };
}
