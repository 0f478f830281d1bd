// What `GET /status` of an agent shows. Events add up: folded + replayed = held + open + acked + rejected + dropped.

import type { Figures } from "./figures.ts";
import type { JournalStatus } from "./journal/journaling.ts";
import type { Intake } from "./intake.ts";
import type { MirrorStatus } from "./mirror.ts";
import type { Outbox } from "./outbox.ts";
import type { Balancer, ServerStatus } from "./balancer.ts";
import type { StatsdStatus } from "./statsd.ts";

type CountByReason = Readonly<Record<string, number>>;

export interface AgentStatus {
  readonly version: string;
  /** As the servers know this process. */
  readonly sender: string;
  readonly uptimeS: number;
  readonly states: number;
  readonly statesMax: number;
  readonly posts: { readonly accepted: number; readonly repeated: number; readonly refused: CountByReason };
  /** Refused to clients here, and rejected by servers. */
  readonly lines: { readonly accepted: number; readonly refused: CountByReason; readonly rejected: CountByReason };
  readonly events: {
    readonly folded: number;
    /** Left by an earlier process in the journal. */
    readonly replayed: number;
    /** In States not yet sealed. */
    readonly held: number;
    /** In batches not yet acknowledged. */
    readonly open: number;
    readonly acked: number;
    readonly rejected: number;
    readonly dropped: CountByReason;
  };
  readonly batches: {
    readonly sealed: number;
    readonly open: number;
    readonly openBytes: number;
    /** Requests made; more than were sealed where some had to be repeated. */
    readonly sent: number;
    readonly acked: number;
    /** Of those acknowledged, the ones that a server had applied before. */
    readonly repeated: number;
    readonly dropped: CountByReason;
  };
  readonly servers: readonly ServerStatus[];
  /** Lines that came by UDP: those not refused wait, are held, or are among the events folded. */
  readonly statsd: StatsdStatus;
  readonly journal?: JournalStatus;
  readonly mirror?: MirrorStatus;
}

export function statusOf(
  parts: { readonly figures: Figures; readonly intake: Intake; readonly outbox: Outbox; readonly servers: Balancer },
  also: Pick<AgentStatus, "version" | "sender" | "uptimeS" | "statesMax"> & {
    readonly sent: number;
    readonly journal: JournalStatus | undefined;
    readonly statsd: StatsdStatus;
    readonly mirror: MirrorStatus | undefined;
  },
): AgentStatus {
  const { figures, intake, outbox, servers } = parts;
  const { sent, journal, statsd, mirror, ...identity } = also;
  return {
    ...identity,
    states: intake.states,
    posts: {
      accepted: figures.postsAccepted,
      repeated: figures.postsRepeated,
      refused: figures.postsRefused.toJson(),
    },
    lines: {
      accepted: figures.linesAccepted,
      refused: figures.linesRefused.toJson(),
      rejected: figures.linesRejected.toJson(),
    },
    events: {
      folded: figures.eventsFolded,
      replayed: figures.eventsReplayed,
      held: intake.events,
      open: outbox.events,
      acked: figures.eventsAcked,
      rejected: figures.eventsRejected,
      dropped: figures.eventsDropped.toJson(),
    },
    batches: {
      sealed: figures.batchesSealed,
      open: outbox.batches,
      openBytes: outbox.bytes,
      sent,
      acked: figures.batchesAcked,
      repeated: figures.batchesRepeated,
      dropped: figures.batchesDropped.toJson(),
    },
    servers: servers.status(),
    statsd,
    ...(mirror === undefined ? {} : { mirror }),
    ...(journal === undefined ? {} : { journal }),
  };
}
