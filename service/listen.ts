// How Deno serves a web-standard handler: binding, TLS, and a stop that breaks no request. Knows nothing of what the
// handler does.

import { BugError } from "../core/assert.ts";
import { json, refused } from "./answers.ts";
import { describeError, type Log } from "./log.ts";
import { systemSleep } from "./world.ts";

/** Who asks. */
export interface RequestInfo {
  /** The address of the other end of the connection. */
  readonly remoteAddr: string;
}

export type Fetch = (request: Request, info: RequestInfo) => Response | Promise<Response>;

export interface ListenOptions {
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Whether other processes that say the same may listen there too, and share the connections. */
  readonly isShared?: boolean;
  /** Paths of PEM files; both or none. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly log: Log;
}

export interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /**
   * Refuses new requests, lets those under way finish, then closes. What is not done after `deadlineMs` is cut off.
   * Calls after the first wait for the same end.
   */
  stop(deadlineMs: number): Promise<void>;
}

/** The address could not be taken, or the certificate not be used. Its message is for the user, on one line. */
export class ListenTrouble extends Error {
  override readonly name = "ListenTrouble";
}

const DISPOSE_MS = 5000;

/** @throws {ListenTrouble} */
export async function listen(handler: Fetch, options: ListenOptions): Promise<Listening> {
  const { hostname, port } = options;
  const tls = await readTls(options);
  const door = new Door(handler, options.log);
  const closing = new AbortController();
  const server = bind();
  const scheme = tls === undefined ? "http" : "https";
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  let stopped: Promise<void> | undefined;

  function bind(): Deno.HttpServer<Deno.NetAddr> {
    try {
      const { isShared: reusePort = false } = options;
      const bound = { hostname, port, reusePort, signal: closing.signal, onListen: () => {} };
      return Deno.serve({ ...bound, ...tls }, (request, info) => door.answer(request, info));
    } catch (cause) {
      throw new ListenTrouble(whyNot(options, cause), { cause });
    }
  }

  async function close(deadlineMs: number): Promise<void> {
    const waiting = new AbortController();
    const areAllDone = await Promise.race([
      door.close().then(() => true),
      systemSleep(deadlineMs, waiting.signal).then(() => false),
    ]);
    waiting.abort();
    // shutdown() breaks bodies under way (denoland/deno issue 36809), and an abort after it throws: so the one where
    // all is done, the other where time is up.
    if (areAllDone) await server.shutdown();
    else closing.abort();
    await server.finished;
  }

  const stop = (deadlineMs: number) => stopped ??= close(deadlineMs);
  return {
    url: `${scheme}://${host}:${server.addr.port}`,
    port: server.addr.port,
    stop,
    [Symbol.asyncDispose]: () => stop(DISPOSE_MS),
  };
}

/**
 * A port that is free at this moment, for processes that will share it.
 * @throws {ListenTrouble}
 */
export function reservePort(options: { readonly hostname: string; readonly port: number }): number {
  try {
    using listener = Deno.listen(options);
    return listener.addr.port;
  } catch (cause) {
    throw new ListenTrouble(whyNot(options, cause), { cause });
  }
}

/** What stands between Deno and the handler: counts requests under way, and answers where the handler failed. */
class Door {
  readonly #handler: Fetch;
  readonly #log: Log;
  readonly #underWay = new Set<Promise<void>>();
  #isClosing = false;

  constructor(handler: Fetch, log: Log) {
    this.#handler = handler;
    this.#log = log;
  }

  async answer(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    this.#track(info.completed);
    if (this.#isClosing) return refused({ code: "stopping", message: "cannot answer as this process is stopping" });
    try {
      return await this.#handler(request, { remoteAddr: info.remoteAddr.hostname });
    } catch (error) {
      if (error instanceof BugError) reportError(error);
      const { pathname } = new URL(request.url);
      this.#log.error("a request failed", { method: request.method, path: pathname, error: describeError(error) });
      return json({ error: "cannot answer as something failed here: the log of this process says what" }, 500);
    }
  }

  /** Resolves when no request is under way any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #track(completed: Promise<void>): void {
    // A client that went away has completed its request as far as we are concerned.
    const forget = () => {
      this.#underWay.delete(done);
    };
    const done = completed.then(forget, forget);
    this.#underWay.add(done);
  }
}

async function readTls(options: ListenOptions): Promise<{ cert: string; key: string } | undefined> {
  const { cert, key } = options;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new ListenTrouble("cannot start as --cert and --key must be given together: one is missing");
  }
  try {
    return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
  } catch (cause) {
    throw new ListenTrouble(`cannot start as --cert and --key must be readable files: ${describeError(cause)}`, {
      cause,
    });
  }
}

function whyNot(options: { readonly hostname: string; readonly port: number }, cause: unknown): string {
  const address = `${options.hostname}:${options.port}`;
  if (cause instanceof Deno.errors.AddrInUse) {
    return `cannot start as ${address} must be free: another program listens there; stop it or choose another --port`;
  }
  if (cause instanceof Deno.errors.InvalidData) {
    return `cannot start as --cert and --key must be a certificate and its key in PEM: ${describeError(cause)}`;
  }
  return `cannot start as ${address} must be an address that this machine can listen on: ${describeError(cause)}`;
}
