// The optional first line of a body. A header that can't be relied on refuses the whole body: to count its lines
// without the (sender, seq) that its sender meant could count them twice.

import type { BatchHeader, BatchId } from "../event.ts";
import { nameProblem } from "../names.ts";
import { quote } from "../quote.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../refusal.ts";
import { isCount, type JsonObject } from "./json.ts";

/** The version of the wire that is spoken here. */
const VERSION = 2;

const KEYS: ReadonlySet<string> = new Set(["taba", "client", "sender", "seq", "low", "sent"]);

/** Whether the first line is a header: it has a key of one and none of the keys that make a line. */
export function isHeader(line: JsonObject): boolean {
  if ("tab" in line || "events" in line || "state" in line) return false;
  return Object.keys(line).some((key) => KEYS.has(key));
}

/** Whether a first line that is not JSON was meant as a header: it names what identifies a batch, and no tab. */
export function isBrokenHeader(text: string): boolean {
  return /"(taba|sender|seq)"/.test(text) && !text.includes('"tab"');
}

export function brokenHeader(found: string): { readonly ok: false; readonly refusal: RequestRefusal } {
  return refuse("body_malformed", `cannot take the body as its header ${found}`);
}

/** Checks a header and takes it over. */
export function parseHeader(line: JsonObject): Result<BatchHeader, RequestRefusal> {
  for (const key of Object.keys(line)) {
    if (!KEYS.has(key)) {
      return brokenHeader(`may hold only ${[...KEYS].join(", ")}: current keys include ${quote(key)}`);
    }
  }
  const { taba = VERSION, client, sent } = line;
  if (taba !== VERSION) return brokenHeader(`must have version "taba":${VERSION}: current value is ${quote(taba)}`);
  if (client !== undefined && typeof client !== "string" || nameIsWrong(client)) {
    return brokenHeader(`"client" ${nameProblem(client)}`);
  }
  if (sent !== undefined && !(typeof sent === "number" && Number.isFinite(sent))) {
    return brokenHeader(`"sent" must be seconds since the epoch: current value is ${quote(sent)}`);
  }
  const id = parseId(line);
  if (!id.ok) return id;
  return accept({
    ...(client === undefined ? {} : { client }),
    ...(id.value === undefined ? {} : { id: id.value }),
    ...(sent === undefined ? {} : { sent }),
  });
}

function parseId(line: JsonObject): Result<BatchId | undefined, RequestRefusal> {
  const { sender, seq, low } = line;
  if (sender === undefined && seq === undefined && low === undefined) return accept(undefined);
  if (sender === undefined || seq === undefined) {
    const missing = sender === undefined ? "sender" : "seq";
    return brokenHeader(`must have "sender" and "seq" together: "${missing}" is missing`);
  }
  if (typeof sender !== "string" || nameIsWrong(sender)) return brokenHeader(`"sender" ${nameProblem(sender)}`);
  if (!isCount(seq)) return brokenHeader(`"seq" must be a whole number from 0: current value is ${quote(seq)}`);
  const lowest = low === undefined ? 0 : low;
  if (!isCount(lowest) || lowest > seq) {
    return brokenHeader(`"low" must be a whole number from 0 to "seq" (${seq}): current value is ${quote(low)}`);
  }
  return accept({ sender, seq, low: lowest });
}

function nameIsWrong(name: string | undefined): boolean {
  return name !== undefined && nameProblem(name) !== undefined;
}

/** The header as a line, without its newline. */
export function formatHeader(header: BatchHeader): string {
  return JSON.stringify({ taba: VERSION, client: header.client, ...header.id, sent: header.sent });
}
