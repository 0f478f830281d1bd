// `GET /metrics`: the server's own figures, then the tabs, for Prometheus. `only=own` and `only=tabs` ask for one of the
// two: every server of a cluster has the same tabs, so one of them is enough to ask for those.

import { limits } from "../../core/limits.ts";
import { quote } from "../../core/quote.ts";
import { accept, refuse, type RequestRefusal, type Result } from "../../core/refusal.ts";
import { refused } from "../../service/answers.ts";
import { compressed } from "../../service/negotiation.ts";
import { PROMETHEUS_TYPE } from "../../service/prometheus.ts";
import type { Query } from "../query.ts";
import { streamedAs } from "../render.ts";
import type { Selection } from "../selection.ts";
import { type MetricsParts, serverMetrics } from "./server_metrics.ts";
import { type AskTabs, SampleRoom, tabsMetrics } from "./tab_metrics.ts";

export class Metrics {
  readonly #parts: MetricsParts;
  readonly #query: Query;
  readonly #room = new SampleRoom(limits.metricsSamplesHeldMax);

  constructor(parts: MetricsParts, query: Query) {
    this.#parts = parts;
    this.#query = query;
  }

  /** The tabs are those of `/tabs`. Where the store can't be reached the server's own figures say so, without tabs. */
  async answer(request: Request, selection: Selection): Promise<Response> {
    const only = readOnly(new URL(request.url).searchParams);
    if (!only.ok) return refused(only.refusal);
    const own = only.value === "tabs" ? undefined : await serverMetrics(this.#parts);
    const hasTabs = only.value !== "own" && own?.hasStore !== false;
    const groups = hasTabs && selection.by.length > 0 ? await this.#query.groups(selection) : undefined;
    if (groups?.ok === false) return refused(groups.refusal);
    const askTabs = () => groups?.value ?? this.#query.aggregates(selection);
    const pieces = this.#pieces(own?.text ?? "", hasTabs ? askTabs : undefined);
    return compressed(await streamedAs(pieces, PROMETHEUS_TYPE), request);
  }

  async *#pieces(own: string, askTabs: AskTabs | undefined): AsyncGenerator<string> {
    yield own;
    if (askTabs !== undefined) yield* tabsMetrics(askTabs, { now: this.#parts.clock(), room: this.#room });
  }
}

function readOnly(search: URLSearchParams): Result<"own" | "tabs" | undefined, RequestRefusal> {
  const only = search.get("only");
  if (only === null) return accept(undefined);
  if (only === "own" || only === "tabs") return accept(only);
  return refuse("query_illegal", `cannot answer as only must be own or tabs: current value is ${quote(only)}`);
}
