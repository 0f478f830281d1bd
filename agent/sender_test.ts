import { assertEquals } from "@std/assert";
import { createLog } from "../service/log.ts";
import { Balancer } from "./balancer.ts";
import { type Delivery, Sender } from "./sender.ts";

const OK = '{"lines":1,"events":2,"rejected":[]}';
const NOW = 1_763_890_000;
const TIMEOUT_MS = 7777;

interface Run {
  readonly delivery: Delivery;
  readonly requests: number;
  /** How long it waited after each failure, in ms. */
  readonly waits: readonly number[];
}

/** Delivers one body to a server that gives these answers in turn. Time passes only while it waits. */
async function deliver(answers: readonly (() => Response | Promise<Response>)[], random = 1): Promise<Run> {
  const waits: number[] = [];
  let requests = 0;
  let now = NOW;
  const clock = () => now;
  const sender = new Sender({
    servers: new Balancer(["http://server"], {
      ...{ clock, random: () => random, ejection: { firstMs: 100, maxMs: 5000 } },
      log: createLog({ clock, write: () => {} }),
    }),
    fetch: async () => await answers[requests++](),
    clock,
    sleep(ms, signal) {
      // Only its timeout is never reached.
      if (ms === TIMEOUT_MS) return new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
      waits.push(Math.round(ms));
      now += ms / 1000;
      return Promise.resolve();
    },
    timeoutMs: TIMEOUT_MS,
  });
  const never = new AbortController().signal;
  const delivery = await sender.deliver(new Uint8Array(3), { hurry: never, end: never });
  assertEquals(sender.attempts, requests);
  return { delivery, requests, waits };
}

function status(code: number, retryAfter?: string): () => Response {
  return () =>
    new Response("{}", { status: code, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } });
}

Deno.test("Sender: waits twice as long after each failure, up to a bound, and jitters", async () => {
  const failures = Array.from({ length: 9 }, () => status(503));
  const { waits } = await deliver([...failures, () => new Response(OK)]);
  assertEquals(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  const half = await deliver([...failures, () => new Response(OK)], 0.5);
  assertEquals(half.waits, waits.map((ms) => ms / 2));
});

Deno.test("Sender: honours Retry-After, in seconds or as a date, up to a bound", async () => {
  const inTwelve = new Date((NOW + 12) * 1000).toUTCString();
  const cases = [["3", 3000], [inTwelve, 12_000], ["86400", 60_000], ["-5", 100], ["soon", 100]] as const;
  for (const [retryAfter, expected] of cases) {
    const { waits } = await deliver([status(429, retryAfter), () => new Response(OK)]);
    assertEquals(waits, [expected], retryAfter);
  }
});

Deno.test("Sender: repeats what may be taken later", async () => {
  const fails: readonly (() => Response | Promise<Response>)[] = [
    ...[401, 403, 404, 405, 407, 408, 425, 429, 500, 502, 503, 504, 302, 201, 206].map((code) => status(code)),
    () => new Response(null, { status: 204 }),
    () => new Response(OK.slice(1)),
    () => new Response("x".repeat(5_000_000)),
    () => Promise.reject(new TypeError("no route")),
    () => new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError("cut")) })),
  ];
  for (const fail of fails) {
    const { delivery, requests } = await deliver([fail, () => new Response(OK)]);
    assertEquals(delivery, { kind: "acked", answer: { lines: 1, events: 2, rejected: [] } });
    assertEquals(requests, 2);
  }
});

Deno.test("Sender: does not repeat what a server refused for good", async () => {
  for (const code of [400, 409, 413, 415]) {
    const { delivery, requests } = await deliver([status(code)]);
    assertEquals(delivery, { kind: "dropped", reason: `http_${code}`, error: `it answered ${code}`, rejected: [] });
    assertEquals(requests, 1);
  }
  const body = JSON.stringify({ error: "too old", code: "seq_stale" });
  const { delivery } = await deliver([() => new Response(body, { status: 409 })]);
  assertEquals(delivery, { kind: "dropped", reason: "seq_stale", error: "it answered 409: too old", rejected: [] });
});

Deno.test("Sender: passes on what a server says of the lines of a batch that it refused", async () => {
  const rejected = [{ line: 2, error: "no", code: "type_conflict" }, { line: 3, error: "neither" }];
  for (const [listed, read] of [[rejected, rejected], ["all", []], [[null], []]] as const) {
    const body = JSON.stringify({ error: "none", code: "body_malformed", rejected: listed });
    const { delivery } = await deliver([() => new Response(body, { status: 400 })]);
    assertEquals(delivery, {
      ...{ kind: "dropped", reason: "body_malformed", error: "it answered 400: none" },
      rejected: read,
    });
  }
});
