// What queries answer, as text or JSON, row by row, so that an answer streams whatever its size.

import type { Json } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { preferredType } from "../service/negotiation.ts";
import type { Found } from "./query.ts";

export type Format = "text" | "json" | "detailed";

/** One line of an answer: a value under a name, and within it under a client where there is one. */
export interface Row {
  readonly name: string;
  readonly client: string;
  readonly value: string;
}

const formatByType = {
  "text/plain": "text",
  "application/json": "json",
  "application/json-detailed": "detailed",
} as const satisfies Readonly<Record<string, Format>>;

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; charset=utf-8",
  json: "application/json",
  detailed: "application/json-detailed",
};

/** A chunk of a body: large enough that its overhead vanishes, small enough that memory stays flat. */
const CHUNK_CHARACTERS = 64 * 1024;

/** As the header `accept` has it; text where it does not matter. */
export function formatOf(request: Request): Format {
  return formatByType[preferredType(request, ["text/plain", "application/json", "application/json-detailed"])];
}

/** What is said of an answer as a whole in detailed JSON. */
export interface Quality {
  readonly asOf: number;
  /** Shards that could not be read, known once all rows have been made. */
  readonly missing: ReadonlySet<string>;
}

/** Renders a State as the windows were at `now`. What can't be read says so in its place. */
export function rowOf({ name, type, client, content }: Found, format: Format, now: number): Row {
  return { name: type === undefined ? name : `${name} (${type})`, client, value: valueOf(content, format, now) };
}

function valueOf(content: Found["content"], format: Format, now: number): string {
  if (!content.ok) {
    const why = `cannot be shown: ${content.why}`;
    return format === "text" ? why : JSON.stringify({ error: why });
  }
  const { handler, state } = content;
  switch (format) {
    case "text":
      return handler.renderText(state, now);
    case "json":
      return JSON.stringify(handler.render(state, now));
    case "detailed": {
      const detail = handler.detail(state, now);
      return JSON.stringify({
        type: handler.type,
        // What is undefined JSON leaves out.
        relativeError: handler.relativeError,
        lateDropped: lateOf(detail),
        value: handler.render(state, now),
        detail,
      });
    }
  }
}

/** Events that are in no window any more, where the type counts them. */
function lateOf(detail: Json): number | undefined {
  if (typeof detail !== "object" || detail === null || !("late" in detail)) return undefined;
  return typeof detail.late === "number" ? detail.late : undefined;
}

/**
 * Rows sorted by name and client as long as they are few; beyond that they go on as they come, a bucket at a time.
 */
export async function* sortedIfFew(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  let held: Row[] | undefined = [];
  let characters = 0;
  for await (const row of rows) {
    if (held === undefined) {
      yield row;
      continue;
    }
    held.push(row);
    characters += row.name.length + row.client.length + row.value.length;
    if (held.length < limits.rowsSortedMax && characters < limits.charactersSortedMax) continue;
    yield* held;
    held = undefined;
  }
  if (held !== undefined) yield* held.sort(compareRows);
}

/** `name: value`, or `name client: value` for a client's. */
export async function* textOf(rows: AsyncIterable<Row>): AsyncGenerator<string> {
  for await (const { name, client, value } of rows) yield `${client === "" ? name : `${name} ${client}`}: ${value}\n`;
}

/** `{"name": value}`, or `{"name": {"client": value}}` where rows have clients; those of one name follow each other. */
export async function* jsonOf(rows: AsyncIterable<Row>): AsyncGenerator<string> {
  let before: Row | undefined;
  yield "{";
  for await (const row of rows) {
    const { name, client, value } = row;
    const isSame = before?.name === name && client !== "";
    if (before !== undefined) yield before.client === "" || isSame ? "," : "},";
    if (!isSame) yield `${JSON.stringify(name)}:${client === "" ? "" : "{"}`;
    yield client === "" ? value : `${JSON.stringify(client)}:${value}`;
    before = row;
  }
  yield before === undefined || before.client === "" ? "}\n" : "}}\n";
}

/** `{"asOf": …, "rows": …, "complete": …, "missing": […]}`: rows as `jsonOf` has them, and how good they are. */
export async function* detailedOf(rows: AsyncIterable<Row>, { asOf, missing }: Quality): AsyncGenerator<string> {
  yield `{"asOf":${asOf},"rows":`;
  yield* jsonOf(rows);
  yield `,"complete":${missing.size === 0},"missing":${JSON.stringify([...missing])}}\n`;
}

/** Bare names, one a line. */
export async function* lines(names: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const name of names) yield `${name}\n`;
}

/** Bare names as an array. */
export async function* jsonArray(names: AsyncIterable<string>): AsyncGenerator<string> {
  let separator = "[";
  for await (const name of names) {
    yield `${separator}${JSON.stringify(name)}`;
    separator = ",";
  }
  yield separator === "[" ? "[]\n" : "]\n";
}

/**
 * An answer that is made while it is read. Its beginning is made first, so that trouble with it can still be answered
 * by a status; trouble later breaks the body off, which the reader notices.
 */
export async function streamed(pieces: AsyncGenerator<string>, format: Format): Promise<Response> {
  return await streamedAs(pieces, CONTENT_TYPES[format]);
}

/** The same as some other type. */
export async function streamedAs(pieces: AsyncGenerator<string>, contentType: string): Promise<Response> {
  const encoder = new TextEncoder();
  const first = await nextChunk(pieces);
  const headers = { "content-type": contentType };
  if (first.isLast) return new Response(first.text, { headers });
  let ready: string | undefined = first.text;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = ready === undefined ? await nextChunk(pieces) : { text: ready, isLast: false };
      ready = undefined;
      if (chunk.text !== "") controller.enqueue(encoder.encode(chunk.text));
      if (chunk.isLast) controller.close();
    },
    async cancel() {
      await pieces.return(undefined);
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers });
}

async function nextChunk(pieces: AsyncGenerator<string>): Promise<{ text: string; isLast: boolean }> {
  let text = "";
  while (text.length < CHUNK_CHARACTERS) {
    const piece = await pieces.next();
    if (piece.done) return { text, isLast: true };
    text += piece.value;
  }
  return { text, isLast: false };
}

export function compareRows(a: Row, b: Row): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.client < b.client ? -1 : a.client > b.client ? 1 : 0;
}
