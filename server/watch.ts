// `GET /watch`: what `/tabs` shows, at once and then once a second, as server-sent events. Those who watch the same share
// one query a second and the bytes of its answer; a watcher that is slower than that gets the newest and misses what was
// between, so that nobody grows the memory. Trouble of the store is told as an event, and the watch goes on.

import { accept, refuse, type RequestRefusal, type Result } from "../core/refusal.ts";
import { limits } from "../core/limits.ts";
import type { Clock, Sleep } from "../core/world.ts";
import { refused } from "../service/answers.ts";
import { background } from "../service/background.ts";
import type { Query } from "./query.ts";
import { compareRows, type Row, rowOf } from "./render.ts";
import type { Selection } from "./selection.ts";
import { StoreTrouble } from "./store/store.ts";
import { Watcher } from "./watcher.ts";

export interface WatchOptions {
  readonly query: Query;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** From one look to the next. One that takes longer than half of it is followed by as long a rest. */
const BEAT_MS = 1000;
/** Which tabs a pattern or tags select is looked up this often: to list all there are takes longer than to read a few. */
const LIST_S = 5;
/** A look that takes longer is bridged by comments, so that nobody takes the connection for dead. */
const HEARTBEAT_MS = 5000;

const STOPPING: RequestRefusal = { code: "stopping", message: "cannot watch as this server is stopping" };

const encoder = new TextEncoder();

export class Watches {
  readonly #options: WatchOptions;
  readonly #watchByKey = new Map<string, Watch>();
  #watchers = 0;
  #hasEnded = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** How many watch now. */
  get watchers(): number {
    return this.#watchers;
  }

  /** Selections with the same `key` are the same. Answers once there is something to show, or a reason why not. */
  async open(selection: Selection, key: string): Promise<Response> {
    if (this.#hasEnded) return refused(STOPPING);
    if (this.#watchers >= limits.watchersMax) {
      const message = `cannot let more than ${limits.watchersMax} watch at once: ask again later, or another server`;
      return refused({ code: "over_capacity", message });
    }
    const watch = this.#watchByKey.get(key) ?? this.#start(selection, key);
    const watcher = new Watcher((gone) => {
      this.#watchers--;
      watch.leave(gone);
    });
    this.#watchers++;
    watch.join(watcher);
    const refusal = await watch.opened;
    if (refusal !== undefined) return refused(refusal);
    return new Response(watcher.body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  /** Ends all watches, and lets nobody watch any more. */
  end(): void {
    this.#hasEnded = true;
    for (const watch of this.#watchByKey.values()) watch.end();
  }

  #start(selection: Selection, key: string): Watch {
    const watch = new Watch(selection, {
      ...this.#options,
      onEnd: () => {
        if (this.#watchByKey.get(key) === watch) this.#watchByKey.delete(key);
      },
    });
    this.#watchByKey.set(key, watch);
    background("watching", watch.run());
    return watch;
  }
}

/** One selection, and all who watch it. Lives until the last of them has gone. */
class Watch {
  /** Settled by the first look: undefined, or why what is asked for can't be watched. */
  readonly opened: Promise<RequestRefusal | undefined>;
  readonly #selection: Selection;
  readonly #options: WatchOptions & { readonly onEnd: () => void };
  readonly #settle: (refusal: RequestRefusal | undefined) => void;
  readonly #watchers = new Set<Watcher>();
  readonly #ending = new AbortController();
  #newest: Uint8Array | undefined;
  /** The selection with the names that it was last found to stand for. */
  #listed: { readonly selection: Selection; readonly until: number } | undefined;

  constructor(selection: Selection, options: WatchOptions & { readonly onEnd: () => void }) {
    const { promise, resolve } = Promise.withResolvers<RequestRefusal | undefined>();
    this.opened = promise;
    this.#settle = resolve;
    this.#selection = selection;
    this.#options = options;
  }

  join(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#newest !== undefined) watcher.offer(this.#newest);
  }

  leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) this.end();
  }

  end(): void {
    this.#options.onEnd();
    this.#ending.abort();
    this.#settle(STOPPING); // for those who still wait for the first look
    for (const watcher of this.#watchers) watcher.end();
  }

  async run(): Promise<void> {
    const { clock, sleep } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const begun = clock();
      const looked = await this.#bridged(this.#look(begun));
      // What was refused from the first is no event but an answer.
      const refusal = looked.kind === "refused" && this.#newest === undefined ? looked.refusal : undefined;
      this.#settle(refusal);
      if (refusal !== undefined) this.end();
      this.#newest = encoder.encode(eventOf(looked));
      for (const watcher of this.#watchers) watcher.offer(this.#newest);
      const tookMs = 1000 * (clock() - begun);
      await sleep(Math.max(BEAT_MS - tookMs, tookMs), signal);
    }
  }

  async #look(now: number): Promise<Looked> {
    try {
      // Of a group a part would be shown as the whole.
      const missing = this.#selection.by.length === 0 ? new Set<string>() : undefined;
      const rows = await this.#rows(now, missing);
      if (!rows.ok) return { kind: "refused", refusal: rows.refusal };
      return { kind: "tabs", now, rows: rows.value, missing };
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error;
      return { kind: "trouble", why: `cannot look: ${error.message}` };
    }
  }

  async #rows(now: number, missing: Set<string> | undefined): Promise<Result<readonly Row[], RequestRefusal>> {
    const found = await this.#options.query.shown(await this.#selectionAt(now, missing), missing);
    if (!found.ok) return found;
    const { watchedTabsMax, watchedCharactersMax } = limits;
    const rows: Row[] = [];
    let characters = 0;
    for await (const one of found.value) {
      if (this.#ending.signal.aborted) break;
      const row = rowOf(one, "json", now);
      characters += row.name.length + row.value.length;
      if (rows.push(row) > watchedTabsMax) return tooMuch(`more than ${watchedTabsMax} tabs`);
      if (characters > watchedCharactersMax) return tooMuch(`more than ${watchedCharactersMax} characters`);
    }
    return accept(rows.sort(compareRows));
  }

  async #selectionAt(now: number, missing: Set<string> | undefined): Promise<Selection> {
    if (this.#selection.tabs.kind === "exact") return this.#selection;
    if (this.#listed !== undefined && now < this.#listed.until) return this.#listed.selection;
    this.#listed = undefined;
    const names = new Set<string>();
    for await (const [name] of this.#options.query.types(this.#selection.tabs, missing)) {
      if (names.add(name).size > limits.watchedNamesMax || this.#ending.signal.aborted) return this.#selection;
    }
    const selection: Selection = { ...this.#selection, tabs: { kind: "exact", names } };
    if (!missing?.size) this.#listed = { selection, until: now + LIST_S };
    return selection;
  }

  async #bridged(looking: Promise<Looked>): Promise<Looked> {
    const isDone = new AbortController();
    const done = () => isDone.abort();
    const settled = looking.then(done, done);
    while (!isDone.signal.aborted) {
      await this.#options.sleep(HEARTBEAT_MS, isDone.signal);
      if (!isDone.signal.aborted) { for (const watcher of this.#watchers) watcher.comfort(); }
    }
    await settled;
    return await looking;
  }
}

type Looked =
  | {
    readonly kind: "tabs";
    readonly now: number;
    readonly rows: readonly Row[];
    /** Shards that could not be read, and may hold more. */
    readonly missing: ReadonlySet<string> | undefined;
  }
  | { readonly kind: "refused"; readonly refusal: RequestRefusal }
  | { readonly kind: "trouble"; readonly why: string };

/** JSON has no line ends, which would end the event's data. */
function eventOf(looked: Looked): string {
  switch (looked.kind) {
    case "tabs": {
      const tabs = looked.rows.map(({ name, value }) => `${JSON.stringify(name)}:${value}`);
      const missing = looked.missing?.size ? `,"missing":${JSON.stringify([...looked.missing])}` : "";
      return `event: tabs\ndata: {"asOf":${looked.now},"tabs":{${tabs.join(",")}}${missing}}\n\n`;
    }
    case "refused":
      return troubleOf(looked.refusal.message);
    case "trouble":
      return troubleOf(looked.why);
  }
}

function troubleOf(error: string): string {
  return `event: trouble\ndata: ${JSON.stringify({ error })}\n\n`;
}

function tooMuch(what: string) {
  return refuse("query_illegal", `cannot watch ${what}: ask for fewer, by name, re or tag, or reduce them with by`);
}
