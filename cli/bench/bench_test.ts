import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type StubShell, stubShell } from "../../tests/stub_shell.ts";
import { ApiTrouble } from "../api.ts";
import { bench } from "./bench.ts";
import { UsageTrouble } from "../shell.ts";
import { clean, widthOf } from "../terminal/text_width.ts";

interface Books {
  readonly applied: Map<string, number>;
  posts: number;
}

/** What a post's lines hold of events, its header aside. */
async function read(request: Request): Promise<{ readonly id: string; readonly events: readonly number[] }> {
  const [header, ...lines] = (await request.text()).trim().split("\n").map((line) => JSON.parse(line));
  return { id: `${header.sender} ${header.seq}`, events: lines.map(({ n, events }) => n ?? events.length) };
}

/** A server that counts each batch once; `fate` may answer in its place, before or after it has. */
function server(fate: (post: number) => Response | "lose" | undefined = () => undefined) {
  const books: Books = { applied: new Map(), posts: 0 };
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/status") return Response.json({});
    if (pathname === "/supertabs") {
      const count = books.applied.values().reduce((sum, events) => sum + events, 0);
      return Response.json({ CounterGroup: { "1d": { count } } });
    }
    const fated = fate(books.posts++);
    if (fated instanceof Response) return fated;
    const { id, events } = await read(request);
    const isRepeated = books.applied.has(id);
    const total = events.reduce((sum, count) => sum + count, 0);
    books.applied.set(id, total);
    if (fated === "lose") throw new TypeError("connection reset");
    return Response.json({
      lines: events.length,
      events: total,
      rejected: [],
      ...isRepeated ? { repeated: true } : {},
    });
  };
  return { answer, books };
}

async function report(shell: StubShell, options: Record<string, unknown> = {}) {
  const code = await bench({ names: [], options: { events: "5000", json: true, ...options } }, shell);
  return { code, ...JSON.parse(shell.printed()) };
}

Deno.test("bench: all that was accepted is counted and found, raw or folded", async () => {
  for (const raw of [true, false]) {
    const { answer, books } = server();
    const { code, events, posts, found } = await report(stubShell({ answer }), { raw, clients: "3", tabs: "7" });
    assertEquals([code, events.sent, events.accepted, events.unknown, events.refused], [0, 5000, 5000, 0, {}]);
    assertEquals([posts.made, posts.repeated, books.applied.size], [5, 0, 5]);
    assertEquals(found, { events: 5000, isRight: true });
  }
});

Deno.test("bench: a post whose answer was lost is repeated under its id, and counts once", async () => {
  const { answer } = server((post) => post % 2 === 0 ? "lose" : undefined);
  const { code, events, posts, found } = await report(stubShell({ answer }), { connections: "1" });
  assertEquals([code, events.accepted, events.unknown, posts.repeated], [0, 5000, 0, 5]);
  assertEquals(found.events, 5000);
});

Deno.test("bench: refused lines and posts are counted by reason, names apart", async () => {
  const rejected = [{ line: 2, error: 'tab "bench_0" is a Gauge, not a CounterGroup' }, {
    line: 3,
    error: 'tab "bench_1" is a Gauge, not a CounterGroup',
  }];
  const { answer } = server((post) => {
    if (post === 0) return Response.json({ lines: 18, events: 900, rejected });
    if (post === 1) return Response.json({ error: "too large", code: "body_too_large" }, { status: 413 });
    return undefined;
  });
  let now = 0;
  const { code, events, found } = await report(stubShell({ answer, now: () => now++ }), { connections: "1" });
  assertEquals(events.refused, { "tab … is a Gauge, not a CounterGroup": 100, body_too_large: 1000 });
  assertEquals([events.accepted, events.unknown], [3900, 0]);
  // This server only said that it had counted those of the first post.
  assertEquals([code, found], [1, { events: 3000, isRight: false }]);
});

Deno.test("bench: what stays without an answer is unknown, and may be there or not", async () => {
  const { answer } = server((post) => post < 5 ? "lose" : undefined);
  const { code, events, found } = await report(stubShell({ answer }), { connections: "1" });
  assertEquals([events.accepted, events.unknown, events.refused], [4000, 1000, {}]);
  assertEquals([code, found], [0, { events: 5000, isRight: true }]);
});

Deno.test("bench: a server over its capacity has refused, since it says that it took nothing", async () => {
  const refusal = { error: "come back later", code: "over_capacity" };
  const { answer } = server(() => Response.json(refusal, { status: 503, headers: { "retry-after": "1" } }));
  const { code, events } = await report(stubShell({ answer }), { events: "1000" });
  assertEquals([code, events.accepted, events.refused, events.unknown], [1, 0, { over_capacity: 1000 }, 0]);
});

Deno.test("bench: a rate spreads posts over the time, and latency runs from when they were due", async () => {
  const { answer } = server();
  let now = 100;
  const shell = stubShell({ answer, now: () => now });
  const sleep = (ms: number, signal?: AbortSignal) => {
    if (signal === undefined || ms > 5_000) return shell.sleep(ms, signal);
    now += ms / 1000;
    return Promise.resolve();
  };
  const options = { rate: "100", seconds: "2", connections: "1", json: true };
  assertEquals(await bench({ names: [], options }, { ...shell, sleep }), 0);
  const { events, posts, seconds } = JSON.parse(shell.printed());
  assertEquals([events.accepted, posts.made, Math.round(seconds * 100) / 100], [200, 200, 1.99]);
});

Deno.test("bench: prints its books for people, with a histogram", async () => {
  const { answer } = server();
  const shell = stubShell({ answer });
  assertEquals(await bench({ names: [], options: { events: "5000" } }, shell), 0);
  assertStringIncludes(shell.printed(), "folded events, 100 tabs, 1 client to http://127.0.0.1:8300\n");
  assertStringIncludes(shell.printed(), "verified  5,000 of 5,000 accepted are in the tabs");
});

Deno.test("bench: fits a narrow terminal, whatever is said of what was refused", async () => {
  const { answer } = server((post) => {
    if (post === 0) return Response.json({ error: "no", code: `\x1b[2J${"too_large".repeat(9)}` }, { status: 413 });
    return undefined;
  });
  for (const columns of [12, 40, 80]) {
    const shell = stubShell({ answer, size: { columns, rows: 24 } });
    await bench({ names: [], options: { events: "5000" } }, shell);
    const lines = shell.printed().trimEnd().split("\n");
    for (const line of lines) assert(widthOf(line) <= columns && clean(line) === line, `${columns}: ${line}`);
  }
});

Deno.test("bench: shows its progress on one line of a terminal that places its cursor, and on no other", async () => {
  const keyboard = { async *keys() {}, line: () => Promise.resolve(undefined) };
  for (const [TERM, columns] of [["xterm", 80], ["xterm", 9], ["dumb", 80]] as const) {
    const { answer } = server();
    const shell = stubShell({ answer, keyboard, size: { columns, rows: 24 }, env: { TERM } });
    await bench({ names: [], options: { events: "5000" } }, shell);
    if (TERM === "dumb") assertEquals(shell.shown(), "");
    else assert(shell.shown().endsWith("\r\x1b[K"), shell.shown());
    for (const painted of shell.shown().split("\r")) {
      assert(widthOf(painted.replace("\x1b[K", "")) < columns, JSON.stringify(painted));
    }
  }
});

Deno.test("bench: what nobody could be asked about is not verified, after all the rest is told", async () => {
  const { answer } = server();
  let posts = 0;
  let now = 0;
  const shell = stubShell({
    answer: (request) => {
      if (new URL(request.url).pathname === "/post") posts++;
      else if (posts > 0) return Promise.reject(new TypeError("connection refused"));
      return answer(request);
    },
    now: () => now++,
  });
  const { code, events, found } = await report(shell);
  const error = "cannot reach http://127.0.0.1:8300: connection refused";
  assertEquals([code, events.accepted, found], [2, 5000, { error }]);
  assertEquals(shell.complaints, [`not verified: ${error}`]);
  assert(shell.sleptMs.length > 3, "it asks again for a while");
});

Deno.test("bench: waits for an answer about what was accepted, and says at once where it would wait in vain", async () => {
  const { answer, books } = server();
  let refused = 0;
  const flaky = stubShell({
    answer: (request) => {
      if (new URL(request.url).pathname !== "/supertabs" || refused++ > 3) return answer(request);
      return Response.json({ error: "the store could not be reached", code: "no_store" }, { status: 503 });
    },
  });
  assertEquals((await report(flaky)).found, { events: 5000, isRight: true });
  books.applied.clear();
  const options = { url: "http://agent.test", server: "http://dead.test" };
  const dead = stubShell({
    answer: (request) => request.url.includes("dead.test") ? Promise.reject(new TypeError("refused")) : answer(request),
  });
  await assertRejects(() => bench({ names: [], options }, dead), ApiTrouble, "cannot reach http://dead.test");
  assertEquals(books.applied.size, 0);
});

Deno.test("bench: says at once where nobody listens, and what makes no sense", async () => {
  const dead = stubShell({ answer: () => Promise.reject(new TypeError("fetch failed")) });
  const asking = (options: Record<string, unknown>) => () => bench({ names: [], options }, dead);
  await assertRejects(asking({ url: "http://agent.test" }), ApiTrouble, "cannot reach http://agent.test");
  await assertRejects(asking({ rate: "fast" }), UsageTrouble, "--rate must be a number");
  await assertRejects(asking({ tabs: "0" }), UsageTrouble, "--tabs must be a whole number");
});
