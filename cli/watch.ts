// `taba-cli watch`: tabs as they change, a line a tab and second; at a terminal as one table with the last minute.

import { type Api, ApiTrouble, searchOf } from "./api.ts";
import { type Figure, figureOf } from "./figure.ts";
import { fullScreen, type View } from "./terminal/full_screen.ts";
import { at, entriesAt } from "./json.ts";
import { formatNumber, plural } from "./numbers.ts";
import { isJson, selectionOf, serverApi, texts } from "./options.ts";
import { ReaderGone } from "./output.ts";
import { Series } from "./series.ts";
import { type Asked, type ExitCode, type Shell, type Size, UsageTrouble } from "./shell.ts";
import { sparkline } from "./terminal/sparkline.ts";
import type { Style } from "./terminal/style.ts";
import { type Column, layOutTable } from "./terminal/table.ts";
import { clean, cut } from "./terminal/text_width.ts";
import { follow, type Seen } from "./watch_feed.ts";

/** Of more tabs it would be much to ask for the last minute. */
const FILLED_MAX = 100;

export async function watch(asked: Asked, shell: Shell): Promise<ExitCode> {
  const { names, options } = asked;
  if (names.length === 0 && options.tag === undefined) {
    throw new UsageTrouble("watch needs the names of tabs, or --tag: --regex '.*' means all tabs");
  }
  const api = serverApi(options, shell);
  const search = searchOf(selectionOf(asked));
  const feed = (signal: AbortSignal) => follow(api, { search, shell, signal });
  const { terminal } = shell;
  if (terminal === undefined || !terminal.placesCursor || isJson(options)) {
    return await printMoments(feed(new AbortController().signal), isJson(options), shell);
  }
  const title = `watching ${[...names, ...texts(options, "tag")].join(", ")} at ${api.address}`;
  const view = new WatchView(feed, { style: shell.style, title });
  // What fails at once should not flash another screen.
  await view.begin(() => lastMinute(api, search));
  return await fullScreen(view, { ...shell, terminal });
}

/** The cells of each tab, for what was before the watch began; none where the server can't tell. */
async function lastMinute(api: Api, search: URLSearchParams): Promise<ReadonlyMap<string, unknown>> {
  try {
    const rows = entriesAt(await api.readDetailed("/tabs", search), "rows");
    return new Map(rows.map(([name, row]) => [name, at(row, "detail")]));
  } catch (error) {
    if (error instanceof ApiTrouble) return new Map(); // the watch itself will tell
    throw error;
  }
}

/** Prints what comes until nobody reads it any more. */
async function printMoments(feed: AsyncGenerator<Seen>, areJson: boolean, shell: Shell): Promise<ExitCode> {
  const seriesByName = new Map<string, Series>();
  const encoder = new TextEncoder();
  let hasFound = true;
  let lack: string | undefined;
  try {
    for await (const seen of feed) {
      if (seen.kind === "tabs" && seen.lack !== lack) {
        lack = seen.lack;
        if (lack !== undefined) shell.complain(lack);
      }
      if (seen.kind === "trouble") shell.complain(seen.message);
      else if (areJson) await shell.write(encoder.encode(`${seen.json}\n`));
      else {
        if (hasFound && seen.tabs.length === 0) shell.complain("nothing found yet; watching for it");
        hasFound = seen.tabs.length > 0;
        const lines = addMoment(seriesByName, seen).map((row) => `${lineOf(row, seen.asOf)}\n`);
        if (lines.length > 0) await shell.write(encoder.encode(lines.join("")));
      }
    }
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
  return 0;
}

interface Row {
  readonly name: string;
  readonly figure: Figure;
  readonly series: Series;
}

/** Adds what was seen to the series; tabs that are gone are forgotten. */
function addMoment(seriesByName: Map<string, Series>, { asOf, tabs }: Extract<Seen, { kind: "tabs" }>): readonly Row[] {
  const names = new Set(tabs.map(([name]) => name));
  for (const name of seriesByName.keys()) if (!names.has(name)) seriesByName.delete(name);
  return tabs.map(([name, value]) => {
    const series = seriesByName.get(name) ?? new Series();
    seriesByName.set(name, series);
    const figure = figureOf(value);
    series.add(asOf, figure);
    return { name, figure, series };
  });
}

/** `2026-11-23T18:02:11Z bids per_s=12 count=436 total=571.6 p50=0.47 p99=4.37` */
function lineOf({ name, figure, series }: Row, asOf: number): string {
  const { text, count, total, p50, p99 } = figure;
  const time = `${new Date(asOf * 1000).toISOString().slice(0, 19)}Z`;
  const perS = text === undefined ? series.latest : undefined;
  // Percentiles are within 0.5 %, and a rate is no more exact than the clock: more digits would say nothing.
  const rough = (value: number | undefined) => value === undefined ? undefined : Number(value.toPrecision(4));
  const numbers = Object.entries({ per_s: rough(perS), count, total, p50: rough(p50), p99: rough(p99) })
    .flatMap(([key, value]) => value === undefined ? [] : [`${key}=${Number(value.toPrecision(15))}`]);
  return [time, clean(name), ...numbers, ...text === undefined ? [] : [`value=${JSON.stringify(clean(text))}`]].join(
    " ",
  );
}

class WatchView implements View {
  readonly #feed: AsyncGenerator<Seen>;
  readonly #aborting = new AbortController();
  readonly #columns: readonly Column[];
  readonly #style: Style;
  readonly #title: string;
  readonly #seriesByName = new Map<string, Series>();
  #rows: readonly Row[] = [];
  #asOf: number | undefined;
  #trouble: string | undefined;

  constructor(
    feed: (signal: AbortSignal) => AsyncGenerator<Seen>,
    { style, title }: { readonly style: Style; readonly title: string },
  ) {
    this.#feed = feed(this.#aborting.signal);
    this.#style = style;
    this.#title = title;
    this.#columns = [
      { title: "TAB", widthMin: 12 },
      { title: "LAST MINUTE", widthMin: 11, keepsEnd: true, leaveOut: 2, paint: style.cyan },
      { title: "NOW", align: "right", widthMin: 8 },
      { title: "COUNT", align: "right", leaveOut: 1 },
      { title: "TOTAL", align: "right", leaveOut: 3 },
      { title: "P50", align: "right", leaveOut: 5 },
      { title: "P99", align: "right", leaveOut: 4 },
    ];
  }

  /** Waits for the first thing to show. @throws {ApiTrouble} where there is no server */
  async begin(detailsByName: () => Promise<ReadonlyMap<string, unknown>>): Promise<void> {
    this.#take(await this.#feed.next());
    if (this.#rows.length === 0 || this.#rows.length > FILLED_MAX) return;
    const details = await detailsByName();
    for (const { name, series } of this.#rows) series.fill(this.#asOf ?? 0, details.get(name));
  }

  async run(changed: () => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#aborting.abort(), { once: true });
    while (!signal.aborted && this.#take(await this.#feed.next())) changed();
  }

  press(key: string): "quit" | "nothing" {
    return key === "q" ? "quit" : "nothing";
  }

  lines({ columns: width, rows }: Size): readonly string[] {
    const style = this.#style;
    const time = this.#asOf === undefined ? "" : `${new Date(this.#asOf * 1000).toISOString().slice(11, 19)} UTC  `;
    const head = [cut(`${time}${clean(this.#title)}`, width), ""];
    const foot = this.#trouble === undefined
      ? style.dim(cut("q quits", width))
      : style.red(cut(clean(this.#trouble), width));
    const room = Math.max(1, rows - head.length - 3);
    const shown = this.#rows.slice(0, this.#rows.length > room ? room - 1 : room);
    const more = this.#rows.length - shown.length;
    const table = layOutTable(this.#columns, shown.map(cellsOf), { width, style });
    return [
      ...head,
      ...this.#rows.length === 0 ? ["nothing found yet"] : table,
      ...more > 0 ? [cut(`… and ${plural(more, "more tab", "more tabs")}`, width)] : [],
      "",
      foot,
    ];
  }

  /** False where nothing more comes. */
  #take({ value: seen }: IteratorResult<Seen, unknown>): boolean {
    if (!isSeen(seen)) return false;
    this.#trouble = seen.kind === "trouble" ? seen.message : seen.lack;
    if (seen.kind === "tabs") {
      this.#rows = addMoment(this.#seriesByName, seen);
      this.#asOf = seen.asOf;
    }
    return true;
  }
}

function isSeen(seen: unknown): seen is Seen {
  return seen !== undefined;
}

function cellsOf({ name, figure, series }: Row): readonly string[] {
  const { text, count, total, p50, p99 } = figure;
  const now = text ?? (series.latest === undefined ? "" : `${formatNumber(series.latest)}/s`);
  const number = (value: number | undefined) => value === undefined ? "" : formatNumber(value);
  return [name, sparkline(series.points), now, number(count), number(total), number(p50), number(p99)];
}
