// One event line of the original protocol, `["CounterGroup", 1400000000.25, "12.5"]`. `parseEvent` defines what one
// is; `EventScan` does the same for the numeric events that come in masses, without JSON.parse.

import type { Json } from "../event.ts";
import { nameProblem } from "../names.ts";
import { quote } from "../quote.ts";
import { accept, type LineRefusal, type LineRefusalCode, refuse, type Result } from "../refusal.ts";
import { decodeUtf8, isArray, jsonProblem } from "./json.ts";
import { NumberScan } from "./number_scan.ts";

export interface EventV1 {
  readonly type: string;
  /** NaN where the sender left it to the receiver. */
  readonly time: number;
  readonly value: Json;
}

const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Types that a body may have learned: more than there are, and few enough to try them one by one. */
const LEARNED_MAX = 8;

/** Reads the line in `bytes`, which is an event if it is anything. */
export function parseEvent(bytes: Uint8Array): Result<EventV1, LineRefusal> {
  const event = parseJson(decodeUtf8(bytes));
  if (!isArray(event) || event.length !== 3) {
    return refused("line_malformed", "it must be a JSON array [type, time, payload]");
  }
  const [type, time, payload] = event;
  if (typeof type !== "string" || nameProblem(type) !== undefined) {
    return refused("type_unknown", `its type ${nameProblem(type)}`);
  }
  if (time !== null && !(typeof time === "number" && Number.isFinite(time))) {
    return refused("time_illegal", `its time must be seconds since the epoch: current value is ${quote(time)}`);
  }
  const value = parseJson(payload);
  if (value === undefined) {
    return refused("value_illegal", `its payload must be a JSON text in a string: current value is ${quote(payload)}`);
  }
  const problem = jsonProblem(value);
  if (problem !== undefined) return refused("value_illegal", `its value ${problem}`);
  return accept({ type, time: time ?? NaN, value });
}

/** Undefined where it is no JSON text. */
function parseJson(text: Json | undefined): Json | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(code: LineRefusalCode, found: string): Result<never, LineRefusal> {
  return refuse(code, `cannot take the line as ${found}`);
}

/** Scans events of the types that it has learned. After `read` has answered true, they are in its fields. */
export class EventScan {
  type = "";
  time = 0;
  value = 0;

  readonly #number = new NumberScan();
  readonly #learned: { readonly type: string; readonly quoted: Uint8Array }[] = [];

  /** From now on, numeric events of this type are scanned. */
  learn(type: string): void {
    if (this.#learned.length === LEARNED_MAX || this.#learned.some((learned) => learned.type === type)) return;
    this.#learned.push({ type, quoted: new TextEncoder().encode(JSON.stringify(type)) });
  }

  /** The event from `start` to `end`, where there must be a newline; false where it is left to `parseEvent`. */
  read({ bytes, start, end }: { readonly bytes: Uint8Array; readonly start: number; readonly end: number }): boolean {
    if (bytes[start] !== OPEN_ARRAY) return false;
    const number = this.#number;
    let at = this.#readType(bytes, start + 1);
    if (bytes[at] !== COMMA) return false;
    this.time = number.read(bytes, skipSpaces(bytes, at + 1));
    at = number.end;
    if (!Number.isFinite(this.time) || bytes[at] !== COMMA) return false;
    at = skipSpaces(bytes, at + 1);
    if (bytes[at] !== QUOTE) return false;
    const isInList = bytes[at + 1] === OPEN_ARRAY;
    this.value = number.read(bytes, isInList ? at + 2 : at + 1);
    at = number.end;
    if (!Number.isFinite(this.value)) return false;
    if (isInList && bytes[at++] !== CLOSE_ARRAY) return false;
    if (bytes[at] !== QUOTE || bytes[at + 1] !== CLOSE_ARRAY) return false;
    at += 2;
    if (bytes[at] === RETURN) at++;
    return at === end;
  }

  /** Where the type in quotes that begins at `at` ends; `at` itself where it is none that has been learned. */
  #readType(bytes: Uint8Array, at: number): number {
    for (const { type, quoted } of this.#learned) {
      let same = 0;
      while (same < quoted.length && bytes[at + same] === quoted[same]) same++;
      if (same === quoted.length) {
        this.type = type;
        return at + same;
      }
    }
    return at;
  }
}

function skipSpaces(bytes: Uint8Array, at: number): number {
  let index = at;
  while (bytes[index] === SPACE) index++;
  return index;
}
