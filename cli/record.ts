// `taba-cli record`: one event, or one a line of standard input, posted to a server or an agent. A post that failed is
// repeated under its own (sender, seq), so that an event counts once whatever became of the first try.

import { backoffMs } from "../core/backoff.ts";
import { DEFAULT_TYPE, type Json, type PostAnswer } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { formatTab, nameProblem } from "../core/names.ts";
import { LineSplitter } from "../core/wire/line_splitter.ts";
import type { EventsLine } from "../core/wire/ndjson.ts";
import { type Api, ApiTrouble } from "./api.ts";
import { createApi, isJson, readAddress, serverOf, text, texts } from "./options.ts";
import { printLine } from "./output.ts";
import { senderId } from "./sender_id.ts";
import { type Asked, type ExitCode, type Shell, UsageTrouble } from "./shell.ts";

const TRIES_MAX = 5;
const BACKOFF = { firstMs: 250, maxMs: 4_000 };

/** A value, or why there is none, and the line of the input that it stands in. */
interface Entry {
  readonly number: number;
  readonly value: Json;
}

export async function record({ names, options }: Asked, shell: Shell): Promise<ExitCode> {
  const [name = "", value, ...more] = names;
  if (more.length > 0) throw new UsageTrouble(`record takes one value: current values are ${names.slice(1).join(" ")}`);
  const tab = formatTab(name, readTags(texts(options, "tag")));
  const client = text(options, "client");
  for (const named of client === undefined ? [tab] : [tab, client]) refuseIllegal(named);
  const agent = text(options, "agent");
  const address = agent === undefined ? serverOf(options, shell) : readAddress("--agent", agent);
  const api = createApi({ address, options, shell });
  const recorder = new Recorder({ api, tab, type: text(options, "type") ?? DEFAULT_TYPE, client, shell });

  if (value !== undefined) await recorder.post([{ number: 1, value: readValue(value) }]);
  else if (shell.input !== undefined) await recorder.postLines(shell.input);
  else throw new UsageTrouble("record needs a value, or values on standard input, one a line");

  const { recorded, refused } = recorder;
  await printLine(
    isJson(options) ? JSON.stringify({ recorded, refused }) : `recorded ${events(recorded)}`,
    shell.write,
  );
  return refused > 0 ? 2 : recorded > 0 ? 0 : 1;
}

interface RecorderParts {
  readonly api: Api;
  readonly tab: string;
  readonly type: string;
  readonly client: string | undefined;
  readonly shell: Shell;
}

class Recorder {
  recorded = 0;
  refused = 0;
  readonly #parts: RecorderParts;
  readonly #sender: string;
  #seq = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#sender = senderId("cli", parts.shell.random);
  }

  /**
   * Posts what each piece of the input holds, so that lines of a slow input are not kept waiting and those of a fast
   * one go together. Meanwhile nothing is read: the input waits.
   */
  async postLines(input: AsyncIterable<Uint8Array>): Promise<void> {
    const lines = new LineSplitter(limits.lineBytesMax);
    for await (const bytes of input) {
      lines.feed(bytes);
      await this.post(this.#entries(lines));
    }
    lines.finish();
    await this.post(this.#entries(lines));
  }

  /** One line of the post for each entry, so that one that is refused takes no other with it. */
  async post(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const { tab, type, shell } = this.#parts;
    const answer = await this.#deliver(entries.map(({ value }) => ({ tab, type, events: [[null, value]] })));
    const refused = answer.rejected.length + (answer.rejectedMore ?? 0);
    // Not by the events that the answer counts: of a repeated batch, those had counted before.
    this.recorded += entries.length - refused;
    this.refused += refused;
    // The header is the first line of the body.
    for (const { line, error } of answer.rejected) {
      shell.complain(`line ${entries[line - 2]?.number ?? line}: ${error}`);
    }
    if (answer.rejectedMore !== undefined) shell.complain(`${answer.rejectedMore} more lines were refused`);
  }

  #entries(lines: LineSplitter): readonly Entry[] {
    const entries: Entry[] = [];
    const decoder = new TextDecoder();
    while (lines.next()) {
      const { number, isTooLong } = lines;
      const line = decoder.decode(lines.bytes.subarray(lines.start, lines.end)).trim();
      if (isTooLong) this.#refuse(number, `a line may have ${limits.lineBytesMax} bytes`);
      else if (line !== "") entries.push({ number, value: readValue(line) });
    }
    return entries;
  }

  #refuse(number: number, why: string): void {
    this.refused++;
    this.#parts.shell.complain(`line ${number}: ${why}`);
  }

  async #deliver(lines: readonly EventsLine[]): Promise<PostAnswer> {
    const { api, client, shell } = this.#parts;
    const seq = this.#seq++;
    const id = { sender: this.#sender, seq, low: seq };
    for (let tries = 1;; tries++) {
      try {
        return await api.post(lines, { id, client });
      } catch (error) {
        if (!(error instanceof ApiTrouble) || error.retryAfterMs === undefined || tries === TRIES_MAX) {
          if (this.recorded > 0) shell.complain(`recorded ${events(this.recorded)} before this:`);
          throw error;
        }
        await shell.sleep(Math.max(error.retryAfterMs, backoffMs(tries, BACKOFF, shell.random)));
      }
    }
  }
}

/** A value as JSON, or the text itself where it is none: `3.25`, `2.4.1`, `["v2", 1400003600]`. */
function readValue(text: string): Json {
  try {
    const value = JSON.parse(text);
    // A number past the largest would go out as null: as a text it is refused, or kept, as what was typed.
    return value === Infinity || value === -Infinity ? text : value;
  } catch {
    return text;
  }
}

function readTags(tags: readonly string[]): ReadonlyMap<string, string> {
  return new Map(tags.map((tag) => {
    const equals = tag.indexOf("=");
    if (equals <= 0) throw new UsageTrouble(`--tag must be key=value: current value is ${JSON.stringify(tag)}`);
    return [tag.slice(0, equals), tag.slice(equals + 1)];
  }));
}

function refuseIllegal(name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new UsageTrouble(`a name ${problem}`);
}

function events(count: number): string {
  return count === 1 ? "1 event" : `${count} events`;
}
