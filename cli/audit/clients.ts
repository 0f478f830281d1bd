// The books of clients as they come: a line of JSON each, what `status()` of a client gives.

import { quote } from "../../core/quote.ts";
import { entriesAt, numberAt, textAt } from "../json.ts";
import { UsageTrouble } from "../shell.ts";

/** What clients have counted, added up. */
export interface ClientsBook {
  readonly clients: number;
  readonly recorded: number;
  readonly acked: number;
  readonly pending: number;
  readonly droppedByReason: ReadonlyMap<string, number>;
}

/** Of several lines of one client, as of a log, the last counts. @throws {UsageTrouble} where a line is none */
export function readClients(text: string): ClientsBook {
  const statusBySender = new Map<unknown, unknown>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const status = readStatus(line, index + 1);
    // One that has sent nothing yet has no id of a sender.
    statusBySender.set(textAt(status, "sender") ?? index, status);
  }
  const statuses = [...statusBySender.values()];
  if (statuses.length === 0) {
    throw new UsageTrouble("--clients needs the status of a client at least on standard input: there is none");
  }
  const sum = (name: string) => statuses.reduce((sum: number, status) => sum + (numberAt(status, name) ?? 0), 0);
  const droppedByReason = new Map<string, number>();
  for (const [reason, dropped] of statuses.flatMap((status) => entriesAt(status, "droppedByReason"))) {
    droppedByReason.set(reason, (droppedByReason.get(reason) ?? 0) + (numberAt(dropped, "events") ?? 0));
  }
  return {
    clients: statuses.length,
    recorded: sum("recorded"),
    acked: sum("acked"),
    pending: sum("pending"),
    droppedByReason,
  };
}

function readStatus(line: string, number: number): unknown {
  try {
    const status: unknown = JSON.parse(line);
    if (["recorded", "acked", "pending"].every((name) => numberAt(status, name) !== undefined)) return status;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // no JSON at all is told like any other line
  }
  throw new UsageTrouble(
    `line ${number} of standard input must be what status() of a client gives, as JSON: current value is ${
      quote(line)
    }`,
  );
}
