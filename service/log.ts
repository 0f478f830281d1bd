// What a program says about itself: one line an event to standard error. Trouble that repeats becomes one line an
// interval with a count, so that an outage can't fill a disk.

import type { Clock } from "../core/world.ts";
import { systemClock } from "./world.ts";

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** `message` is the same for the same trouble, whatever `fields` say: repeats are told by it. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export interface LogOptions {
  readonly clock: Clock;
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
  /** The same level and message are written once in this time. */
  readonly repeatS?: number;
}

/** Messages told apart while they repeat. Ours are constants, so this bounds a mistake. */
const MESSAGES_MAX = 1000;

interface Repeats {
  readonly since: number;
  count: number;
}

export function createLog(options: LogOptions): Log {
  const { clock, write, repeatS = 10 } = options;
  const repeatsByMessage = new Map<string, Repeats>();

  function tell(level: string, message: string, fields: Fields = {}): void {
    const now = clock();
    const key = `${level} ${message}`;
    const repeats = repeatsByMessage.get(key);
    if (repeats !== undefined && now < repeats.since + repeatS) {
      repeats.count++;
      return;
    }
    const unsaid = repeats !== undefined && repeats.count > 0 ? { repeatsUnsaid: repeats.count } : {};
    // Deleted first, so that the map stays in the order of `since`.
    repeatsByMessage.delete(key);
    repeatsByMessage.set(key, { since: now, count: 0 });
    if (repeatsByMessage.size > MESSAGES_MAX) forgetOldest(repeatsByMessage);
    write(lineOf(now, `${level.padEnd(5)} ${message}`, { ...fields, ...unsaid }));
  }

  return {
    info: (message, fields) => tell("info", message, fields),
    warn: (message, fields) => tell("warn", message, fields),
    error: (message, fields) => tell("error", message, fields),
  };
}

/** The log of this process. Composition roots hand it on. */
export const log: Log = createLog({ clock: systemClock, write: (line) => console.error(line) });

/** An error and what caused it, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
  const name = error.name === "Error" ? "" : `${error.name}: `;
  return oneLine(`${name}${error.message}${cause}`);
}

function oneLine(value: string): string {
  return value.replaceAll(/\s*[\r\n]+\s*/g, " ");
}

function lineOf(now: number, told: string, fields: Fields): string {
  let line = `${new Date(now * 1000).toISOString()} ${oneLine(told)}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${valueText(value)}`;
  }
  return line;
}

function valueText(value: string | number | boolean): string {
  const plain = String(value);
  return /^[\w.:/+-]+$/.test(plain) ? plain : JSON.stringify(plain);
}

function forgetOldest(repeatsByMessage: Map<string, Repeats>): void {
  for (const key of repeatsByMessage.keys()) {
    repeatsByMessage.delete(key);
    return;
  }
}
