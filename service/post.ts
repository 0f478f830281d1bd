// The way from a request to a folded batch, and back to its answer: what agent and server do with a post before
// they differ. Never throws for what a sender wrote, and applies nothing: the folding is the post's own until its
// body has been read whole.

import { unreachable } from "../core/assert.ts";
import type { BatchHeader, PostAnswer, RejectedLine } from "../core/event.ts";
import type { Folded } from "../core/folded.ts";
import { type DenialOf, Folding } from "../core/folding.ts";
import type { Registry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import { accept, type LineRefusal, type LineRefusalCode, refuse, type RequestRefusal } from "../core/refusal.ts";
import type { Result } from "../core/refusal.ts";
import { BodyReader } from "../core/wire/body_reader.ts";
import type { Read } from "../core/wire/ndjson.ts";
import type { Clock, Sleep } from "../core/world.ts";
import { decodeBody } from "./encoding.ts";

export interface ReadPostOptions {
  readonly registry: Registry;
  readonly now: Clock;
  readonly sleep: Sleep;
  /** The type that a tab is known to have from before, if any. */
  readonly typeOf?: (tab: string) => string | undefined;
  /** As in core/folding.ts. */
  readonly areTypesApart?: boolean;
  readonly denialOf?: DenialOf | undefined;
  /** Both are those of core/limits.ts where left out. */
  readonly bodyBytesMax?: number;
  readonly lineBytesMax?: number;
  /** States that the receiver has room for: lines that would need one more are refused. */
  readonly statesMax?: number;
  /** The content-encoding where the request names none. */
  readonly encoding?: string | undefined;
  /** Asked for room for each piece of the body, and for the States in it; false refuses the post as over capacity. */
  readonly reserve?: (bytes: number) => boolean;
}

/** A line that was left out, with the code to count it by. */
export interface Rejection {
  readonly line: number;
  readonly code: LineRefusalCode;
  readonly error: string;
}

/** A batch that was read whole, with at least one line that counts or no line at all. */
export interface Post {
  readonly header: BatchHeader;
  readonly folding: Folding;
  /** Lines folded in. */
  readonly lines: number;
  readonly events: number;
  /** Of the body, decompressed. */
  readonly bytes: number;
  /** The first `rejectedLinesMax` lines that were left out. */
  readonly rejected: readonly Rejection[];
  /** All lines that were left out, by reason. */
  readonly refusals: ReadonlyMap<LineRefusalCode, number>;
}

/** Nothing of a post counts; where that is so for each of its lines, these are named. */
export interface PostRefusal extends RequestRefusal {
  readonly rejected?: readonly RejectedLine[];
  readonly rejectedMore?: number;
}

/** A State of the post that could not be taken after all, and with it the lines that it came from. */
export interface LateRefusal {
  readonly folded: Folded;
  readonly refusal: LineRefusal;
}

/**
 * What people and programs send NDJSON as. `application/x-www-form-urlencoded` is what `curl --data-binary` says
 * unless told otherwise.
 */
const CONTENT_TYPES: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/json",
  "application/octet-stream",
  "application/x-www-form-urlencoded",
  "text/plain",
]);

/** Reads the body of a post to its end and folds its lines. Whatever the outcome, the body's stream is closed. */
export async function readPost(request: Request, options: ReadPostOptions): Promise<Result<Post, PostRefusal>> {
  const contentType = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
  if (contentType !== "" && !CONTENT_TYPES.has(contentType)) {
    await Promise.allSettled([request.body?.cancel()]);
    const known = [...CONTENT_TYPES].join(", ");
    return refuse(
      "content_type_unknown",
      `cannot read the body as its content-type must be one of ${known}: current value is ${
        JSON.stringify(contentType)
      }`,
    );
  }
  const reading = new Reading(options);
  const { bodyBytesMax: bytesMax = limits.bodyBytesMax, encoding, sleep, reserve = () => true } = options;
  for await (const chunk of decodeBody(request, { bytesMax, encoding, sleep })) {
    if (!chunk.ok) return chunk;
    if (!reserve(chunk.value.length)) return refuseHeld();
    const { statesBytes } = reading;
    reading.take(chunk.value);
    if (reading.states > limits.postStatesMax) return refuseStates();
    if (!reserve(reading.statesBytes - statesBytes)) return refuseHeld();
  }
  return reading.finish();
}

function refuseHeld(): Result<never, RequestRefusal> {
  return refuse("over_capacity", "cannot hold more posts while they are read: post again later");
}

function refuseStates(): Result<never, RequestRefusal> {
  const { postStatesMax } = limits;
  const message =
    `cannot take a body of more than ${postStatesMax} States, one for each tab and client: post it in parts`;
  return refuse("body_too_large", message);
}

/** One post while it is read. */
class Reading {
  readonly #reader: BodyReader;
  readonly #folding: Folding;
  readonly #now: Clock;
  readonly #rejections = new Rejections();
  #header: BatchHeader = {};
  #isEmpty = true;
  #lines = 0;
  #bytes = 0;
  #refusal: RequestRefusal | undefined;

  constructor(options: ReadPostOptions) {
    const { registry, now, typeOf, areTypesApart = false, denialOf, statesMax = Infinity, lineBytesMax } = options;
    const isNumeric = (type: string) => registry.get(type)?.foldNumbers !== undefined;
    this.#reader = new BodyReader({ lineBytesMax, isNumeric });
    this.#folding = new Folding(registry, {
      ...{ statesMax, areTypesApart, denialOf },
      ...(typeOf === undefined ? {} : { typeOf }),
    });
    this.#now = now;
  }

  get states(): number {
    return this.#folding.size;
  }

  /** Memory that they take, by estimate, beside the bytes that they came in. */
  get statesBytes(): number {
    return this.#folding.size * limits.stateBytes + this.#folding.opened * limits.openedStateBytes;
  }

  take(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#fold(this.#reader.push(chunk));
  }

  finish(): Result<Post, PostRefusal> {
    this.#fold(this.#reader.end());
    if (this.#refusal !== undefined) return { ok: false, refusal: this.#refusal };
    if (this.#isEmpty) return refuse("body_malformed", "cannot take an empty body: post at least one line");
    const post: Post = {
      header: this.#header,
      folding: this.#folding,
      lines: this.#lines,
      events: this.#folding.events,
      bytes: this.#bytes,
      rejected: this.#rejections.listed,
      refusals: this.#rejections.byCode,
    };
    const answer = answerOf(post);
    return answer.ok ? accept(post) : answer;
  }

  #fold(reads: Iterable<Read>): void {
    // Once a chunk, not once a post: the events of a slow post may be younger than its first byte.
    const now = this.#now();
    for (const read of reads) {
      this.#isEmpty = false;
      switch (read.kind) {
        case "header":
          this.#header = read.header;
          break;
        case "line": {
          const { number, lines = 1 } = read.line;
          const folded = this.#folding.add(read.line, now);
          if (folded.ok) this.#lines += lines;
          else for (let index = 0; index < lines; index++) this.#rejections.add(number + index, folded.refusal);
          break;
        }
        case "refused":
          this.#rejections.add(read.number, read.refusal);
          break;
        case "body_refused":
          this.#refusal = read.refusal;
          break;
        default:
          unreachable(read);
      }
    }
  }
}

/** The post without the lines that went into States which could not be taken; its folding stays as it is. */
export function refuseLate(post: Post, late: Iterable<LateRefusal>): Post {
  const rejections = new Rejections(post);
  let { lines, events } = post;
  for (const { folded, refusal } of late) {
    lines -= folded.lines.length;
    events -= folded.events;
    for (const line of folded.lines) rejections.add(line, refusal);
  }
  rejections.listed.sort((a, b) => a.line - b.line);
  return { ...post, lines, events, rejected: rejections.listed, refusals: rejections.byCode };
}

/**
 * What the post answers: a refusal where it has lines and none of them counts. Of a repeated batch, lines and events
 * are those that count since it was applied the first time.
 */
export function answerOf(post: Post, options: { readonly repeated?: boolean } = {}): Result<PostAnswer, PostRefusal> {
  const { rejected } = post;
  let rejectedMore = -rejected.length;
  for (const count of post.refusals.values()) rejectedMore += count;
  const more = rejectedMore > 0 ? { rejectedMore } : {};
  if (post.lines === 0 && rejected.length > 0) {
    const [{ line, error }] = rejected;
    const message = `cannot take the body as none of its lines can be accepted: line ${line}: ${error}`;
    return { ok: false, refusal: { code: "body_malformed", message, rejected, ...more } };
  }
  const repeated = options.repeated === true ? { repeated: true } as const : {};
  return accept({ lines: post.lines, events: post.events, rejected, ...more, ...repeated });
}

/** Why a batch that may be one long forgotten is neither applied nor called repeated. */
export function staleRefusal({ header }: Post): PostRefusal {
  const message = "cannot tell whether the batch was applied as its seq must be one that is remembered: " +
    `current value is ${header.id?.seq}, and far newer ones have come; give it up`;
  return { code: "seq_stale", message };
}

/** Lines left out: listed up to a bound, counted beyond it. */
class Rejections {
  readonly listed: Rejection[];
  readonly byCode: Map<LineRefusalCode, number>;

  constructor(from: Pick<Post, "rejected" | "refusals"> = { rejected: [], refusals: new Map() }) {
    this.listed = [...from.rejected];
    this.byCode = new Map(from.refusals);
  }

  add(line: number, { code, message }: LineRefusal): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
    if (this.listed.length < limits.rejectedLinesMax) this.listed.push({ line, code, error: bounded(message) });
  }
}

function bounded(message: string): string {
  const max = limits.rejectionCharactersMax;
  return message.length <= max ? message : `${message.slice(0, max)}...`;
}
