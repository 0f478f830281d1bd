// What a program measures of itself, as tabs that it records through a client into its own intake. A main.ts puts both
// together, so that nothing else knows of a client. docs/own_tabs.md says what each tab means.
//
// Recording them must not go on by itself for ever: what a post of own tabs causes is not measured. So a program is
// awake, and measures, from when others give it something to do until the client posts what was measured.

import { nameProblem } from "../core/names.ts";

/** All of them, with their types. Times are in seconds. */
export const ownTabs = {
  taba_server_events: "CounterGroup",
  taba_server_post_lines: "PercentileGroup",
  taba_server_posts_refused: "CounterGroup",
  taba_server_lines_refused: "CounterGroup",
  taba_server_enqueue_s: "PercentileGroup",
  taba_server_commit_s: "PercentileGroup",
  taba_server_store_s: "PercentileGroup",
  taba_agent_events: "CounterGroup",
  taba_agent_fold_s: "PercentileGroup",
  taba_agent_posts_refused: "CounterGroup",
  taba_agent_lines_refused: "CounterGroup",
  taba_agent_seal_s: "PercentileGroup",
  taba_agent_batch_lines: "PercentileGroup",
  taba_agent_batch_bytes: "PercentileGroup",
  taba_agent_post_s: "PercentileGroup",
} as const;

export type OwnTab = keyof typeof ownTabs;

/** Records a value into an own tab; costs nothing worth knowing, and never fails. */
export type Measure = (tab: OwnTab, value: number, tags?: Readonly<Record<string, string>>) => void;

/** For programs that don't record any. */
export const measureNothing: Measure = () => {};

/** The part of a client that records. */
export interface OwnRecorder {
  record(name: string, value: number, options: {
    readonly type: string;
    readonly tags: Readonly<Record<string, string>> | undefined;
  }): void;
}

/**
 * How the client of a program is to be set up, beside its name and where it posts to. It gathers for long enough that
 * the commit of what woke the program is in the post which ends that.
 */
export const ownClientOptions = {
  flushPeriodMs: 5000,
  gatherMs: 5000,
  tabsMax: 200,
  bytesMax: 4 * 1024 * 1024,
} as const;

const PREFIX = "taba_";

export function isOwnTab(tab: string): boolean {
  return tab.startsWith(PREFIX);
}

/** The id of a program's client, the same when it is started again: `taba-server@web-1:8300`. */
export function ownClient(program: string, { host, port }: { readonly host: string; readonly port: number }): string {
  const id = `${program}@${host}:${port}`;
  return nameProblem(id) === undefined ? id : `${program}@:${port}`;
}

export class OwnTabs {
  readonly #answer: (request: Request) => Response | Promise<Response>;
  #recorder: OwnRecorder | undefined;
  #isAwake = false;

  /** `answer` is how the program answers its own client. */
  constructor(answer: (request: Request) => Response | Promise<Response>) {
    this.#answer = answer;
  }

  /** From here on what is measured is recorded. */
  recordWith(recorder: OwnRecorder): void {
    this.#recorder = recorder;
  }

  /** Others have given the program something to do. */
  wake(): void {
    this.#isAwake = true;
  }

  readonly measure: Measure = (tab, value, tags) => {
    if (this.#isAwake) this.#recorder?.record(tab, value, { type: ownTabs[tab], tags });
  };

  /** The client's `fetch`: its posts stay in the process. */
  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.#isAwake = false;
    return await this.#answer(new Request(url, init));
  };
}
