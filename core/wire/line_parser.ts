// A line of a body by way of JSON.parse: the definition of what a line is. line_scan.ts does the same for the
// lines that come in masses, faster.

import { DEFAULT_TYPE, type Json, type Line, type Payload } from "../event.ts";
import { nameProblem } from "../names.ts";
import { quote } from "../quote.ts";
import { accept, type LineRefusal, type LineRefusalCode, refuse, type Result } from "../refusal.ts";
import type { Base64Decoder } from "./base64.ts";
import type { Columns } from "./columns.ts";
import { decodeUtf8, isArray, isCount, isObject, type JsonObject, jsonProblem } from "./json.ts";

/** What a line needs to know of its surroundings. */
export interface LinePlace {
  readonly number: number;
  /** The client of a line that names none. */
  readonly client: string;
  /** Takes the events if they are numbers. */
  readonly columns: Columns;
  /** Takes a State if it is bytes. */
  readonly base64: Base64Decoder;
}

const KEYS: ReadonlySet<string> = new Set(["tab", "client", "type", "events", "state", "n", "v"]);

/** The JSON object that a line must be. */
export function parseObject(bytes: Uint8Array): Result<JsonObject, LineRefusal> {
  const text = decodeUtf8(bytes);
  if (text === undefined) return malformed("it must be UTF-8");
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return malformed(`it must be one JSON object: ${error instanceof Error ? error.message : error}`);
  }
  return isObject(value) ? accept(value) : malformed(`it must be one JSON object: current value is ${quote(value)}`);
}

/** Checks a line's object. Its payload may lie in the scratch space of `place`. */
export function parseLine(line: JsonObject, place: LinePlace): Result<Line, LineRefusal> {
  for (const key of Object.keys(line)) {
    // A misspelt key would lose what its sender meant without a word; "taba" says when there are new ones.
    if (!KEYS.has(key)) {
      return malformed(`it may hold only ${[...KEYS].join(", ")}: current keys include ${quote(key)}`);
    }
  }
  const { tab, client = place.client, type = DEFAULT_TYPE } = line;
  if (typeof tab !== "string" || nameProblem(tab) !== undefined) return illegal("tab_illegal", "tab", tab);
  if (typeof client !== "string" || nameProblem(client) !== undefined) {
    return illegal("client_illegal", "client", client);
  }
  if (typeof type !== "string" || nameProblem(type) !== undefined) return illegal("type_unknown", "type", type);
  const payload = parsePayload(line, place);
  return payload.ok ? accept({ number: place.number, tab, client, type, payload: payload.value }) : payload;
}

function parsePayload(line: JsonObject, { columns, base64 }: LinePlace): Result<Payload, LineRefusal> {
  const { events, state, n, v } = line;
  if ((events === undefined) === (state === undefined)) {
    const found = events === undefined ? "neither" : "both";
    return malformed(`it must have either "events" or "state": it has ${found}`);
  }
  if (state !== undefined) return parseState(state, { n, v, base64 });
  if (n !== undefined || v !== undefined) {
    return malformed(`it must have "n" and "v" with "state" only: it has "events"`);
  }
  if (!isArray(events)) return malformed(`it must have an array of events: current value is ${quote(events)}`);
  return parseEvents(events, columns);
}

function parseState(
  state: Json,
  { n = 0, v = 0, base64 }: {
    readonly n: Json | undefined;
    readonly v: Json | undefined;
    readonly base64: Base64Decoder;
  },
): Result<Payload, LineRefusal> {
  if (!isCount(n)) return malformed(`its "n" must be a whole number from 0: current value is ${quote(n)}`);
  if (!isCount(v)) return malformed(`its "v" must be a whole number from 0: current value is ${quote(v)}`);
  const encoded = typeof state === "string" ? base64.decode(state) : state;
  if (encoded === undefined) return refused("state_illegal", `its "state" must be base64 or JSON that is no text`);
  if (!(encoded instanceof Uint8Array)) {
    const problem = jsonProblem(encoded);
    if (problem !== undefined) return refused("state_illegal", `its "state" ${problem}`);
  }
  return accept({ kind: "state", encoded, version: v, count: n });
}

function parseEvents(events: readonly Json[], columns: Columns): Result<Payload, LineRefusal> {
  const times: number[] = [];
  const values: Json[] = [];
  let isNumeric = true;
  for (const event of events) {
    if (!isArray(event) || event.length < 1 || event.length > 2) {
      return malformed(`it must have events [time, value] or [value]: event ${times.length + 1} is ${quote(event)}`);
    }
    const [time, value] = event.length === 2 ? event : [null, event[0]];
    if (time !== null && !(typeof time === "number" && Number.isFinite(time))) {
      return refused(
        "time_illegal",
        `its time ${times.length + 1} must be seconds since the epoch or null: current value is ${quote(time)}`,
      );
    }
    const problem = jsonProblem(value);
    if (problem !== undefined) return refused("value_illegal", `its value ${times.length + 1} ${problem}`);
    isNumeric &&= typeof value === "number";
    times.push(time ?? NaN);
    values.push(value);
  }
  if (!isNumeric) return accept({ kind: "json", times, values });
  while (columns.times.length < times.length) columns.grow();
  columns.times.set(times);
  values.forEach((value, index) => columns.values[index] = Number(value));
  return accept(columns.events(times.length));
}

function malformed(found: string): Result<never, LineRefusal> {
  return refused("line_malformed", found);
}

function illegal(code: LineRefusalCode, key: string, name: Json | undefined): Result<never, LineRefusal> {
  return refused(code, `its "${key}" ${nameProblem(name)}`);
}

function refused(code: LineRefusalCode, found: string): Result<never, LineRefusal> {
  return refuse(code, `cannot take the line as ${found}`);
}
