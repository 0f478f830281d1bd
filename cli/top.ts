// `taba-cli top`: the busiest tabs, clients or tags. At a terminal a view that stays up to date and obeys keys; else the
// answer once.

import { type Api, ApiTrouble } from "./api.ts";
import { fullScreen, type View } from "./terminal/full_screen.ts";
import { listAt, numberAt, textAt } from "./json.ts";
import { formatCount, formatNumber } from "./numbers.ts";
import { choiceOption, isJson, numberOption, serverApi } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { type Asked, type ExitCode, type Shell, type Size, UsageTrouble, widthOfOutput } from "./shell.ts";
import type { Style } from "./terminal/style.ts";
import { type Column, layOutTable } from "./terminal/table.ts";
import { clean, cut } from "./terminal/text_width.ts";

const OF = ["tabs", "clients", "tags"] as const;
const WINDOWS = ["1m", "10m", "1h", "1d"] as const;
const BY = ["count", "total"] as const;
const SECONDS: Readonly<Record<typeof WINDOWS[number], number>> = { "1m": 60, "10m": 600, "1h": 3600, "1d": 86_400 };
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1000;
const REFRESH_MS = 2_000;

interface Question {
  readonly of: typeof OF[number];
  readonly window: typeof WINDOWS[number];
  readonly by: typeof BY[number];
}

interface Answer {
  readonly question: Question;
  readonly asOf: number | undefined;
  readonly rows: readonly { readonly name: string; readonly count: number; readonly total: number }[];
}

export async function top({ names, options }: Asked, shell: Shell): Promise<ExitCode> {
  if (names.length > 0) throw new UsageTrouble(`top takes no names: current values are ${names.join(" ")}`);
  const api = serverApi(options, shell);
  const question: Question = {
    of: choiceOption(options, "of", OF),
    window: choiceOption(options, "window", WINDOWS),
    by: choiceOption(options, "by", BY),
  };
  const limit = numberOption(options, "limit", { min: 1, max: LIMIT_MAX, isWhole: true });
  const { style, terminal } = shell;
  if (isJson(options) || terminal === undefined || !terminal.placesCursor) {
    const read = await api.read("/top", searchOf(question, limit ?? LIMIT_DEFAULT));
    const answer = answerOf(question, read);
    const isFound = answer.rows.length > 0;
    if (isJson(options)) await printJson(read, shell);
    else if (isFound) await printLines(tableOf(answer, { width: widthOfOutput(shell), style }), shell);
    if (!isFound) shell.complain("nothing found");
    return isFound ? 0 : 1;
  }
  const view = new TopView({ api, question, limit: () => limit ?? terminal.size().rows, shell });
  await view.begin();
  return await fullScreen(view, { ...shell, terminal });
}

function searchOf({ of, window, by }: Question, limit: number): URLSearchParams {
  return new URLSearchParams({ of, window, by, limit: String(Math.min(limit, LIMIT_MAX)) });
}

function answerOf(question: Question, read: unknown): Answer {
  const rows = listAt(read, "rows").map((row) => ({
    name: textAt(row, "name") ?? "",
    count: numberAt(row, "count") ?? 0,
    total: numberAt(row, "total") ?? 0,
  }));
  return { question, asOf: numberAt(read, "asOf"), rows };
}

const COLUMNS: readonly Column[] = [
  { title: "#", align: "right", leaveOut: 2 },
  { title: "NAME", widthMin: 12 },
  { title: "COUNT", align: "right" },
  { title: "PER S", align: "right", leaveOut: 3 },
  { title: "TOTAL", align: "right", leaveOut: 1 },
];

function tableOf(
  { question, rows }: Answer,
  options: { readonly width: number; readonly style: Style },
): readonly string[] {
  const cells = rows.map(({ name, count, total }, index) => [
    String(index + 1),
    name,
    formatCount(count),
    formatNumber(count / SECONDS[question.window]),
    formatNumber(total),
  ]);
  return layOutTable(COLUMNS, cells, options);
}

interface TopParts {
  readonly api: Api;
  readonly question: Question;
  readonly limit: () => number;
  readonly shell: Pick<Shell, "sleep" | "style">;
}

class TopView implements View {
  readonly #parts: TopParts;
  #question: Question;
  #answer: Answer;
  #trouble: string | undefined;
  #waking = new AbortController();

  constructor(parts: TopParts) {
    this.#parts = parts;
    this.#question = parts.question;
    this.#answer = { question: parts.question, asOf: undefined, rows: [] };
  }

  /** Waits for the first answer. @throws {ApiTrouble} where there is none */
  async begin(): Promise<void> {
    const { api, limit } = this.#parts;
    const question = this.#question;
    this.#answer = answerOf(question, await api.read("/top", searchOf(question, limit())));
  }

  async run(changed: () => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#waking.abort(), { once: true });
    while (true) {
      // A key that was pressed while the last answer came has woken this already.
      await this.#parts.shell.sleep(REFRESH_MS, this.#waking.signal);
      if (signal.aborted) return;
      this.#waking = new AbortController();
      await this.#refresh();
      changed();
    }
  }

  press(key: string): "quit" | "changed" | "nothing" {
    const { of, window, by } = this.#question;
    switch (key) {
      case "q":
        return "quit";
      case "s":
        return this.#turn({ of, window, by: next(BY, by) });
      case "w":
        return this.#turn({ of, window: next(WINDOWS, window), by });
      case "o":
        return this.#turn({ of: next(OF, of), window, by });
      default:
        return "nothing";
    }
  }

  lines({ columns: width, rows }: Size): readonly string[] {
    const { style } = this.#parts.shell;
    const { of, window, by } = this.#question;
    const { asOf } = this.#answer;
    const time = asOf === undefined ? "" : `${new Date(asOf * 1000).toISOString().slice(11, 19)} UTC  `;
    const head = cut(`${time}top ${of} of ${window} by ${by} at ${this.#parts.api.address}`, width);
    const foot = this.#trouble === undefined
      ? style.dim(cut(`q quits  s sorts by ${next(BY, by)}  w ${next(WINDOWS, window)}  o ${next(OF, of)}`, width))
      : style.red(cut(clean(this.#trouble), width));
    const shown = { ...this.#answer, rows: this.#answer.rows.slice(0, Math.max(1, rows - 5)) };
    const table = shown.rows.length === 0 ? ["nothing found yet"] : tableOf(shown, { width, style });
    return [head, "", ...table, "", foot];
  }

  #turn(question: Question): "changed" {
    this.#question = question;
    this.#waking.abort();
    return "changed";
  }

  async #refresh(): Promise<void> {
    try {
      await this.begin();
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof ApiTrouble)) throw error;
      this.#trouble = `${error.message}; trying again`;
    }
  }
}

function next<Value>(values: readonly Value[], value: Value): Value {
  return values[(values.indexOf(value) + 1) % values.length];
}
