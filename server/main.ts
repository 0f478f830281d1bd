// The server as a program: settings and the world in, a Server that listens out. Names the store, and decides nothing.

import { TabaClient } from "../client/client.ts";
import { limits } from "../core/limits.ts";
import { background } from "../service/background.ts";
import { denialSettings, denialsOf } from "../service/denials.ts";
import { loadHandlers } from "../service/handlers.ts";
import { type Running, runUntilStopped, StartTrouble } from "../service/lifecycle.ts";
import { listen } from "../service/listen.ts";
import { describeError } from "../service/log.ts";
import { log } from "../service/process_log.ts";
import { choice, flag, integer, listOf, milliseconds, onOff, string, token } from "../service/setting_kinds.ts";
import { ownClient, ownClientOptions, OwnTabs } from "../service/own_tabs.ts";
import { setting, type Settings } from "../service/settings.ts";
import { launchOf, supervise } from "../service/supervisor.ts";
import { VERSION } from "../service/version.ts";
import {
  systemClock,
  systemHostname,
  systemPause,
  systemRandom,
  systemSleep,
  systemStopwatch,
} from "../service/world.ts";
import { measuredStore } from "./measured_store.ts";
import { redisKind, type RedisSettings } from "./redis_settings.ts";
import { Server } from "./server.ts";
import { MemoryStore } from "./store/memory_store.ts";
import { RedisStore } from "./store/redis_store.ts";
import type { Tls } from "./store/shards.ts";

const ANY = Number.MAX_SAFE_INTEGER;

const table = {
  port: setting(integer(0, 65_535), { default: 8300, help: "port to listen on; 0 picks a free one" }),
  hostname: setting(string("HOST"), { default: "127.0.0.1", help: "address to listen on" }),
  cert: setting(string("FILE"), { default: undefined, help: "certificate in PEM, to listen with TLS" }),
  key: setting(string("FILE"), { default: undefined, help: "key of the certificate, in PEM" }),
  token: setting(token(), { default: undefined, help: "what must be sent as bearer to post" }),
  roles: setting(listOf(choice("fe", "be", "ctrl")), {
    default: ["fe", "be"],
    help: "fe takes posts, be drains queues, ctrl answers queries; any server does all but draining",
  }),
  workers: setting(integer(1, 64), { default: 1, help: "processes that share the port; more than one need redis" }),
  sharedPort: setting(flag(), { default: false, help: "lets other servers with this flag listen on the same port" }),
  buckets: setting(integer(1, 65_536), { default: 64, help: "buckets of the embedded store" }),
  redis: setting(redisKind, { default: undefined, help: "keeps State in Redis, not in the embedded store" }),
  commitMs: setting(milliseconds(1, 3_600_000), { default: 2000, help: "how often a bucket is committed" }),
  leaseMs: setting(milliseconds(500, 3_600_000), {
    default: 5000,
    help: "how long a server that has died keeps its buckets",
  }),
  stopMs: setting(milliseconds(0, 3_600_000), { default: 5000, help: "how long a stop may take" }),
  ownTabs: setting(onOff(), { default: true, help: "whether it records tabs of its own, taba_..." }),
  handlers: setting(listOf(string("MODULE")), { default: [], help: "modules that export handlers of further types" }),
  ...denialSettings,
  bodyBytesMax: setting(integer(1, limits.bodyBytesMost), {
    default: limits.bodyBytesMax,
    help: "bytes of a body, decompressed; larger ones are refused",
  }),
  lineBytesMax: setting(integer(1, ANY), {
    default: limits.lineBytesMax,
    help: "bytes of a line; longer ones are refused",
  }),
  tabsMax: setting(integer(1, ANY), { default: limits.tabsMax, help: "tabs; lines of more are refused" }),
  clientsMax: setting(integer(1, ANY), { default: limits.clientsMax, help: "clients; lines of more are refused" }),
  heldBytesMax: setting(integer(1, ANY), {
    default: limits.heldBytesMax,
    help: "bytes of memory, by estimate, for States that the drain keeps between commits",
  }),
  queueBytesSoft: setting(integer(1, ANY), {
    default: limits.queueBytesSoft,
    help: "bytes waiting in queues from which on some posts are refused",
  }),
  queueBytesHard: setting(integer(1, ANY), {
    default: limits.queueBytesHard,
    help: "bytes waiting in queues from which on all posts are refused",
  }),
};

/** Of the time for a stop, what requests under way may take of it. */
const CLOSE_SHARE = 0.5;
/** ... and what its own tabs may take that are not posted yet. */
const CLIENT_SHARE = 0.1;

await runUntilStopped({
  about: { name: "taba-server", version: VERSION, summary: "takes posts, aggregates them and answers queries" },
  table,
  async start(settings) {
    const { queueBytesSoft: soft, queueBytesHard: hard } = settings;
    if (soft > hard) {
      throw new StartTrouble(
        `cannot start as --queue-bytes-soft must be at most --queue-bytes-hard: ${soft} is more than ${hard}`,
      );
    }
    return settings.workers > 1 ? await startWorkers(settings) : await startServer(settings);
  },
});

async function startWorkers({ redis, ...settings }: Settings<typeof table>): Promise<Running> {
  if (redis === undefined) {
    throw new StartTrouble("cannot start workers as they must share a store: name a Redis in the file of --config");
  }
  const launch = launchOf(Deno.env.get("TABA_RUN"));
  const world = { clock: systemClock, random: systemRandom, sleep: systemSleep, log };
  return await supervise({ ...settings, ...world, launch, args: Deno.args });
}

async function startServer(
  { handlers, buckets, redis, tabsMax, clientsMax, stopMs, roles, ...settings }: Settings<typeof table>,
): Promise<Running> {
  const registry = await loadHandlers(handlers);
  const bounds = { clock: systemClock, tabsMax, clientsMax };
  const store = redis === undefined
    ? new MemoryStore({ ...bounds, buckets })
    : new RedisStore({ ...bounds, ...redis, tls: await readTls(redis), random: systemRandom, log });
  const stopping = new AbortController();
  // The server must know its address, which is known once it listens.
  const ready = Promise.withResolvers<Server>();
  const own = new OwnTabs(async (request) => await (await ready.promise).fetch(request));
  const fetch = async (request: Request) => {
    if (request.method === "POST") own.wake();
    return await (await ready.promise).fetch(request);
  };
  const listening = await listen(fetch, { ...settings, isShared: settings.sharedPort, log });
  const { url, port } = listening;
  const self = {
    id: `server-${Deno.pid}-${crypto.randomUUID()}`,
    url,
    roles: [...new Set(roles)],
    started: systemClock(),
  };
  const world = { clock: systemClock, random: systemRandom, sleep: systemSleep, pause: systemPause, log };
  const server = new Server({
    ...{ ...settings, ...world, registry, self, measure: own.measure },
    denialOf: denialsOf(settings),
    store: settings.ownTabs ? measuredStore(store, { own, stopwatch: systemStopwatch }) : store,
  });
  ready.resolve(server);
  const client = new TabaClient({
    client: ownClient("taba-server", { host: systemHostname() ?? settings.hostname, port }),
    ...{ ...ownClientOptions, agent: url, token: settings.token, fetch: own.fetch },
    stopTimeoutMs: 1 + Math.floor(CLIENT_SHARE * stopMs),
  });
  if (settings.ownTabs) own.recordWith(client);
  const running = server.run(stopping.signal);
  background("serving", running);
  return {
    url,
    stopMs,
    async stop() {
      server.endWatches();
      await listening.stop(CLOSE_SHARE * stopMs);
      await client.stop();
      stopping.abort();
      await running;
      await store[Symbol.asyncDispose]();
    },
  };
}

async function readTls({ tls }: RedisSettings): Promise<Tls | undefined> {
  if (tls?.ca === undefined) return tls === undefined ? undefined : {};
  try {
    return { ca: await Deno.readTextFile(tls.ca) };
  } catch (cause) {
    throw new StartTrouble(`cannot start as redis.tls.ca must be a readable file: ${describeError(cause)}`, { cause });
  }
}
