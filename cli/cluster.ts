// `taba-cli servers` and `taba-cli latency`: who is there, and how long things take there.

import type { Api } from "./api.ts";
import { at, entriesAt, listAt, numberAt, textAt } from "./json.ts";
import { formatCount, formatSeconds } from "./numbers.ts";
import { isJson, serverApi } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { type Asked, type ExitCode, type Options, type Shell, widthOfOutput } from "./shell.ts";
import { type Column, layOutTable } from "./terminal/table.ts";

const SERVER_COLUMNS: readonly Column[] = [
  { title: "ADDRESS", widthMin: 20 },
  { title: "ROLES" },
  { title: "BUCKETS", align: "right" },
  { title: "UP", align: "right", leaveOut: 1 },
  { title: "ID", widthMin: 8, leaveOut: 2 },
];

export async function servers({ options }: Asked, shell: Shell): Promise<ExitCode> {
  const answer = await serverApi(options, shell).read("/servers");
  const now = shell.clock();
  const rows = entriesAt(answer).map(([id, server]) => [
    textAt(server, "url") ?? "",
    listAt(server, "roles").join(","),
    formatCount(numberAt(server, "buckets") ?? 0),
    formatSeconds(Math.max(0, Math.round(now - (numberAt(server, "started") ?? now)))),
    id,
  ]);
  return await printRows({ answer, columns: SERVER_COLUMNS, rows, none: "no server is announced" }, { options, shell });
}

const LATENCY_COLUMNS: readonly Column[] = [
  { title: "WHAT" },
  { title: "WINDOW" },
  { title: "COUNT", align: "right", leaveOut: 2 },
  { title: "MEAN", align: "right", leaveOut: 3 },
  { title: "P50", align: "right" },
  { title: "P90", align: "right", leaveOut: 4 },
  { title: "P99", align: "right" },
  { title: "P99.9", align: "right", leaveOut: 5 },
];
const WINDOWS = ["1m", "10m", "1h", "1d"];
/** Where a State's `pct` has them. */
const PERCENTILES_SHOWN = { p50: 1, p90: 3, p99: 5, p999: 6 };

export async function latency({ options }: Asked, shell: Shell): Promise<ExitCode> {
  const api: Api = serverApi(options, shell);
  const answer = await api.read("/latency");
  const rows = entriesAt(answer).flatMap(([what, value]) =>
    WINDOWS.flatMap((window) => {
      const count = numberAt(value, window, "count") ?? 0;
      const pct = listAt(value, window, "pct");
      const percentile = (index: number) => secondsOf(pct[index]);
      if (count === 0) return [];
      const mean = formatSeconds((numberAt(at(value, window), "total") ?? 0) / count);
      const { p50, p90, p99, p999 } = PERCENTILES_SHOWN;
      return [[what, window, formatCount(count), mean, ...[p50, p90, p99, p999].map(percentile)]];
    })
  );
  const none = `${api.address} has taken and committed nothing yet`;
  return await printRows({ answer, columns: LATENCY_COLUMNS, rows, none }, { options, shell });
}

/** As a table, or the answer as it is; and tells where there are none. */
async function printRows(
  { answer, columns, rows, none }: {
    readonly answer: unknown;
    readonly columns: readonly Column[];
    readonly rows: readonly (readonly string[])[];
    readonly none: string;
  },
  { options, shell }: { readonly options: Options; readonly shell: Shell },
): Promise<ExitCode> {
  if (isJson(options)) await printJson(answer, shell);
  else if (rows.length > 0) {
    await printLines(layOutTable(columns, rows, { width: widthOfOutput(shell), style: shell.style }), shell);
  }
  if (rows.length > 0) return 0;
  shell.complain(none);
  return 1;
}

function secondsOf(value: unknown): string {
  return typeof value === "number" ? formatSeconds(Math.max(0, value)) : "";
}
