// The agent as a program: settings and the world in, an Agent that listens out.

import { TabaClient } from "../client/client.ts";
import { limits } from "../core/limits.ts";
import { background } from "../service/background.ts";
import { withCors } from "../service/cors.ts";
import { receiveDatagrams } from "../service/datagrams.ts";
import { denialSettings, denialsOf } from "../service/denials.ts";
import { loadHandlers } from "../service/handlers.ts";
import { runUntilStopped, StartTrouble } from "../service/lifecycle.ts";
import { listen } from "../service/listen.ts";
import { log } from "../service/process_log.ts";
import {
  flag,
  integer,
  listOf,
  milliseconds,
  name,
  onOff,
  origin,
  string,
  token,
  url,
} from "../service/setting_kinds.ts";
import { ownClient, ownClientOptions, OwnTabs } from "../service/own_tabs.ts";
import { setting } from "../service/settings.ts";
import { VERSION } from "../service/version.ts";
import { systemClock, systemHostname, systemPause, systemRandom, systemSleep } from "../service/world.ts";
import { Agent } from "./agent.ts";
import { openFolder, openJournal } from "./journal/journal.ts";
import { NoJournal } from "./journal/journaling.ts";
import { clientOfHost } from "./statsd.ts";

const table = {
  port: setting(integer(0, 65_535), { default: 8279, help: "port to listen on; 0 picks a free one" }),
  hostname: setting(string("HOST"), { default: "127.0.0.1", help: "address to listen on" }),
  cert: setting(string("FILE"), { default: undefined, help: "certificate in PEM, to listen with TLS" }),
  key: setting(string("FILE"), { default: undefined, help: "key of the certificate, in PEM" }),
  server: setting(listOf(url()), {
    default: ["http://127.0.0.1:8300"],
    help: "servers to send to, balanced between those that do not fail",
  }),
  mirror: setting(url(), {
    default: undefined,
    help: "server of a second cluster that gets a copy of all, which never slows or fails the first",
  }),
  mirrorToken: setting(token(), { default: undefined, help: "sent to the mirror as bearer" }),
  token: setting(token(), { default: undefined, help: "sent to the servers as bearer" }),
  listenToken: setting(token(), { default: undefined, help: "what clients must send as bearer" }),
  corsOrigin: setting(listOf(origin()), {
    default: [],
    help: "origins of web pages whose browsers may post; * for all",
  }),
  flushMs: setting(milliseconds(1, 3_600_000), {
    default: 500,
    help: "how often batches are sealed; what is posted after a quiet time does not wait",
  }),
  stopMs: setting(milliseconds(0, 3_600_000), { default: 5000, help: "how long a stop may take to send what is held" }),
  statesMax: setting(integer(1, 100_000_000), {
    default: limits.agentStatesMax,
    help: "States held at once; lines that need more are refused",
  }),
  bytesMax: setting(integer(1, Number.MAX_SAFE_INTEGER), {
    default: limits.outboxBytesMax,
    help: "bytes in batches that no server has acknowledged yet; with more, nothing is sealed",
  }),
  batchBytesMax: setting(integer(1, limits.bodyBytesMax - limits.lineBytesMax), {
    default: limits.batchBytesMax,
    help: "bytes in one batch, before compression",
  }),
  ...denialSettings,
  bodyBytesMax: setting(integer(1, limits.bodyBytesMost), {
    default: limits.bodyBytesMax,
    help: "bytes of a body, decompressed; larger ones are refused",
  }),
  lineBytesMax: setting(integer(1, limits.lineBytesMax), {
    default: limits.lineBytesMax,
    help: "bytes of a line; longer ones are refused",
  }),
  statsdPort: setting(integer(0, 65_535), {
    default: undefined,
    help: "UDP port to take StatsD and DogStatsD lines at; 0 picks a free one",
  }),
  statsdClient: setting(name(), { default: undefined, help: "client of those lines; the host's name" }),
  journal: setting(string("DIR"), {
    default: undefined,
    help: "folder to keep what clients post in until a server has it, so that it outlives this process",
  }),
  journalBytesMax: setting(integer(1, Number.MAX_SAFE_INTEGER), {
    default: limits.journalBytesMax,
    help: "bytes of the journal past which posts are refused",
  }),
  fsync: setting(flag(), {
    default: false,
    help: "answer posts only once the disk has them, so that they outlive this machine",
  }),
  ownTabs: setting(onOff(), { default: true, help: "whether it records tabs of its own, taba_..." }),
  handlers: setting(listOf(string("MODULE")), { default: [], help: "modules that export handlers of further types" }),
};

/** Of the time for a stop, what requests under way may take of it. */
const CLOSE_SHARE = 0.2;
/** ... and what its own tabs may take that are not posted yet. */
const CLIENT_SHARE = 0.1;

await runUntilStopped({
  about: { name: "taba-agent", version: VERSION, summary: "folds what local clients post and sends it to servers" },
  table,
  async start({ hostname, port, cert, key, server, bytesMax, handlers, stopMs, ...settings }) {
    const { journal: folder, journalBytesMax, fsync, statsdPort, statsdClient, mirror, mirrorToken, corsOrigin } =
      settings;
    if (fsync && folder === undefined) {
      throw new StartTrouble("cannot start as --fsync must come with a journal: name a folder by --journal");
    }
    const registry = await loadHandlers(handlers);
    const newSender = () => `agent-${crypto.randomUUID()}`;
    const journal = folder === undefined ? new NoJournal(newSender()) : openJournal(openFolder(folder), {
      ...{ registry, now: systemClock(), bytesMax: journalBytesMax, fsync, newSender, log },
    });
    const own: OwnTabs = new OwnTabs((request) => agent.fetch(request));
    const agent: Agent = new Agent({
      ...settings,
      registry,
      denialOf: denialsOf(settings),
      journal,
      servers: server,
      mirror: mirror === undefined ? undefined : { url: mirror, sender: newSender(), token: mirrorToken },
      statsdClient: statsdClient ?? (statsdPort === undefined ? undefined : clientOfHost(Deno.hostname())),
      outboxBytesMax: bytesMax,
      clock: systemClock,
      random: systemRandom,
      sleep: systemSleep,
      pause: systemPause,
      fetch,
      log,
      measure: own.measure,
    });
    const answer = withCors((request) => {
      if (request.method === "POST") own.wake();
      return agent.fetch(request);
    }, corsOrigin);
    const listening = await listen(answer, { hostname, port, cert, key, log });
    const statsd = statsdPort === undefined ? undefined : await receiveDatagrams({
      ...{ hostname, port: statsdPort },
      take(datagram) {
        own.wake();
        agent.takeStatsd(datagram);
      },
      drop: (count) => agent.dropStatsd(count),
    });
    if (statsd !== undefined) log.info("takes StatsD lines by UDP", { hostname, port: statsd.port });
    background("flushing", agent.run());
    const client = new TabaClient({
      client: ownClient("taba-agent", { host: systemHostname() ?? hostname, port: listening.port }),
      ...{ ...ownClientOptions, agent: listening.url, token: settings.listenToken, fetch: own.fetch },
      stopTimeoutMs: 1 + Math.floor(CLIENT_SHARE * stopMs),
    });
    if (settings.ownTabs) own.recordWith(client);
    return {
      url: listening.url,
      stopMs,
      async stop() {
        const begun = systemClock();
        await statsd?.stop();
        await listening.stop(CLOSE_SHARE * stopMs);
        await client.stop();
        await agent.stop(stopMs - 1000 * (systemClock() - begun));
        journal.close();
      },
    };
  },
});
