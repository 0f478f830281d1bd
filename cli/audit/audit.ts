// `taba-cli audit`: reads the books of clients, agents, servers and store, and says of each line whether it balances. Figures move
// while they are read: a line that does not balance is read again for a while.

import { readAgentStatus } from "../agent_status.ts";
import { type Api, ApiTrouble } from "../api.ts";
import { at, listAt } from "../json.ts";
import { formatCount } from "../numbers.ts";
import { agentsOf, createApi, isJson, numberOption, readAddress, serverOf } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { type Asked, type ExitCode, type Shell, UsageTrouble, widthOfOutput } from "../shell.ts";
import { type Column, layOutTable } from "../terminal/table.ts";
import { clean, cut } from "../terminal/text_width.ts";
import { type ClientsBook, readClients } from "./clients.ts";
import {
  type Book,
  type Books,
  excess,
  hasStore,
  type LedgerLine,
  ledgerOf,
  refusalsOf,
  type Sum,
  total,
} from "./ledger.ts";

const SECONDS_DEFAULT = 5;
const STEP_MS = 250;

interface Entry {
  readonly line: LedgerLine;
  readonly isBalanced: boolean;
}

interface Audit {
  readonly books: Books;
  /** Each with the figures of the first reading in which it balanced, or else of the last. */
  readonly entries: readonly Entry[];
  /** Servers that the asked one knows of and that did not answer. */
  readonly unasked: readonly string[];
}

export async function audit({ names, options }: Asked, shell: Shell): Promise<ExitCode> {
  if (names.length > 0) throw new UsageTrouble(`audit takes no names: current values are ${names.join(" ")}`);
  const apiOf = (address: string) => createApi({ address, options, shell });
  const agents = agentsOf(options, shell).map(apiOf);
  const server = apiOf(serverOf(options, shell));
  const seconds = numberOption(options, "seconds", { min: 0, max: 3_600 }) ?? SECONDS_DEFAULT;
  // Before all others: what is counted later on the way is read later.
  const clients = options.clients === true ? await clientsOf(shell) : undefined;

  const until = shell.clock() + seconds;
  const balanced = new Map<string, LedgerLine>();
  let done: Audit;
  while (true) {
    const { books, unasked } = await read({ clients, agents, server, apiOf });
    const lines = ledgerOf(books);
    for (const line of lines) if (excess(line) === 0 && !balanced.has(line.what)) balanced.set(line.what, line);
    const entries = lines.map((line) => {
      const before = balanced.get(line.what);
      return { line: before ?? line, isBalanced: before !== undefined };
    });
    done = { books, entries, unasked };
    if (entries.every(({ isBalanced }) => isBalanced) || shell.clock() >= until) break;
    await shell.sleep(STEP_MS);
  }
  const isRight = hasStore(done.books) && done.entries.every(({ isBalanced }) => isBalanced);
  if (isJson(options)) await printJson(jsonOf(done, isRight), shell);
  else await printLines(linesOf(done, shell), shell);
  if (!hasStore(done.books)) shell.complain(`${server.address} has no figures of its store`);
  for (const address of done.unasked) shell.complain(`${address} could not be asked: its figures are missing`);
  return isRight ? 0 : 1;
}

async function clientsOf({ input }: Shell): Promise<ClientsBook> {
  if (input === undefined) throw new UsageTrouble("--clients needs the statuses of clients on standard input");
  return readClients(await new Response(ReadableStream.from(input)).text());
}

interface Sources {
  readonly clients: ClientsBook | undefined;
  readonly agents: readonly Api[];
  readonly server: Api;
  readonly apiOf: (address: string) => Api;
}

/** Agents first, the store last. @throws {ApiTrouble} where an agent or the server that was named can't be asked */
async function read(
  { clients, agents, server, apiOf }: Sources,
): Promise<{ readonly books: Books; readonly unasked: readonly string[] }> {
  const bookOf = async (api: Api): Promise<Book> => ({ address: api.address, status: await api.read("/status") });
  const ofAgents = await Promise.all(agents.map(async (agent): Promise<Book> => {
    return { address: agent.address, status: await readAgentStatus(agent) };
  }));
  const first = await server.read("/status");
  const urls = listAt(first, "store", "members").map((member) => at(member, "url"))
    .filter((url) => typeof url === "string")
    // A server may be known to others by another name than it was asked under.
    .filter((url) => url !== at(first, "url")).map((url) => readAddress("a server's address", url));
  const others = await Promise.allSettled(urls.map((url) => bookOf(apiOf(url))));
  const servers: Book[] = [{ address: server.address, status: first }];
  const unasked: string[] = [];
  for (const [index, other] of others.entries()) {
    if (other.status === "fulfilled") servers.push(other.value);
    else if (other.reason instanceof ApiTrouble) unasked.push(urls[index]);
    else throw other.reason;
  }
  const store = at(await server.read("/status"), "store");
  return { books: { clients, agents: ofAgents, servers, store }, unasked };
}

const REFUSAL_COLUMNS: readonly Column[] = [
  { title: "REFUSED BY", widthMin: 16 },
  { title: "WHAT", leaveOut: 1 },
  { title: "COUNT", align: "right" },
  { title: "REASON", widthMin: 12 },
];

function linesOf({ books, entries }: Audit, shell: Shell): readonly string[] {
  const { style } = shell;
  const width = widthOfOutput(shell);
  const told = entries.flatMap(({ line, isBalanced }) => {
    const verdict = isBalanced ? "in balance" : `off by ${formatCount(excess(line))}`;
    const sums = `  ${sideOf(line.left)} ${line.relation} ${sideOf(line.right)}`;
    const what = cut(clean(line.what), Math.max(1, width - verdict.length - 2));
    const paint = isBalanced ? style.green : style.red;
    return [`${style.bold(what)}: ${paint(verdict)}`, cut(clean(sums), width)];
  });
  const refusals = [...refusalsOf(books)].map(({ who, of, reason, count }) => [who, of, formatCount(count), reason]);
  return [
    ...told,
    "",
    ...refusals.length === 0 ? ["nothing was refused"] : layOutTable(REFUSAL_COLUMNS, refusals, { width, style }),
  ];
}

/** `7 (folded 5 + replayed 2)`, or `5 folded` where there is one, or all others are 0. */
function sideOf(sums: readonly Sum[]): string {
  const parts = sums.length === 1 ? sums : sums.filter(({ events }) => events !== 0);
  if (parts.length === 1) return `${formatCount(parts[0].events)} ${parts[0].name}`;
  if (parts.length === 0) return "0";
  return `${formatCount(total(sums))} (${
    parts.map(({ name, events }) => `${name} ${formatCount(events)}`).join(" + ")
  })`;
}

function jsonOf({ books, entries, unasked }: Audit, isBalanced: boolean) {
  const side = (sums: readonly Sum[]) => Object.fromEntries(sums.map(({ name, events }) => [name, events]));
  return {
    isBalanced,
    lines: entries.map(({ line, isBalanced }) => ({
      what: line.what,
      isBalanced,
      left: side(line.left),
      relation: line.relation,
      right: side(line.right),
      excess: excess(line),
    })),
    refused: [...refusalsOf(books)],
    unasked,
  };
}
