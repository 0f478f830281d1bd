// What a program says about itself: one line an event. Trouble that repeats becomes one line an interval with a count,
// so that an outage can't fill a disk. Where the lines go is said in process_log.ts.

import type { Clock } from "../core/world.ts";

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** `message` is the same for the same trouble, whatever `fields` say: repeats are told by it. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export type Level = keyof Log;

/** What becomes a line. */
export interface LogEntry {
  readonly time: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LogOptions {
  readonly clock: Clock;
  /** The same level and message are written once in this time. */
  readonly repeatS?: number;
}

/** A log that counts repeats. */
export interface CountingLog extends Log {
  /** Tells of what repeated and was not told again since. */
  settle(): void;
}

/** Messages told apart while they repeat. Ours are few, so this bounds a mistake. */
const MESSAGES_MAX = 1000;

interface Repeats {
  readonly level: Level;
  readonly message: string;
  readonly since: number;
  count: number;
}

/** `write` takes one line, without its end. */
export function createLog({ write, ...options }: LogOptions & { readonly write: (line: string) => void }): Log {
  return countingLog((entry) => write(textLine(entry)), options);
}

export function countingLog(take: (entry: LogEntry) => void, options: LogOptions): CountingLog {
  const { clock, repeatS = 10 } = options;
  /** In the order of `since`. */
  const repeatsByKey = new Map<string, Repeats>();

  function tell(level: Level, message: string, fields: Fields = {}): void {
    const time = clock();
    const key = `${level} ${message}`;
    const repeats = repeatsByKey.get(key);
    if (repeats !== undefined && time < repeats.since + repeatS) {
      repeats.count++;
      return;
    }
    repeatsByKey.delete(key);
    forgetUntil(time - repeatS, time);
    repeatsByKey.set(key, { level, message, since: time, count: 0 });
    if (repeatsByKey.size > MESSAGES_MAX) forgetOldest(time);
    take({ time, level, message, fields: repeats === undefined ? fields : { ...fields, ...unsaid(repeats) } });
  }

  function forgetUntil(until: number, time: number): void {
    for (const { since } of repeatsByKey.values()) {
      if (since > until) return;
      forgetOldest(time);
    }
  }

  function forgetOldest(time: number): void {
    for (const [key, repeats] of repeatsByKey) {
      repeatsByKey.delete(key);
      const { level, message, count } = repeats;
      if (count > 0) take({ time, level, message, fields: unsaid(repeats) });
      return;
    }
  }

  return {
    info: (message, fields) => tell("info", message, fields),
    warn: (message, fields) => tell("warn", message, fields),
    error: (message, fields) => tell("error", message, fields),
    settle: () => forgetUntil(Infinity, clock()),
  };
}

function unsaid({ count }: Repeats): Fields {
  return count === 0 ? {} : { repeatsUnsaid: count };
}

/** Time, level, message and fields for people to read. */
export function textLine({ time, level, message, fields }: LogEntry): string {
  let line = `${new Date(time * 1000).toISOString()} ${level.padEnd(5)} ${oneLine(message)}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${valueText(value)}`;
  }
  return line;
}

/** An error and what caused it, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const why = error.cause === undefined ? "" : describeError(error.cause);
  const cause = why === "" || error.message.includes(why) ? "" : `: ${why}`;
  const name = error.name === "Error" ? "" : `${error.name}: `;
  return oneLine(`${name}${error.message}${cause}`);
}

function oneLine(value: string): string {
  return value.replaceAll(/\s*[\r\n]+\s*/g, " ");
}

function valueText(value: unknown): string {
  const plain = String(value);
  return /^[\w.:/+-]+$/.test(plain) ? plain : JSON.stringify(plain);
}
