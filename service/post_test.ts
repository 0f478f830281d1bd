import { assert, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { gzipSync } from "node:zlib";
import type { Encoded } from "../core/event.ts";
import { noop } from "../core/handlers/noop.ts";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import type { Result } from "../core/refusal.ts";
import { fuzzRuns } from "../tests/fuzz_runs.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { answerOf, type Post, type PostRefusal, readPost, type ReadPostOptions, refuseLate } from "./post.ts";

const NOW = 1_763_890_000;
const registry = createRegistry();

function post(body: string | Uint8Array, headers: HeadersInit = {}): Request {
  const init = typeof body === "string" ? body : new Uint8Array(body);
  const request = new Request("http://host/post", { method: "POST", body: init });
  request.headers.delete("content-type");
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  return request;
}

function read(request: Request, options: Partial<ReadPostOptions> = {}): Promise<Result<Post, PostRefusal>> {
  return readPost(request, { registry, now: () => NOW, sleep: new VirtualTime().sleep, ...options });
}

async function accepted(body: string, options: Partial<ReadPostOptions> = {}): Promise<Post> {
  const result = await read(post(body), options);
  assert(result.ok, JSON.stringify(result));
  return result.value;
}

async function refusedAs(request: Request, options: Partial<ReadPostOptions> = {}): Promise<PostRefusal> {
  const result = await read(request, options);
  assert(!result.ok);
  assert(!result.refusal.message.includes("\n"));
  return result.refusal;
}

/** What became of each (tab, client). */
function states(
  { folding }: Post,
): readonly (readonly [tab: string, client: string, events: number, state: Encoded])[] {
  return [...folding].map((folded) => {
    const { tab, client, events, handler, state } = folded;
    return [tab, client, events, handler.encode(state)] as const;
  });
}

Deno.test("readPost: folds the lines of a body by tab and client", async () => {
  const found = await accepted(`{"taba":2,"client":"web-17","sender":"agent-5f0c","seq":1207,"low":1204}
{"tab":"bids","type":"TotalsCounter","events":[[${NOW - 1},3.25],[${NOW},1.5]]}
{"tab":"bids","type":"TotalsCounter","events":[[1]]}
{"tab":"bids","type":"TotalsCounter","client":"web-18","events":[[${NOW},2]]}
{"tab":"build","type":"Gauge","events":[[${NOW},"2.4.1"]]}
`);
  assertEquals(found.header, { client: "web-17", id: { sender: "agent-5f0c", seq: 1207, low: 1204 } });
  assertEquals([found.lines, found.events, found.rejected], [4, 5, []]);
  assertEquals(
    [...found.folding].map(({ tab, client, handler, events, lines }) => [tab, client, handler.type, events, lines]),
    [
      ["bids", "web-17", "TotalsCounter", 3, [2, 3]],
      ["bids", "web-18", "TotalsCounter", 1, [4]],
      ["build", "web-17", "Gauge", 1, [5]],
    ],
  );
  assertEquals(answerOf(found), { ok: true, value: { lines: 4, events: 5, rejected: [] } });
});

Deno.test("readPost: counts raw events and States that were folded from them the same", async () => {
  const raw = await accepted('{"tab":"t","events":[[1,2],[3,4]]}\n{"tab":"t","events":[[5,6]]}\n');
  const [[, , , whole]] = states(raw);
  const [[, , , part]] = states(await accepted('{"tab":"t","events":[[1,2],[3,4]]}'));
  assert(part instanceof Uint8Array);
  const mixed = await accepted(
    `{"tab":"t","n":2,"v":${
      [...raw.folding][0].handler.version
    },"state":"${part.toBase64()}"}\n{"tab":"t","events":[[5,6]]}`,
  );
  assertEquals(mixed.events, 3);
  assertEquals(states(mixed)[0][3], whole);
});

Deno.test("readPost: names one bad line among a thousand and counts the others", async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `{"tab":"tab_${index % 7}","events":[[1,${index}]]}`);
  lines[499] = '{"tab":"tab_0","events":[[1,"many"]]}';
  const found = await accepted(lines.join("\n"));
  assertEquals([found.lines, found.events], [999, 999]);
  assertEquals(found.rejected.map(({ line, code }) => [line, code]), [[500, "value_illegal"]]);
  assertMatch(found.rejected[0].error, /value 1 of the line/);
  assertEquals([...found.refusals], [["value_illegal", 1]]);
});

Deno.test("readPost: refuses a line of another type, of an unknown type or with an unreadable State", async () => {
  const found = await accepted(`{"tab":"build","events":[[1,1]]}
{"tab":"build","type":"Gauge","events":[[1,"2.4.1"]]}
{"tab":"x","type":"Gague","events":[]}
{"tab":"y","state":"AAAA","v":99}
{"tab":"z","state":{"no":"State"}}
`);
  assertEquals(answerOf(found).ok && found.rejected.map(({ line, code }) => [line, code]), [
    [2, "type_conflict"],
    [3, "type_unknown"],
    [4, "state_illegal"],
    [5, "state_illegal"],
  ]);
  assertEquals(found.rejected[0].error, 'tab "build" is a CounterGroup, not a Gauge');
});

Deno.test("readPost: holds lines to the types that are known from before", async () => {
  const typeOf = (tab: string) => tab === "build" ? "Gauge" : undefined;
  const found = await accepted('{"tab":"build","events":[[1]]}\n{"tab":"other","events":[[1]]}', { typeOf });
  assertEquals(found.rejected, [{
    line: 1,
    code: "type_conflict",
    error: 'tab "build" is a Gauge, not a CounterGroup',
  }]);
});

Deno.test("readPost: counts events without a time, and ahead of the clock, at the time of receipt", async () => {
  const times = ["", "null,", `${NOW + 3600},`].map((time) => `{"tab":"t","events":[[${time}7]]}`);
  const found = await Promise.all(times.map((line) => accepted(line)));
  const [[expected]] = [states(await accepted(`{"tab":"t","events":[[${NOW},7]]}`))];
  for (const each of found) assertEquals(states(each)[0], expected);
});

Deno.test("readPost: takes the content-types that people send NDJSON as, and no other", async () => {
  const line = '{"tab":"t","events":[[1]]}';
  const types = ["application/x-ndjson", "Application/X-NDJSON; charset=utf-8", "application/json", "text/plain"];
  for (const type of [...types, "application/octet-stream", "application/x-www-form-urlencoded", ""]) {
    assertEquals((await read(post(line, { "content-type": type }))).ok, true, type);
  }
  assertEquals((await read(post(line))).ok, true);
  const refusal = await refusedAs(post(line, { "content-type": "multipart/form-data" }));
  assertEquals(refusal.code, "content_type_unknown");
  assertMatch(refusal.message, /application\/x-ndjson.*current value is "multipart\/form-data"/);
});

Deno.test("readPost: refuses a body of which no line can be accepted, and names the lines", async () => {
  const refusal = await refusedAs(post('nonsense\n{"tab":"a b","events":[]}'));
  assertEquals(refusal.code, "body_malformed");
  assertMatch(refusal.message, /none of its lines can be accepted: line 1: .*must be one JSON object/);
  assertEquals(refusal.rejected?.map(({ line }) => line), [1, 2]);
  assertEquals(refusal.rejectedMore, undefined);
});

Deno.test("readPost: refuses an empty body and takes a header alone", async () => {
  for (const body of ["", "\n\r\n "]) {
    assertMatch((await refusedAs(post(body))).message, /empty body/);
  }
  const empty = new Request("http://host/post", { method: "POST" });
  assertEquals((await refusedAs(empty)).code, "body_malformed");
  const header = await accepted('{"taba":2,"sender":"a","seq":1}\n');
  assertEquals(answerOf(header), { ok: true, value: { lines: 0, events: 0, rejected: [] } });
});

Deno.test("readPost: refuses a body whose header can't be relied on, whatever its lines", async () => {
  const refusal = await refusedAs(post('{"taba":2,"sender":"a"}\n{"tab":"t","events":[[1]]}'));
  assertEquals(refusal.code, "body_malformed");
  assertMatch(refusal.message, /"seq" is missing/);
});

Deno.test("readPost: applies nothing of a body that is cut in the middle, corrupt, too large or in an unknown encoding", async () => {
  const body = gzipSync('{"tab":"t","events":[[1]]}\n'.repeat(10_000));
  const gzip = { "content-encoding": "gzip" };
  assertEquals((await read(post(body, gzip))).ok, true);
  assertEquals((await refusedAs(post(body.subarray(0, -9), gzip))).code, "body_malformed");
  assertEquals((await refusedAs(post(body.with(60, 0), gzip))).code, "body_malformed");
  assertEquals((await refusedAs(post(body, gzip), { bodyBytesMax: 269_999 })).code, "body_too_large");
  assertEquals((await read(post(body, gzip), { bodyBytesMax: 270_000 })).ok, true);
  assertEquals((await refusedAs(post(body, { "content-encoding": "br" }))).code, "encoding_unknown");
});

Deno.test("readPost: gives up a sender that goes silent in the middle, and waits for one that is slow", async () => {
  const body = '{"tab":"t","events":[[1]]}\n'.repeat(100);
  for (const [encoding, bytes] of [["identity", new TextEncoder().encode(body)], ["gzip", gzipSync(body)]] as const) {
    for (const isSlow of [true, false]) {
      const time = new VirtualTime();
      const sender = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
      let isGivenUp = false;
      const stream = new ReadableStream({ start: sender.resolve, cancel: () => void (isGivenUp = true) });
      const headers = { "content-encoding": encoding };
      const reading = read(new Request("http://host/post", { method: "POST", body: stream, headers }), time);
      const controller = await sender.promise;
      for (const byte of bytes.subarray(0, isSlow ? undefined : 20)) {
        controller.enqueue(Uint8Array.of(byte));
        await time.pass(limits.bodySilenceMs - 1);
      }
      if (isSlow) controller.close();
      else await time.pass(2 * limits.bodySilenceMs);
      const result = await reading;
      assertEquals(result.ok ? result.value.lines : result.refusal.code, isSlow ? 100 : "body_stalled");
      assertEquals([isGivenUp, time.sleepers], [!isSlow, 0]);
    }
  }
});

Deno.test("readPost: refuses lines that are too long and States beyond the limit by number", async () => {
  const options = { lineBytesMax: 40, statesMax: 2 };
  const line = (tab: string) => `{"tab":"${tab}","events":[[1]]}`;
  const found = await accepted([line("a"), line("b".repeat(20)), line("c"), line("d"), line("a")].join("\n"), options);
  assertEquals(found.rejected.map(({ line, code }) => [line, code]), [[2, "line_too_long"], [4, "tabs_full"]]);
  assertEquals(found.lines, 3);
});

Deno.test("readPost: asks for room for a body and for its States, for more where these are folded", async () => {
  const raw = '{"tab":"a","events":[[1]]}\n';
  const [[, , , encoded]] = states(await accepted(raw));
  assert(encoded instanceof Uint8Array);
  const state = `{"tab":"a","n":1,"state":"${encoded.toBase64()}"}\n`;
  const asked = async (body: string) => {
    let bytes = 0;
    await accepted(body, { reserve: (more) => (bytes += more) > 0 });
    return bytes - body.length;
  };
  const opened = limits.stateBytes + limits.openedStateBytes;
  assertEquals(await asked(state), limits.stateBytes);
  for (const body of [raw, raw + raw, state + state, state + raw, raw + state]) assertEquals(await asked(body), opened);
  assertEquals(
    await asked(raw + raw.replace('"a"', '"b"') + state.replace('"a"', '"c"')),
    2 * opened + limits.stateBytes,
  );
  let room = raw.length + opened - 1;
  const refusal = await refusedAs(post(raw), { reserve: (more) => (room -= more) >= 0 });
  assertEquals(refusal.code, "over_capacity");
});

Deno.test("readPost: refuses a body that becomes more States than a post may have, and says to post it in parts", async () => {
  const lines = Array.from(
    { length: limits.postStatesMax + 1 },
    (_, at) => `{"tab":"${at}","type":"Noop","events":[]}\n`,
  );
  const refusal = await refusedAs(post(lines.join("")));
  assertEquals(refusal.code, "body_too_large");
  assertMatch(refusal.message, /more than 100000 States, .*: post it in parts/);
  assertEquals((await accepted(lines.slice(1).join(""))).lines, limits.postStatesMax);
});

Deno.test("readPost: lists rejected lines up to a bound and counts the others", async () => {
  const bad = limits.rejectedLinesMax + 7;
  const found = await accepted(`{"tab":"t","events":[[1]]}\n${"bad\n".repeat(bad)}`);
  const answer = answerOf(found);
  assert(answer.ok);
  assertEquals(answer.value.rejected.length, limits.rejectedLinesMax);
  assertEquals(answer.value.rejectedMore, 7);
  assertEquals(found.refusals.get("line_malformed"), bad);
});

Deno.test("readPost: shows no more of a reason than fits an answer", async () => {
  const talkative = { ...noop, type: "Talkative", check: () => "no ".repeat(10_000) };
  const types = createRegistry([talkative]);
  const refusal = await refusedAs(post('{"tab":"t","type":"Talkative","events":[["x"]]}'), { registry: types });
  assert(refusal.message.length < 2 * limits.rejectionCharactersMax);
});

Deno.test("refuseLate: takes the lines of a State off that could not be taken, and names each", async () => {
  const found = await accepted(`{"tab":"a","events":[[1],[2]]}
{"tab":"b","events":[[1]]}
nonsense
{"tab":"a","events":[[3]]}
`);
  const [folded] = found.folding;
  const refusal = { code: "type_conflict", message: 'tab "a" is a Gauge, not a CounterGroup' } as const;
  const left = refuseLate(found, [{ folded, refusal }]);
  assertEquals([left.lines, left.events], [1, 1]);
  assertEquals(left.rejected.map(({ line, code }) => [line, code]), [
    [1, "type_conflict"],
    [3, "line_malformed"],
    [4, "type_conflict"],
  ]);
  assertEquals([...left.refusals], [["line_malformed", 1], ["type_conflict", 2]]);
  assertEquals([found.lines, found.rejected.length], [3, 1], "the post itself stays as it was");
});

Deno.test("answerOf: refuses where no line is left after late refusals", async () => {
  const found = await accepted('{"tab":"a","events":[[1]]}');
  const [folded] = found.folding;
  const answer = answerOf(refuseLate(found, [{ folded, refusal: { code: "tabs_full", message: "full" } }]));
  assert(!answer.ok);
  assertEquals(answer.refusal.code, "body_malformed");
  assertEquals(answer.refusal.rejected, [{ line: 1, code: "tabs_full", error: "full" }]);
});

Deno.test("answerOf: says so of a repeated batch, with what counts of it", async () => {
  const found = await accepted('{"sender":"a","seq":1}\n{"tab":"a","events":[[1],[2]]}\nbad');
  const answer = answerOf(found, { repeated: true });
  assert(answer.ok);
  const { rejected, ...counts } = answer.value;
  assertEquals(counts, { lines: 1, events: 2, repeated: true });
  assertEquals(rejected.map(({ line }) => line), [3]);
});

Deno.test("readPost: never throws, and counts or names every line, whatever the body", async () => {
  const types = [
    "CounterGroup",
    "PercentileGroup",
    "PercentileCounter",
    "TotalsCounter",
    "Gauge",
    "ExpiryGauge",
    "Buffer",
  ];
  const payload = fc.oneof(
    fc.array(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 2 }), { maxLength: 3 }).map((events) => ({ events })),
    fc.jsonValue().map((state) => ({ state })),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ state: bytes.toBase64() })),
  );
  const line = fc.oneof(
    fc.tuple(fc.constantFrom(..."abc"), fc.constantFrom(...types), payload)
      .map(([tab, type, rest]) => JSON.stringify({ tab, type, ...rest })),
    fc.string().map((text) => text.replaceAll("\n", "")),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      const result = await read(post(['{"taba":2}', ...lines].join("\n")));
      const isBlank = (text: string) => /^[ \t\r]*$/.test(text);
      const expected = lines.filter((text) => !isBlank(text)).length;
      const found = result.ok ? result.value.lines + result.value.rejected.length : result.refusal.rejected?.length;
      assertEquals(found, expected);
    }),
    { seed: 1, numRuns: fuzzRuns(1000) },
  );
});
