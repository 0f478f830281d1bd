// `taba-cli agent status`: an agent's own figures, laid out for people.

import { type Api, ApiTrouble } from "./api.ts";
import { agentOf, createApi, isJson } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { countsAt, listAt, numberAt, sumOf, textAt } from "./json.ts";
import { formatBytes, formatCount, formatSeconds } from "./numbers.ts";
import { type Asked, type ExitCode, type Shell, widthOfOutput } from "./shell.ts";
import { type Column, layOutTable } from "./terminal/table.ts";
import { clean, cut, padEnd } from "./terminal/text_width.ts";

const SERVER_COLUMNS: readonly Column[] = [
  { title: "SERVER", widthMin: 16 },
  { title: "STATE" },
  { title: "UNDER WAY", align: "right", leaveOut: 1 },
  { title: "LATENCY", align: "right", leaveOut: 2 },
  { title: "FAILURES", align: "right", leaveOut: 3 },
  { title: "LAST ERROR", widthMin: 12, leaveOut: 4 },
];

export async function agentStatus({ options }: Asked, shell: Shell): Promise<ExitCode> {
  const address = agentOf(options, shell);
  const status = await readAgentStatus(createApi({ address, options, shell }));
  if (isJson(options)) return await printJson(status, shell);
  const { style } = shell;
  const width = widthOfOutput(shell);
  const facts = factsOf(status, address);
  const nameWidth = Math.max(...facts.map(([name]) => name.length));
  return await printLines([
    ...facts.map(([name, fact]) => {
      return `${style.bold(padEnd(name, nameWidth))}  ${cut(clean(fact), Math.max(1, width - nameWidth - 2))}`;
    }),
    "",
    ...layOutTable(SERVER_COLUMNS, listAt(status, "servers").map(serverRow), { width, style }),
  ], shell);
}

/** @throws {ApiTrouble} also where no agent answers: a server has a path of the same name, without an agent's figures */
export async function readAgentStatus(agent: Api): Promise<unknown> {
  const status = await agent.read("/status");
  if (textAt(status, "sender") !== undefined) return status;
  throw new ApiTrouble(`${agent.address} is no agent: a server's figures are shown by "taba-cli status"`);
}

function factsOf(status: unknown, address: string): readonly (readonly [string, string])[] {
  const number = (...keys: string[]) => formatCount(numberAt(status, ...keys) ?? 0);
  const version = textAt(status, "version") ?? "of an unknown version";
  const up = formatSeconds(Math.round(numberAt(status, "uptimeS") ?? 0));
  const journalBytes = numberAt(status, "journal", "bytes");
  const received = numberAt(status, "statsd", "datagrams") ?? 0;
  return [
    ["agent", `${address}, version ${version}, up ${up}, known to servers as ${textAt(status, "sender") ?? "?"}`],
    ["events", `${number("events", "folded")} folded, ${number("events", "replayed")} replayed from a journal`],
    [
      "",
      `${number("events", "acked")} acknowledged, ${number("events", "open")} under way, ` +
      `${number("events", "held")} held, ${number("events", "rejected")} rejected${
        reasons(status, "events", "dropped")
      }`,
    ],
    [
      "posts",
      `${number("posts", "accepted")} accepted, ${number("posts", "repeated")} repeated${
        reasons(status, "posts", "refused")
      }`,
    ],
    [
      "lines",
      `${number("lines", "accepted")} accepted${reasons(status, "lines", "refused")}${
        reasons(status, "lines", "rejected")
      }`,
    ],
    [
      "batches",
      `${number("batches", "sealed")} sealed, ${number("batches", "acked")} acknowledged, ` +
      `${number("batches", "open")} open (${formatBytes(numberAt(status, "batches", "openBytes") ?? 0)})${
        reasons(status, "batches", "dropped")
      }`,
    ],
    ["States", `${number("states")} of at most ${number("statesMax")}`],
    ...received > 0 ? [["StatsD", `${formatCount(received)} datagrams`] as const] : [],
    ...journalBytes === undefined ? [] : [["journal", `${formatBytes(journalBytes)} on disk`] as const],
  ];
}

/** `; refused: 3 type_conflict, 1 line_too_long`, or nothing. */
function reasons(status: unknown, section: string, name: string): string {
  const counts = countsAt(status, section, name);
  if (sumOf(counts) === 0) return "";
  return `; ${name}: ${[...counts].map(([reason, count]) => `${formatCount(count)} ${reason}`).join(", ")}`;
}

function serverRow(server: unknown): readonly string[] {
  return [
    textAt(server, "url") ?? "",
    textAt(server, "state") ?? "",
    formatBytes(numberAt(server, "bytes") ?? 0),
    formatSeconds((numberAt(server, "latencyMs") ?? 0) / 1000),
    formatCount(numberAt(server, "failures") ?? 0),
    textAt(server, "lastError") ?? "",
  ];
}
