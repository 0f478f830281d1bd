// The commands that ask a server and print its answer as it is, chunk by chunk, with nothing in it that a terminal would
// obey where there is one; and the names that a shell completes.

import { ApiTrouble, type Selection, type View } from "./api.ts";
import { isJson, selectionOf, serverApi } from "./options.ts";
import { printAnswer } from "./output.ts";
import { type Asked, type ExitCode, type Shell, UsageTrouble } from "./shell.ts";
import { clean } from "./terminal/text_width.ts";

/** Asks the server and prints its answer. The names are those of tabs, or of clients where these are asked for. */
export async function look(view: View, asked: Asked, shell: Shell): Promise<ExitCode> {
  const { names, options } = asked;
  const selected = selectionOf(asked);
  const selection: Selection = view === "clients" ? { ...selected, names: [], clients: names } : selected;
  const answer = await serverApi(options, shell).ask(view, { selection, isJson: isJson(options) });
  // The status is JSON in any case: people get it in lines.
  const told = view === "status" && !isJson(options) ? inLines(answer) : answer;
  const isForPeople = shell.terminal !== undefined && !isJson(options);
  const isFound = await printAnswer(isForPeople ? cleaned(told) : told, shell.write);
  if (!isFound) shell.complain("nothing found");
  return isFound ? 0 : 1;
}

/** Names for a shell to complete; none where there is no server, since a shell can show no trouble. */
export async function completions(view: "names" | "clients", shell: Shell): Promise<string[]> {
  try {
    const answer = await serverApi({ timeout: "1" }, shell).ask(view, {
      selection: { names: [], clients: [], isRegex: false, tags: [] },
      isJson: false,
    });
    return (await textOf(answer)).split("\n").filter((name) => name !== "");
  } catch (error) {
    if (error instanceof ApiTrouble || error instanceof UsageTrouble) return [];
    throw error;
  }
}

async function* inLines(json: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const text = await textOf(json);
  let lines = text;
  try {
    lines = JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // no JSON, so not from a server of ours: shown as it is
  }
  yield new TextEncoder().encode(lines);
}

/** Characters may be cut between chunks. */
async function* cleaned(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  const clear = (text: string) => encoder.encode(text.split("\n").map(clean).join("\n"));
  for await (const chunk of chunks) yield clear(decoder.decode(chunk, { stream: true }));
  yield clear(decoder.decode());
}

async function textOf(answer: AsyncIterable<Uint8Array>): Promise<string> {
  return await new Response(ReadableStream.from(answer)).text();
}
