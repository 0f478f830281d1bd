// The whole of Taba on one machine in half a minute: a server, an agent, an auction service that records through the
// client, and a load on it; then taba-cli's answers, held against the service's own books to the event.
//
//   deno task demo            runs, checks and ends by itself: exit code 0 where all agreed
//   deno task demo --keep     leaves all running afterwards, until Ctrl-C

import { parseArgs } from "@std/cli/parse-args";
import { type ProgramOptions, runProgram, type Service, startService } from "../../tools/program.ts";
import { differences, lastDay } from "./check.ts";
import { Load } from "./load.ts";

const LOAD_S = 8;
/** From the last event recorded to its being seen: a client's flush, an agent's flush, and some patience. */
const SETTLE_S = 8;
/** The exit code of a program that SIGINT ended. */
const INTERRUPTED = 130;
const TABS = ["bids_won", "winning_bid_price", "auction_latency"];

const args = parseArgs(Deno.args, { boolean: ["keep"], unknown: refuseArgument });

const interrupted = Promise.withResolvers<void>();
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => interrupted.resolve());

Deno.exit(await demo());

async function demo(): Promise<number> {
  await using running = new AsyncDisposableStack();
  const start = async (options: ProgramOptions) => running.use(await startService(options));
  const server = await start({ name: "server", module: "server/main.ts", args: ["--port", "0"] });
  const agent = await start({ name: "agent", module: "agent/main.ts", args: ["--port", "0", "--server", server.url] });
  const auctions = await start({
    name: "auction service",
    module: "examples/auction/main.ts",
    args: ["--port", "0", "--agent", agent.url],
  });
  console.log(`server           ${server.url}`);
  console.log(`agent            ${agent.url}  → server`);
  console.log(`auction service  ${auctions.url}  → agent\n`);

  const loaded = applyLoad(auctions).then(() => true);
  if (!await Promise.race([loaded, interrupted.promise.then(() => false)])) return INTERRUPTED;
  const agreed = await showAnswers(server, auctions);
  if (args.keep) await keepRunning(server, auctions);
  return agreed ? 0 : 1;
}

async function applyLoad(auctions: Service): Promise<void> {
  const load = new Load(auctions.url, { connections: 8 });
  for (let second = 1, before = 0; second <= LOAD_S; second++) {
    await delay(1000);
    console.log(`${second} s of ${LOAD_S}: ${load.auctions} auctions, ${load.auctions - before}/s`);
    before = load.auctions;
  }
  await load.stop();
}

/** Prints what taba-cli says and compares it with the books. */
async function showAnswers(server: Service, auctions: Service): Promise<boolean> {
  const books: Record<string, number[]> = await (await fetch(`${auctions.url}/books`)).json();
  const deadline = Date.now() + SETTLE_S * 1000;
  let wrong = await compare(server, books);
  while (wrong.length > 0 && Date.now() < deadline) {
    await delay(250);
    wrong = await compare(server, books);
  }
  console.log(`\n$ taba-cli agg ${TABS.join(" ")}\n${await taba(server, ["agg", ...TABS])}\n`);
  for (const sentence of wrong) console.log(`WRONG: ${sentence}`);
  if (wrong.length > 0) return false;
  const counts = TABS.map((tab) => `${tab} ${books[tab]?.length}`).join(", ");
  console.log(`Checked against the auction service's own books: all agree to the event (${counts}).`);
  return true;
}

async function compare(server: Service, books: Record<string, number[]>): Promise<readonly string[]> {
  const printed = await taba(server, ["agg", ...TABS, "--json"]);
  const answers: Record<string, unknown> = printed === "" ? {} : JSON.parse(printed);
  return TABS.flatMap((tab) => {
    const answer = lastDay(answers[tab]);
    if (answer === undefined) return [`${tab}: taba-cli says nothing of it`];
    return differences(books[tab] ?? [], answer).map((difference) => `${tab}: ${difference}`);
  });
}

async function taba(server: Service, cliArgs: readonly string[]): Promise<string> {
  const { output } = await runProgram({
    name: "taba-cli",
    module: "cli/main.ts",
    args: [...cliArgs, "--server", server.url],
  });
  return output;
}

async function keepRunning(server: Service, auctions: Service): Promise<void> {
  console.log(`\nAll goes on running; Ctrl-C ends it. Try, in another terminal:
  deno task cli names --server ${server.url}
  deno task cli agg winning_bid_price --server ${server.url}
  curl --json '{"floor": 1, "bids": [{"bidder": "you", "price": 3.25}]}' ${auctions.url}/auction`);
  await interrupted.promise;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function refuseArgument(argument: string): boolean {
  console.error(`demo: unknown argument "${argument}"; the only one is --keep`);
  Deno.exit(2);
}
