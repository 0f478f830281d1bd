// The commands of taba-cli as a table: what each is called, what may be typed, and what it does. main.ts makes a command
// line of it. The first line of a description says what it is, where there is little room; the others what more there is
// to know.

import { agentStatus } from "./agent_status.ts";
import { audit } from "./audit/audit.ts";
import { bench } from "./bench/bench.ts";
import { latency, servers } from "./cluster.ts";
import { look } from "./look.ts";
import { record } from "./record.ts";
import type { Asked, ExitCode, Shell } from "./shell.ts";
import { top } from "./top.ts";
import { check, remove, upkeep } from "./upkeep.ts";
import { watch } from "./watch.ts";

export interface CommandAbout {
  readonly description: string;
  /** Arguments as Cliffy declares them; `name` and `client` are completed. None where left out. */
  readonly args?: string;
  /** What the arguments name, for shells to complete. */
  readonly completes?: "names" | "clients";
  readonly options?: readonly OptionAbout[];
  /** Command lines, less the program's name, and what they ask. */
  readonly examples: Readonly<Record<string, string>>;
  readonly run: (asked: Asked, shell: Shell) => Promise<ExitCode>;
}

export interface OptionAbout {
  readonly flags: string;
  readonly description: string;
  readonly repeats?: true;
}

/** A command, or a group of commands under one name. */
export type Entry = CommandAbout | {
  readonly description: string;
  readonly commands: Readonly<Record<string, CommandAbout>>;
};

const SOME_NAMES = "[names...:string:name]";

const regex: OptionAbout = {
  flags: "-r, --regex",
  description: "Names are regular expressions (RE2).\nEach matches a whole name.",
};
const client: OptionAbout = {
  flags: "-c, --client <name:string>",
  description: "Only what this client sent; may be repeated.",
  repeats: true,
};
const tag: OptionAbout = {
  flags: "-t, --tag <pair:string>",
  description: "Only tabs with this tag, key=value.\nMay be repeated.\nNames then mean what stands before tags.",
  repeats: true,
};
const by: OptionAbout = {
  flags: "-b, --by <keys:string>",
  description: "Reduce tabs together that agree in these tags.\nE.g. route,status.",
};

export const catalogue: Readonly<Record<string, Entry>> = {
  agg: {
    description: "Aggregates of tabs.\nReduced over all clients, or over those named.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, client, tag, by],
    examples: {
      "one tab": "agg winning_bid_price",
      "all tabs of a family, as JSON": "agg --regex 'bids_.*' --json",
      "requests by route": "agg requests --by route",
      "requests that failed": "agg requests --tag status=500",
    },
    run: (asked, shell) => look("tabs", asked, shell),
  },
  projection: {
    description: "Projections: what each client sent to a tab.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, client, tag],
    examples: { "one tab, client by client": "projection winning_bid_price" },
    run: (asked, shell) => look("projection", asked, shell),
  },
  super: {
    description: "Super-aggregates: tabs reduced together.\nAll the tabs named, type by type.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, client, tag],
    examples: { "bids of all kinds": "super --regex 'bids_.*'" },
    run: (asked, shell) => look("supertabs", asked, shell),
  },
  names: {
    description: "Names of tabs.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, tag],
    examples: { "all": "names", "some": "names --regex '.*price.*'" },
    run: (asked, shell) => look("names", asked, shell),
  },
  clients: {
    description: "Names of clients.",
    args: SOME_NAMES,
    completes: "clients",
    options: [regex],
    examples: { "all": "clients" },
    run: (asked, shell) => look("clients", asked, shell),
  },
  types: {
    description: "Tabs and their types.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, tag],
    examples: { "all": "types" },
    run: (asked, shell) => look("types", asked, shell),
  },
  watch: {
    description:
      "Tabs as they change, each second.\nAt a terminal a table with the last minute, else a line a tab and second.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, client, tag, by],
    examples: { "two tabs": "watch bids_won winning_bid_price", "three lines": "watch bids_won | head -n 3" },
    run: watch,
  },
  top: {
    description:
      "The busiest tabs, clients or tags.\nAt a terminal: q quits, s sorts, w and o change window and what is shown.",
    options: [
      { flags: "--of <what:string>", description: "tabs, clients or tags; tabs unless given." },
      { flags: "-w, --window <window:string>", description: "1m, 10m, 1h or 1d; 1m unless given." },
      { flags: "-b, --by <figure:string>", description: "count or total; count unless given." },
      { flags: "-n, --limit <count:string>", description: "How many; 20, or as many as the screen shows." },
    ],
    examples: { "tabs of the last minute": "top", "clients of the last hour": "top --of clients --window 1h" },
    run: top,
  },
  status: {
    description: "The cluster: its servers, queues and rates.",
    examples: { "as JSON": "status --json" },
    run: (asked, shell) => look("status", asked, shell),
  },
  servers: {
    description: "The servers, and how many buckets they drain.",
    examples: { "all": "servers" },
    run: servers,
  },
  latency: {
    description: "How long posts lately took.\nUntil the server had enqueued them, and until they were committed.",
    examples: { "of the server that is asked": "latency" },
    run: latency,
  },
  record: {
    description:
      "Records one event, or one a line of input.\nA value is JSON, or else a text. Without one each line of input is an event.",
    args: "<name:string:name> [value:string]",
    completes: "names",
    options: [
      { flags: "--type <type:string>", description: "Type of the tab; CounterGroup unless given." },
      { flags: "-c, --client <name:string>", description: "Who records." },
      { flags: "-t, --tag <pair:string>", description: "A tag of the tab, key=value; may be repeated.", repeats: true },
      { flags: "--agent <url:string>", description: "Post to this agent rather than to the server." },
    ],
    examples: {
      "one event": "record winning_bid_price 3.25",
      "one with tags": "record requests 1 --tag route=/bid --tag status=200",
      "a gauge": "record build 2.4.1 --type Gauge --client web-17",
      "one event a line": "record wait_s --type PercentileGroup < waits.txt",
    },
    run: record,
  },
  agent: {
    description: "What an agent says of itself.",
    commands: {
      status: {
        description: "An agent's figures.\nWhat it took, holds, sent and dropped, and how its servers are doing.",
        options: [{
          flags: "--agent <url:string>",
          description: "The agent; or TABA_AGENT.\nhttp://127.0.0.1:8279 unless given.",
        }],
        examples: { "the one on this host": "agent status" },
        run: agentStatus,
      },
    },
  },
  delete: {
    description: "Deletes tabs, or what clients sent to them.\nAsks first, at a terminal.",
    args: SOME_NAMES,
    completes: "names",
    options: [regex, client, tag, { flags: "-y, --yes", description: "Do not ask." }],
    examples: {
      "one tab": "delete bids_wno --yes",
      "what one client sent": "delete --regex '.*' --client web-17 --yes",
    },
    run: remove,
  },
  gc: {
    description: "Removes States that say nothing any more.\nElse that happens by itself, twice an hour.",
    examples: { "now": "gc" },
    run: (asked, shell) => upkeep("/gc", asked, shell),
  },
  flush: {
    description: "Commits all that was accepted up to now.",
    examples: { "now": "flush" },
    run: (asked, shell) => upkeep("/flush", asked, shell),
  },
  rebalance: {
    description: "Has each server drain its share of buckets.",
    examples: { "now": "rebalance" },
    run: (asked, shell) => upkeep("/rebalance", asked, shell),
  },
  check: {
    description: "Looks at all that is stored and waits.\nExit code 1 where anything of it is wrong.",
    examples: { "all": "check" },
    run: check,
  },
  upgrade: {
    description: "Encodes States of older handlers anew.",
    examples: { "all": "upgrade" },
    run: (asked, shell) => upkeep("/upgrade", asked, shell),
  },
  bench: {
    description:
      "Puts load on a server or agent.\nHow much it accepts, how fast it answers, and whether all of it is there.",
    options: [
      { flags: "--url <url:string>", description: "Post to this server or agent.\nTo --server unless given." },
      { flags: "--rate <events:string>", description: "Events a second.\nAs many as are taken unless given." },
      { flags: "--seconds <seconds:string>", description: "How long; 10 unless this or --events is given." },
      { flags: "--events <count:string>", description: "How many events." },
      { flags: "--tabs <count:string>", description: "Tabs to spread them over; 100 unless given." },
      { flags: "--clients <count:string>", description: "Clients to spread them over; 1 unless given." },
      { flags: "--connections <count:string>", description: "Posts under way at once; 4 unless given." },
      { flags: "--raw", description: "Send events themselves rather than States of 50." },
    ],
    examples: {
      "at full speed": "bench",
      "at an agent, at a rate": "bench --url http://127.0.0.1:8279 --rate 5000",
      "so many raw events": "bench --raw --events 100000",
    },
    run: bench,
  },
  audit: {
    description:
      "The books: what was counted must add up.\nBy clients, agents, servers and the store. Exit code 1 where it does not.",
    options: [
      {
        flags: "--agent <url:string>",
        description: "An agent whose books are read as well.\nMay be repeated; or TABA_AGENT.",
        repeats: true,
      },
      {
        flags: "--seconds <seconds:string>",
        description: "How long figures may move before they agree.\n5 unless given.",
      },
      {
        flags: "--clients",
        description: "Read the books of clients from standard input.\nA line of JSON each, as their status() gives it.",
      },
    ],
    examples: {
      "with the agent of this host": "audit --agent http://127.0.0.1:8279",
      "with clients that log it": "audit --clients < log",
    },
    run: audit,
  },
};
