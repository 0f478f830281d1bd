// `taba-cli bench`: puts load on a server or an agent, says what became of every event, and asks whether the cluster has
// what was accepted.

import { type Api, ApiTrouble, searchOf } from "../api.ts";
import { BenchBodies, type BenchPlan, patternsOf } from "./bench_bodies.ts";
import { Load } from "./bench_load.ts";
import { entriesAt, numberAt, sumOf } from "../json.ts";
import { histogram, progressBar, summaryTable } from "./latencies.ts";
import { formatBytes, formatCount, formatNumber, formatSeconds, plural } from "../numbers.ts";
import { createApi, isJson, numberOption, readAddress, serverApi, serverOf, text } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { senderId } from "../sender_id.ts";
import { type Asked, type ExitCode, type Options, type Shell, UsageTrouble, widthOfOutput } from "../shell.ts";
import { placesCursor } from "../terminal/style.ts";
import { clean, cut, padEnd } from "../terminal/text_width.ts";

const SECONDS_DEFAULT = 10;
const EVENTS_A_POST = 1_000;
/** A rate is spread over so many posts a second, unless they became too large. */
const POSTS_A_SECOND = 100;
/** What was accepted goes through an agent's and a drain's hands first. */
const SETTLE_S = 15;
const SETTLE_STEP_MS = 250;
const PROGRESS_MS = 200;
const BAR_WIDTH = 30;
const COLUMNS_DEFAULT = 80;

/** Width of what stands before the figures of a report. */
const LABEL_WIDTH = 8;

type Verdict = {
  readonly kind: "asked";
  /** Of this run, in the tabs. */
  readonly found: number;
  readonly isRight: boolean;
  readonly seconds: number;
} | { readonly kind: "unanswered"; readonly why: string };

export async function bench({ names, options }: Asked, shell: Shell): Promise<ExitCode> {
  if (names.length > 0) throw new UsageTrouble(`bench takes no names: current values are ${names.join(" ")}`);
  const given = text(options, "url");
  const address = given === undefined ? serverOf(options, shell) : readAddress("--url", given);
  const api = createApi({ address, options, shell });
  const plan: BenchPlan = {
    run: senderId("run", shell.random),
    tabs: countOption(options, "tabs") ?? 100,
    clients: countOption(options, "clients") ?? 1,
    isRaw: options.raw === true,
  };
  const load = createLoad(plan, { api, options, shell });
  const server = serverApi(options, shell);
  // Where nobody listens, or no Taba, that is told in place of a report.
  for (const asked of server.address === address ? [api] : [api, server]) await asked.read("/status");

  const code = await runLoad(load, shell);
  const verdict = await verify(plan, { load, api: server, shell });
  if (isJson(options)) await printJson({ url: address, ...reportOf(load, verdict) }, shell);
  else await printLines(linesOf({ address, plan, load, verdict }, shell), shell);
  if (verdict.kind === "unanswered") shell.complain(`not verified: ${verdict.why}`);
  return code ?? (verdict.kind === "unanswered" ? 2 : verdict.isRight && load.accepted > 0 ? 0 : 1);
}

function createLoad(
  plan: BenchPlan,
  { api, options, shell }: { readonly api: Api; readonly options: Options; readonly shell: Shell },
): Load {
  const { clock, random, sleep } = shell;
  const eventsMax = countOption(options, "events");
  const rate = numberOption(options, "rate", { min: 0.001, max: 1e9 });
  const secondsMax = numberOption(options, "seconds", { min: 0.001, max: 86_400 }) ??
    (eventsMax === undefined ? SECONDS_DEFAULT : Infinity);
  return new Load({
    api,
    bodies: new BenchBodies(plan, { clock, random }),
    sender: plan.run,
    connections: numberOption(options, "connections", { min: 1, max: 1_000, isWhole: true }) ?? 4,
    eventsAPost: rate === undefined ? EVENTS_A_POST : Math.min(EVENTS_A_POST, Math.ceil(rate / POSTS_A_SECOND)),
    rate,
    eventsMax: eventsMax ?? Infinity,
    secondsMax,
    ...{ clock, random, sleep },
  });
}

function countOption(options: Options, name: string): number | undefined {
  return numberOption(options, name, { min: 1, max: 1e12, isWhole: true });
}

/** The exit code of the signal that ended it early, if one did. Whoever sends a second one does not wait for answers. */
async function runLoad(load: Load, shell: Shell): Promise<ExitCode | undefined> {
  const done = new AbortController();
  const hurried = Promise.withResolvers<void>();
  let code: ExitCode | undefined;
  using _signals = shell.onEnd((signalled) => {
    if (code !== undefined) hurried.resolve();
    code = signalled;
    load.stop();
  });
  const progress = showProgress(load, { shell, signal: done.signal });
  try {
    await Promise.race([load.run(), hurried.promise]);
  } finally {
    done.abort();
    await progress;
  }
  return code;
}

async function showProgress(
  load: Load,
  { shell, signal }: { readonly shell: Shell; readonly signal: AbortSignal },
): Promise<void> {
  const { show, sleep } = shell;
  if (show === undefined || !placesCursor(shell.env)) return;
  while (!signal.aborted) {
    const rate = load.seconds > 0 ? load.accepted / load.seconds : 0;
    const figures = ` ${formatNumber(load.accepted)} events, ${formatNumber(rate)}/s`;
    // On a line of its own, whatever its width: one that wraps could not be painted over.
    const room = (shell.terminal?.size().columns ?? COLUMNS_DEFAULT) - 1;
    const bar = progressBar(load.share, Math.max(0, Math.min(BAR_WIDTH, room - figures.length - 2)));
    show(`\r${cut(bar + figures, room)}\x1b[K`);
    await sleep(PROGRESS_MS, signal);
  }
  show("\r\x1b[K");
}

/** Asks until all that was accepted is there, or for a while: what is unknown may be there as well. */
async function verify(
  plan: BenchPlan,
  { load, api, shell }: { readonly load: Load; readonly api: Api; readonly shell: Shell },
): Promise<Verdict> {
  const patterns = patternsOf(plan);
  const selection = { names: [patterns.tabs], clients: [patterns.clients], isRegex: true, tags: [] };
  const begun = shell.clock();
  while (true) {
    const found = await countIn(api, searchOf(selection));
    const seconds = shell.clock() - begun;
    const isOver = seconds > SETTLE_S;
    if (found instanceof ApiTrouble) {
      if (isOver) return { kind: "unanswered", why: found.message };
    } else {
      const isRight = found >= load.accepted && found <= load.accepted + load.unknown;
      if (isRight || isOver || found > load.sent) return { kind: "asked", found, isRight, seconds };
    }
    await shell.sleep(SETTLE_STEP_MS);
  }
}

/** The events of the last day in these tabs, or why nobody can tell now. */
async function countIn(api: Api, search: URLSearchParams): Promise<number | ApiTrouble> {
  try {
    const answer = await api.read("/supertabs", search);
    return entriesAt(answer).reduce((sum, [, value]) => sum + (numberAt(value, "1d", "count") ?? 0), 0);
  } catch (error) {
    if (error instanceof ApiTrouble) return error;
    throw error;
  }
}

function reportOf(load: Load, verdict: Verdict) {
  const { sent, accepted, unknown, refused, posts, repeats, bytes, seconds, latencies } = load;
  return {
    seconds,
    events: { sent, accepted, unknown, refused: Object.fromEntries(refused), perS: accepted / seconds },
    posts: { made: posts, repeated: repeats, bytes },
    latencyS: latencies.summary(),
    histogram: latencies.steps(),
    found: verdict.kind === "asked" ? { events: verdict.found, isRight: verdict.isRight } : { error: verdict.why },
  };
}

interface Report {
  readonly address: string;
  readonly plan: BenchPlan;
  readonly load: Load;
  readonly verdict: Verdict;
}

function linesOf({ address, plan, load, verdict }: Report, shell: Shell): readonly string[] {
  const { style } = shell;
  const width = widthOfOutput(shell);
  const { sent, accepted, unknown, refused, posts, repeats, bytes, seconds, latencies } = load;
  const what = `${plan.isRaw ? "raw" : "folded"} events, ${plural(plan.tabs, "tab")}, ${
    plural(plan.clients, "client")
  }`;
  const again = repeats === 0 ? "" : `, ${plural(repeats, "post")} repeated`;
  const fact = (label: string, text: string, paint = (shown: string) => shown) => {
    const shown = cut(clean(text), Math.max(0, width - LABEL_WIDTH - 2));
    return `${style.bold(padEnd(label, LABEL_WIDTH))}  ${paint(shown)}`;
  };
  const took = [
    ...summaryTable(latencies.summary(), { width, style }),
    ...histogram(latencies.steps(), width).map((line) => cut(line, width)),
  ];
  return [
    cut(`${what} to ${address}`, width),
    "",
    fact("sent", `${formatCount(sent)} in ${plural(posts, "post")} (${formatBytes(bytes)})${again}`),
    fact("accepted", `${formatCount(accepted)} in ${formatSeconds(seconds)}: ${formatNumber(accepted / seconds)}/s`),
    fact("refused", formatCount(sumOf(refused))),
    ...[...refused].map(([reason, events]) => fact("", `  ${formatCount(events)}: ${reason}`)),
    fact("unknown", formatCount(unknown)),
    "",
    ...took,
    ...took.length > 0 ? [""] : [],
    verdict.kind === "unanswered" ? fact("verified", "no", style.red) : fact(
      "verified",
      `${formatCount(verdict.found)} of ${formatCount(accepted)} accepted are in the tabs ` +
        `(asked for ${formatSeconds(verdict.seconds)})`,
      verdict.isRight ? style.green : style.red,
    ),
  ];
}
