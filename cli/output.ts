// What taba-cli prints: answers go straight through to standard output, chunk by chunk, so that one of any size takes
// no memory; complaints are single lines on standard error.

/**
 * Writes to standard output.
 *
 * @throws {ReaderGone} where nobody reads any more, as behind `| head`
 * @throws {WriteTrouble} where it fails otherwise
 */
export type Write = (bytes: Uint8Array) => Promise<void>;

export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** What was to be printed could not be written, as on a full disk. Its message is one line. */
export class WriteTrouble extends Error {
  override readonly name = "WriteTrouble";
}

const NEWLINE = 0x0a;
const WHITESPACE: ReadonlySet<number> = new Set([0x09, NEWLINE, 0x0d, 0x20]);
/** How an answer looks that holds nothing, without its whitespace. */
const EMPTY: ReadonlySet<string> = new Set(["", "{}", "[]", "null"]);

/** Copies an answer, ended by a newline, and answers whether it holds anything. Ends early, as found, without a reader. */
export async function printAnswer(chunks: AsyncIterable<Uint8Array>, write: Write): Promise<boolean> {
  let start = "";
  let last = NEWLINE;
  try {
    for await (const chunk of chunks) {
      start = extend(start, chunk);
      last = chunk.at(-1) ?? last;
      await write(chunk);
    }
    if (last !== NEWLINE) await write(Uint8Array.of(NEWLINE));
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
    return true;
  }
  return !EMPTY.has(start);
}

/** The first characters of an answer that are no whitespace: as many as tell an empty one from others. */
function extend(start: string, chunk: Uint8Array): string {
  for (let at = 0; at < chunk.length && start.length <= 4; at++) {
    if (!WHITESPACE.has(chunk[at])) start += String.fromCharCode(chunk[at]);
  }
  return start;
}

export async function printLine(line: string, write: Write): Promise<void> {
  try {
    await write(new TextEncoder().encode(`${line}\n`));
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
}

export const writeToStdout: Write = async (bytes) => {
  try {
    for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new ReaderGone("standard output is closed", { cause: error });
    throw writeTroubleOf(error);
  }
};

/** Of what the system says where something can't be written. */
export function writeTroubleOf(error: unknown): WriteTrouble {
  const cause = error instanceof Error ? error.message : String(error);
  return new WriteTrouble(`cannot write: ${cause.replace(/ \(os error \d+\)$/, "")}`, { cause: error });
}

/** Prints lines, and answers that all is well. */
export async function printLines(lines: readonly string[], shell: { readonly write: Write }): Promise<0> {
  if (lines.length > 0) await printLine(lines.join("\n"), shell.write);
  return 0;
}

/** One JSON document, on a line of its own. */
export async function printJson(value: unknown, shell: { readonly write: Write }): Promise<0> {
  await printLine(JSON.stringify(value), shell.write);
  return 0;
}
