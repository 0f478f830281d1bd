// The log of this process, through LogTape: lines to standard error, of the level and in the format that its settings
// say. Standard output is for what a program answers.

import { configureSync, getJsonLinesFormatter, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { type CountingLog, countingLog, type Level, type LogEntry, textLine } from "./log.ts";
import { choice } from "./setting_kinds.ts";
import { setting, type Settings } from "./settings.ts";
import { systemClock } from "./world.ts";

/** Every program has these. */
export const logSettings = {
  logLevel: setting(choice("info", "warn", "error"), {
    default: "info",
    help: "the least of what is told to standard error",
  }),
  logFormat: setting(choice("text", "json"), { default: "text", help: "lines for people, or an object of JSON each" }),
};

export type LogSettings = Settings<typeof logSettings>;

const CATEGORY = "taba";
const nameByLevel: Readonly<Record<Level, LogLevel>> = { info: "info", warn: "warning", error: "error" };

/** To be called before anything is logged; once more where settings were read. */
export function configureLog({ logLevel, logFormat }: LogSettings): void {
  const line = logFormat === "json" ? jsonLine : (record: LogRecord) => textLine(entryOf(record));
  configureSync({
    reset: true,
    sinks: { stderr: (record) => console.error(line(record)) },
    loggers: [
      { category: CATEGORY, lowestLevel: nameByLevel[logLevel], sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

/** The log of this process. Composition roots hand it on. */
export const log: CountingLog = countingLog(({ time, level, message, fields }) => {
  getLogger(CATEGORY).emit({
    timestamp: 1000 * time,
    level: nameByLevel[level],
    message: [message],
    rawMessage: message,
    properties: fields,
  });
}, { clock: systemClock });

const jsonLines = getJsonLinesFormatter({ properties: "flatten" });

function jsonLine(record: LogRecord): string {
  return jsonLines(record).trimEnd();
}

function entryOf({ timestamp, level, rawMessage, properties }: LogRecord): LogEntry {
  return {
    time: timestamp / 1000,
    level: level === "warning" ? "warn" : level === "info" ? "info" : "error",
    message: String(rawMessage),
    fields: properties,
  };
}
