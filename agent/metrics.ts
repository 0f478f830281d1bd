// The agent's figures for Prometheus: what `GET /status` shows, as families. Counters begin anew with the process.

import { byReason, familiesOf, type Labels, PROMETHEUS_TYPE } from "../service/prometheus.ts";
import type { ServerStatus } from "./balancer.ts";
import type { AgentStatus } from "./status.ts";

const { counter, gauge } = familiesOf("taba_agent_");

export function metricsAnswer(status: AgentStatus): Response {
  return new Response(metricsText(status), { headers: { "content-type": PROMETHEUS_TYPE } });
}

function metricsText({ version, sender, uptimeS, states, statesMax, servers, ...figures }: AgentStatus): string {
  const { posts, lines, events, batches, statsd, journal, mirror } = figures;
  return [
    gauge("info", "What runs here", [[[["version", version], ["sender", sender]], 1]]),
    gauge("uptime_seconds", "How long this process has been running", uptimeS),
    gauge("states", "States held", states),
    gauge("states_max", "States that may be held at once", statesMax),
    counter("posts_accepted_total", "Posts taken", posts.accepted),
    counter("posts_repeated_total", "Posts that had been taken before", posts.repeated),
    counter("posts_refused_total", "Posts of which nothing was taken, by reason", byReason(posts.refused)),
    counter("lines_accepted_total", "Lines taken", lines.accepted),
    counter("lines_refused_total", "Lines refused to clients, by reason", byReason(lines.refused)),
    counter("lines_rejected_total", "Lines that a server left out, by reason", byReason(lines.rejected)),
    counter("events_folded_total", "Events taken", events.folded),
    counter("events_replayed_total", "Events that an earlier process had left in the journal", events.replayed),
    counter("events_acked_total", "Events that a server has counted", events.acked),
    counter("events_rejected_total", "Events in lines that a server left out", events.rejected),
    counter("events_dropped_total", "Events that will not be counted, by reason", byReason(events.dropped)),
    gauge("events_held", "Events in States that are not sealed yet", events.held),
    gauge("events_open", "Events in batches that are not acknowledged yet", events.open),
    counter("batches_sealed_total", "Batches sealed", batches.sealed),
    counter("batches_sent_total", "Requests made to send batches", batches.sent),
    counter("batches_acked_total", "Batches acknowledged", batches.acked),
    counter("batches_repeated_total", "Batches acknowledged that a server had applied before", batches.repeated),
    counter("batches_dropped_total", "Batches that servers refused, by reason", byReason(batches.dropped)),
    gauge("batches_open", "Batches that are not acknowledged yet", batches.open),
    gauge("batches_open_bytes", "Bytes of them, before compression", batches.openBytes),
    gauge(
      "server_healthy",
      "Whether batches are sent to a server, 1, or it is left out for a while, 0",
      ofServers(servers, ({ state }) => state === "healthy" ? 1 : 0),
    ),
    gauge(
      "server_latency_seconds",
      "Smoothed time until a server answers",
      ofServers(servers, ({ latencyMs }) => latencyMs / 1000),
    ),
    gauge("server_open_bytes", "Bytes under way to a server", ofServers(servers, ({ bytes }) => bytes)),
    counter("statsd_datagrams_total", "Datagrams taken", statsd.datagrams),
    counter("statsd_datagrams_dropped_total", "Datagrams for which there was no room", statsd.datagramsDropped),
    counter("statsd_lines_total", "Lines of StatsD read", statsd.lines),
    counter("statsd_refused_total", "Lines of StatsD refused, by reason", byReason(statsd.refused)),
    journal === undefined ? "" : [
      gauge("journal_bytes", "Bytes of the journal", journal.bytes),
      gauge("journal_bytes_max", "Bytes of the journal past which posts are refused", journal.bytesMax),
      gauge("journal_segments", "Files of the journal", journal.segments),
      counter("journal_compactions_total", "Times that States took the place of posts", journal.compactions),
      counter("journal_failures_total", "Attempts to write to the journal that failed", journal.failures),
    ].join(""),
    mirror === undefined ? "" : [
      counter("mirror_events_acked_total", "Events that the mirror has counted", mirror.events.acked),
      counter(
        "mirror_events_dropped_total",
        "Events that the mirror did not get, by reason",
        byReason(mirror.events.dropped),
      ),
      gauge("mirror_open_bytes", "Bytes waiting for the mirror", mirror.batches.openBytes),
    ].join(""),
  ].join("");
}

/** One address may be named more than once. */
function ofServers(servers: readonly ServerStatus[], figure: (server: ServerStatus) => number) {
  const byUrl = new Map(servers.map((server) => [server.url, server]));
  return [...byUrl].map(([url, server]): readonly [Labels, number] => [[["server", url]], figure(server)]);
}
