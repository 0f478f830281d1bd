// The server's own figures for Prometheus: what it has taken in, refused and drained, and how it and its store are doing.
// Counters begin anew with the process.

import { percentileGroup } from "../../core/handlers/percentiles.ts";
import type { Clock } from "../../core/world.ts";
import { byReason, familiesOf, familyHead, labelsText, sampleText } from "../../service/prometheus.ts";
import { VERSION } from "../../service/version.ts";
import type { Delays } from "../delays.ts";
import type { Drain, DrainStatus } from "../drain/drain.ts";
import type { Ingest, IngestStatus } from "../ingest.ts";
import type { Overload, OverloadStatus } from "../overload.ts";
import { queuesStatus, type StoreStatus } from "../status.ts";
import { type EventCounts, type Member, type Store, StoreTrouble } from "../store/store.ts";
import type { Watches } from "../watch.ts";
import { quantilesOf } from "./tab_metrics.ts";

const { counter, gauge } = familiesOf("taba_server_");

export interface MetricsParts {
  readonly self: Member;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly drain: Drain | undefined;
  readonly overload: Overload;
  readonly delays: Delays;
  readonly watches: Watches;
  readonly clock: Clock;
}

/** Without its store a server still says how it is itself. */
export async function serverMetrics(
  parts: MetricsParts,
): Promise<{ readonly text: string; readonly hasStore: boolean }> {
  const { self, ingest, drain, overload, delays, watches, clock } = parts;
  const store = await askStore(parts);
  const text = [
    gauge("info", "What runs here", [[[["version", VERSION], ["id", self.id], ["roles", self.roles.join(",")]], 1]]),
    gauge("start_time_seconds", "When this process started, since the epoch", self.started),
    gauge("store_reachable", "Whether the store could be reached just now", store === undefined ? 0 : 1),
    store === undefined ? "" : storeText(store),
    ingestText(ingest.status()),
    overloadText(overload.status()),
    drain === undefined ? "" : drainText(drain.status()),
    delaysText(delays, clock()),
    gauge("watchers", "Who watches this server now", watches.watchers),
  ].join("");
  return { text, hasStore: store !== undefined };
}

interface StoreFigures {
  readonly members: number;
  readonly events: EventCounts;
  readonly queues: StoreStatus["queues"];
}

async function askStore({ store, clock }: MetricsParts): Promise<StoreFigures | undefined> {
  try {
    const queues = queuesStatus(await store.queues(), clock());
    return { members: (await store.members()).length, events: await store.eventCounts(), queues };
  } catch (error) {
    if (!(error instanceof StoreTrouble)) throw error;
    return undefined;
  }
}

function storeText({ members, events, queues }: StoreFigures): string {
  return [
    gauge("members", "Servers that are announced", members),
    counter("store_events_enqueued_total", "Events that the store has taken, from all servers", events.enqueued),
    counter("store_events_committed_total", "Events that have been committed to States", events.committed),
    gauge("queue_buckets", "Buckets of the store with anything waiting to be drained", queues.buckets),
    gauge("queue_entries", "Entries waiting in all queues of the store", queues.entries),
    gauge("queue_bytes", "Bytes waiting in all queues of the store", queues.bytes),
    gauge("queue_oldest_seconds", "How long the oldest entry has waited; 0 where none waits", queues.oldestS ?? 0),
  ].join("");
}

function ingestText({ posts, lines, events }: IngestStatus): string {
  return [
    counter("posts_accepted_total", "Posts taken", posts.accepted),
    counter("posts_repeated_total", "Posts that had been taken before", posts.repeated),
    counter("posts_refused_total", "Posts of which nothing was taken, by reason", byReason(posts.refused)),
    counter("lines_accepted_total", "Lines taken", lines.accepted),
    counter(
      "lines_refused_total",
      "Lines left out of posts that were taken or refused, by reason",
      byReason(lines.refused),
    ),
    counter("events_accepted_total", "Events taken", events.accepted),
  ].join("");
}

function overloadText({ refusing, posts, bytes }: OverloadStatus): string {
  return [
    gauge("overload", "The part of posts that is refused as too much waits in the queues, from 0 to 1", refusing),
    gauge("posts_open", "Posts being read now", posts),
    gauge("posts_open_bytes", "Bytes of memory, by estimate, that they take", bytes),
  ].join("");
}

function drainText(drain: DrainStatus): string {
  return [
    gauge("drain_buckets", "Buckets that this server drains", drain.buckets),
    counter("drain_entries_total", "Entries committed", drain.entries),
    counter("drain_events_total", "Events in entries committed", drain.events),
    counter("drain_states_total", "States written", drain.states),
    counter("drain_commits_total", "Commits made", drain.commits),
    counter("drain_removed_total", "States removed as they had become empty", drain.removed),
    counter("drain_lost_total", "Buckets that were someone else's, or not what they had been", drain.lost),
    counter("drain_evicted_total", "States given up by memory that was needed for others", drain.evicted),
    counter("drain_troubles_total", "Attempts of the drain that failed by trouble with the store", drain.troubles),
    gauge("drain_held_bytes", "Bytes of memory, by estimate, of the States held", drain.heldBytes),
    gauge("drain_dirty_bytes", "Of these, the ones waiting to be committed", drain.dirtyBytes),
    gauge("drain_held_back", "Entries that this server can't read, waiting for one that can", drain.heldBack),
  ].join("");
}

function delaysText(delays: Delays, now: number): string {
  const name = "taba_server_delay_seconds";
  let text = "";
  for (const [of, state] of delays.states) {
    const labels = labelsText([["of", of]]);
    const tab = { type: percentileGroup.type, value: percentileGroup.render(state, now) };
    for (const [more, seconds] of quantilesOf(tab)) text += sampleText(name, `${labels},${more}`, seconds);
  }
  const help = "How long posts took until they were enqueued, and entries until they were committed";
  return text === "" ? "" : familyHead({ name, type: "gauge", help }) + text;
}
