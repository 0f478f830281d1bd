// What a post answers, read by the sender. A receiver may be anything that listens at an address: what does not look
// like an answer was none, and the batch is sent again.

import type { PostAnswer, RejectedLine } from "../event.ts";

/** The answer in the text of a body; undefined where it is anything else. */
export function readAnswer(text: string): PostAnswer | undefined {
  const value = parse(text);
  if (typeof value !== "object" || value === null) return undefined;
  if (!("lines" in value && "events" in value && "rejected" in value)) return undefined;
  const { lines, events } = value;
  const rejected = readRejected(value.rejected);
  if (!isCount(lines) || !isCount(events) || rejected === undefined) return undefined;
  const answer = { lines, events, rejected };
  const rejectedMore = "rejectedMore" in value ? value.rejectedMore : undefined;
  if (rejectedMore !== undefined && !isCount(rejectedMore)) return undefined;
  const isRepeated = "repeated" in value && value.repeated === true;
  return {
    ...answer,
    ...(rejectedMore === undefined ? {} : { rejectedMore }),
    ...(isRepeated ? { repeated: true } : {}),
  };
}

/** The lines that an answer, or the refusal of a whole batch, lists as left out; undefined where that is no such list. */
export function readRejected(list: unknown): readonly RejectedLine[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const rejected = list.map(readRejectedLine).filter((line) => line !== undefined);
  return rejected.length === list.length ? rejected : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readRejectedLine(value: unknown): RejectedLine | undefined {
  if (typeof value !== "object" || value === null || !("line" in value && "error" in value)) return undefined;
  const { line, error } = value;
  if (!isCount(line) || typeof error !== "string") return undefined;
  return "code" in value && typeof value.code === "string" ? { line, error, code: value.code } : { line, error };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
